"""Several nodes in one process, on one store and one bus that may be hostile."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any

from hub_kit import AT_ONCE, ESSAY, ESSAYS, Member
from workroom.adapters.bus.memory import MemoryBus, Message, Wire
from workroom.adapters.clock import LoopClock
from workroom.adapters.store import MemoryStore
from workroom.core.commands import Join, Leave, Origin, SaveText
from workroom.core.entries import EssayCreated, Fact, RightSet
from workroom.core.essays.room import EssayRoom
from workroom.core.limits import RoomRules
from workroom.core.people import Right, Role, User
from workroom.ids import ConnectionId, RoomId, UserId
from workroom.ports.accounts import NewUser
from workroom.ports.clock import Clock
from workroom.protocol.dialect import Dialect, Form
from workroom.service.hub import Hub
from workroom.service.nodes.bulletins import Scribe
from workroom.service.rooms.host import RoomHost

SECRET = b"the same on every node"
PATIENCE = 60.0
_connections = count(1)


@dataclass(eq=False)
class Node:
    """One node without a door."""

    name: str
    hub: Hub
    bus: MemoryBus

    @property
    def host(self) -> RoomHost:
        return self.hub._rooms[ESSAY]

    @property
    def room(self) -> EssayRoom:
        room = self.host.room
        assert isinstance(room, EssayRoom)
        return room

    async def joins(
        self,
        user: User,
        room: RoomId = ESSAY,
        command: Join | None = None,
        dialect: Dialect = ESSAYS,
    ) -> Member:
        """A connection that follows the room."""
        member = Member(self.hub, ConnectionId(next(_connections)), user, Form.EXTENDED, dialect)
        self.hub.replies.enter(member)
        self.hub.submit(room, command or Join(), Origin(user, member.id, f"join-{member.id}"))
        await until(lambda: bool(member.answers))
        return member

    def saves(self, member: Member, text: str, request_id: str, **more: Any) -> None:
        """The member sends its whole text."""
        origin = Origin(member.user, member.id, request_id)
        self.hub.submit(ESSAY, SaveText(text, **more), origin)


@dataclass
class Cluster:
    """Nodes that share a store."""

    store: MemoryStore
    wire: Wire
    nodes: list[Node]
    people: list[User]

    async def stop(self) -> None:
        for node in self.nodes:
            await node.hub.stop()

    @property
    def texts(self) -> list[str]:
        return [node.room.confirmed.text for node in self.nodes]

    def head(self, room: RoomId = ESSAY) -> int:
        return self.store._heads[room].seq

    @property
    def level(self) -> bool:
        """Every node has followed the log to its end, and nothing is on its way."""
        hosts = [node.hub._rooms.get(ESSAY) for node in self.nodes]
        return all(
            host is None
            or (host.room.confirmed.seq == self.head() and not host.behind and host.room.settled)
            for host in hosts
        )

    async def levels(self) -> None:
        """Wait until every node has come to the end of the log, as the next poll would see to."""
        async with asyncio.timeout(PATIENCE):
            while not self.level:
                for node in self.nodes:
                    await node.hub._following.ask_all()
                await asyncio.sleep(0.002)


async def cluster(
    count_of_nodes: int = 2,
    *,
    rules: RoomRules = AT_ONCE,
    text: str = "",
    store: Any = None,
    stores: Sequence[Any] = (),
    clock: Clock | None = None,
) -> Cluster:
    """Nodes with an essay that six people may edit. ``stores``: one for each, of one database.

    A clock that stands still has to be moved by whoever waits for something.
    """
    stores = stores or [store or MemoryStore()] * count_of_nodes
    store = stores[0]
    names = ("emma", "jane", "mike", "sarah", "john", "anna")
    newcomers = [NewUser(name, name.title(), Role.STUDENT) for name in names]
    people = [await store.create_user(each) for each in newcomers]
    wire, ids = Wire(), count(1000)
    made = Cluster(store, wire, [], people)
    for number in range(count_of_nodes):
        bus = MemoryBus(wire)
        own, time = stores[number], clock or LoopClock(asyncio.get_running_loop())
        hub = Hub(own, time, rules, lambda: next(ids), own.users)
        name = f"node-{number}"
        hub.meet(name, bus, Scribe(SECRET))
        await hub.start()
        made.nodes.append(Node(name, hub, bus))
    facts: list[Fact] = [EssayCreated("Essay", "", None)]
    facts += [RightSet(UserId(each.id), Right.EDIT) for each in people[1:]]
    await made.nodes[0].hub.create(ESSAY, facts, people[0])
    if text:
        first = await made.nodes[0].joins(people[0])
        await first.asks(SaveText(text), "first")
        made.nodes[0].hub.submit(ESSAY, Leave(), Origin(people[0], first.id))
    return made


async def until(holds: Callable[[], bool]) -> None:
    """Wait for something that comes by itself."""
    async with asyncio.timeout(PATIENCE):
        while not holds():
            await asyncio.sleep(0.001)


def of_type(member: Member, kind: str) -> list[dict[str, Any]]:
    """The messages of one type that a member was sent."""
    return [frame for frame in member.frames if frame.get("type") == kind]


def lossy(plan: Sequence[int]) -> Callable[[Sequence[Message]], Sequence[Message]]:
    """A wire that does to one message after the other what the plan says, over and over.

    0 brings it, 1 loses it, 2 brings it twice, 3 puts it before those that came with it, 4 keeps
    it until something else comes.
    """
    steps, kept = count(), list[Message]()

    def carry(messages: Sequence[Message]) -> Sequence[Message]:
        brought = list(kept)
        kept.clear()
        for message in messages:
            what = plan[next(steps) % len(plan)] if plan else 0
            if what in (0, 2):
                brought += [message] * (1 + what // 2)
            elif what == 3:
                brought.insert(0, message)
            elif what == 4:
                kept.append(message)
        return brought

    return carry
