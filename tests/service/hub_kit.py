"""A hub with members that have no sockets."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any

import orjson

from workroom.adapters.clock import LoopClock
from workroom.core.commands import Join, Origin
from workroom.core.limits import RoomRules
from workroom.core.people import User
from workroom.errors import WorkroomError
from workroom.ids import ConnectionId, RoomId, essay_room
from workroom.ports.store import RoomStore
from workroom.protocol.dialect import Dialect, Form
from workroom.protocol.essays import EssayDialect
from workroom.service.hub import Hub

ESSAYS: Dialect = EssayDialect()
ESSAY = essay_room(1)
AT_ONCE = RoomRules(quiet=0, confirm_after=0)


@dataclass(eq=False)
class Member:
    """A connection without a socket."""

    hub: Hub
    id: ConnectionId
    user: User
    form: Form = Form.EXTENDED
    dialect: Dialect = ESSAYS
    frames: list[dict[str, Any]] = field(default_factory=list)
    answers: list[tuple[str | None, Any]] = field(default_factory=list)
    refusals: list[WorkroomError] = field(default_factory=list)
    rooms: set[RoomId] = field(default_factory=set)
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def user_id(self) -> Any:
        return self.user.id

    @property
    def outlet(self) -> Member:
        return self

    @property
    def fd(self) -> int:
        return -1

    def write(self, data: bytes) -> None:
        while data:
            size, head = data[1], 2
            if size > 125:
                head = 4 if size == 126 else 10
                size = int.from_bytes(data[2:head], "big")
            if data[0] == 0x81:  # probes are no messages
                self.frames.append(orjson.loads(data[head : head + size]))
            data = data[head + size :]

    def acknowledged(self, request_id: str, room: RoomId, answer: Any, write: Any) -> None:
        self.answers.append((request_id, answer))
        self._news.set()

    def refused(
        self, request_id: str | None, room: RoomId, error: WorkroomError, write: Any
    ) -> None:
        self.answers.append((request_id, error))
        self.refusals.append(error)
        self._news.set()

    def joined(self, room: RoomId) -> None:
        self.rooms.add(room)

    def left(self, room: RoomId, why: WorkroomError | None) -> None:
        self.rooms.discard(room)

    async def asks(self, command: Any, request_id: str) -> Any:
        """The answer to a command: what was acknowledged, or the error."""
        before = len(self.answers)
        self.hub.submit(ESSAY, command, Origin(self.user, self.id, request_id))
        async with asyncio.timeout(60):
            while len(self.answers) == before:
                self._news.clear()
                await self._news.wait()
        answered, answer = self.answers[-1]
        assert answered == request_id
        return answer


def make_hub(store: RoomStore, rules: RoomRules = AT_ONCE) -> Hub:
    clock = LoopClock(asyncio.get_running_loop())
    return Hub(store, clock, rules, lambda: 7)


async def member_of(hub: Hub, number: int, user: User) -> Member:
    member = Member(hub, ConnectionId(number), user)
    hub.replies.enter(member)
    await member.asks(Join(), f"join-{number}")
    return member
