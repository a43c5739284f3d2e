"""Who is present, who types and where carets are, over several nodes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from hub_kit import ESSAY, Member
from nodes_kit import Cluster, cluster, of_type, until
from workroom.core.awareness import ClientState
from workroom.core.commands import (
    Join,
    Leave,
    Origin,
    SaveText,
    ShowAwareness,
    StartTyping,
    StopTyping,
)
from workroom.core.entries import EssayCreated
from workroom.core.limits import RoomRules
from workroom.core.people import User
from workroom.ids import RoomId, essay_room
from workroom.protocol.yjs import YjsDialect
from workroom.service.hub import Hub
from workroom.service.library.presence import present_in


@pytest.fixture
async def two(request: pytest.FixtureRequest) -> AsyncIterator[Cluster]:
    """Two nodes; the parameter says for how many seconds whose connection broke is awaited."""
    grace = getattr(request, "param", 0.2)
    made = await cluster(2, rules=RoomRules(quiet=0, confirm_after=0, presence_grace=grace))
    yield made
    await made.stop()


def _goes(member: Member, *, clean: bool = True) -> None:
    member.hub.submit(ESSAY, Leave(clean=clean), Origin(member.user, member.id))
    member.hub.replies.exit(member.id)


def _came(member: Member) -> list[int]:
    return [frame["user"]["id"] for frame in of_type(member, "user_joined")]


def _left(member: Member) -> list[int]:
    return [frame["user_id"] for frame in of_type(member, "user_left")]


async def test_who_is_on_another_node_is_present_here(two: Cluster) -> None:
    a, b = two.nodes
    emma = await a.joins(two.people[0])
    jane = await b.joins(two.people[1])

    await until(lambda: two.people[0].id in _came(jane) and two.people[1].id in _came(emma))

    _goes(jane)
    await until(lambda: _left(emma) == [two.people[1].id])


async def test_a_user_on_two_nodes_comes_once_and_leaves_with_the_last(two: Cluster) -> None:
    a, b = two.nodes
    emma = await a.joins(two.people[0])
    here, there = await a.joins(two.people[1]), await b.joins(two.people[1])
    await until(lambda: a.room.presence._members[two.people[1].id].nodes == {"node-1"})

    _goes(here)
    await until(lambda: not b.room.presence._members[two.people[1].id].nodes)
    assert _left(emma) == []
    _goes(there)

    await until(lambda: _left(emma) == [two.people[1].id])
    assert _came(emma).count(two.people[1].id) == 1


@pytest.mark.parametrize("two", [2.0], indirect=True, ids=["with time to move"])
async def test_who_moves_to_another_node_does_not_flicker(two: Cluster) -> None:
    a, b = two.nodes
    emma = await a.joins(two.people[0])
    jane = await b.joins(two.people[1])
    await until(lambda: two.people[1].id in _came(emma))

    _goes(jane, clean=False)
    await a.joins(two.people[1])
    await until(lambda: not b.room.presence.is_here(two.people[1].id))
    await until(lambda: not a.room.presence._members[two.people[1].id].nodes)

    assert _left(emma) == []
    assert _came(emma).count(two.people[1].id) == 1


async def test_when_a_node_ends_in_good_order_its_people_are_awaited(two: Cluster) -> None:
    a, b = two.nodes
    emma = await a.joins(two.people[0])
    jane = await b.joins(two.people[1])
    await until(lambda: two.people[1].id in _came(emma))

    assert b.hub.neighbours is not None
    b.hub.neighbours.leave()
    _goes(jane)
    await until(lambda: not a.room.presence._members[two.people[1].id].nodes)
    await a.joins(two.people[1])
    await asyncio.sleep(0)

    assert _left(emma) == []
    assert _came(emma).count(two.people[1].id) == 1


async def test_who_comes_first_from_a_node_that_ends_finds_the_others_where_nobody_was(
    two: Cluster,
) -> None:
    ending, other = two.nodes
    emma, jane = await ending.joins(two.people[0]), await ending.joins(two.people[1])

    assert ending.hub.neighbours is not None
    ending.hub.attendance.hold(host.room for host in ending.hub.hosts())
    ending.hub.neighbours.leave()
    _goes(emma)
    back = await other.joins(two.people[0])
    await until(lambda: two.people[1].id in _came(back))
    _goes(jane)
    await other.joins(two.people[1])

    assert _left(back) == []
    assert _came(back).count(two.people[1].id) == 1


async def test_when_a_node_is_dead_its_people_leave(two: Cluster) -> None:
    a, b = two.nodes
    emma, _ = await a.joins(two.people[0]), await b.joins(two.people[1])
    await until(lambda: two.people[1].id in _came(emma))

    b.bus.cut()  # as good as dead, for everybody else
    async with asyncio.timeout(60):
        while not _left(emma):
            await asyncio.sleep(0.05)

    assert _left(emma) == [two.people[1].id]
    b.bus.mend()  # it only stood still
    await until(lambda: _came(emma).count(two.people[1].id) == 2)


async def test_lists_say_who_is_in_rooms_of_other_nodes(two: Cluster) -> None:
    a, b = two.nodes
    here, there = essay_room(7), essay_room(8)
    for room in (here, there):
        await a.hub.create(room, [EssayCreated("Essay", "", None)], two.people[0])
    emma = two.people[0]
    first = await a.joins(emma, here)
    await b.joins(emma, there)
    rooms = [here, there, ESSAY]

    async def listed(hub: Hub) -> dict[RoomId, list[User]]:
        return {room: list(users) for room, users in (await present_in(hub, rooms)).items()}

    for node in two.nodes:
        await until_so(node.hub, listed, {here: [emma], there: [emma]})
    assert here not in b.hub._rooms

    a.hub.submit(here, Leave(clean=True), Origin(emma, first.id))
    await until_so(b.hub, listed, {there: [emma]})
    b.bus.cut()
    assert await listed(b.hub) == {there: [emma]}, "what it knows itself"


async def test_lists_leave_out_who_was_on_a_node_that_is_dead(two: Cluster) -> None:
    a, b = two.nodes
    emma = two.people[0]
    await a.joins(emma)

    async def listed(hub: Hub) -> dict[RoomId, list[User]]:
        return {room: list(users) for room, users in (await present_in(hub, [ESSAY])).items()}

    await until_so(b.hub, listed, {ESSAY: [emma]})
    a.bus.cut()
    await until_so(b.hub, listed, {})


async def until_so(hub: Hub, ask: Callable[[Hub], Awaitable[object]], wanted: object) -> None:
    """Wait until that is the answer."""
    async with asyncio.timeout(60):
        while await ask(hub) != wanted:
            await asyncio.sleep(0.02)


async def test_typing_is_seen_on_the_other_node_and_ends_there(two: Cluster) -> None:
    a, b = two.nodes
    emma, jane = await a.joins(two.people[0]), await b.joins(two.people[1])

    a.hub.submit(ESSAY, StartTyping(), Origin(emma.user, emma.id))
    await until(lambda: len(of_type(jane, "typing_start")) == 1)
    a.hub.submit(ESSAY, StopTyping(), Origin(emma.user, emma.id))

    await until(lambda: len(of_type(jane, "typing_stop")) == 1)
    assert of_type(emma, "typing_start") == []


async def test_a_caret_is_shown_on_the_other_node_where_it_is_in_that_text(two: Cluster) -> None:
    a, b = two.nodes
    emma, jane = await a.joins(two.people[0]), await b.joins(two.people[1])

    await emma.asks(SaveText("one two", 3), "r1")

    await until(lambda: bool(of_type(jane, "cursor_moved")))
    [moved] = of_type(jane, "cursor_moved")
    assert (moved["user_id"], moved["cursor_position"]) == (two.people[0].id, 3)


async def test_what_an_editor_shows_is_shown_to_editors_of_the_other_node(two: Cluster) -> None:
    a, b = two.nodes
    editor = Join(quiet=True, replica=True)
    emma = await a.joins(two.people[0], command=editor, dialect=YjsDialect())
    jane = await b.joins(two.people[1], command=editor, dialect=YjsDialect())
    shown = ClientState(11, 1, {"user": {"name": "Emma"}, "note": "x"})

    a.hub.submit(ESSAY, ShowAwareness((shown,)), Origin(emma.user, emma.id))

    def seen() -> bool:
        states = b.room._editors._awareness.everybody(jane.user, jane.id)
        return any(state.client == 11 for state in states)

    await until(seen)
    _goes(emma)
    await until(lambda: not seen())
