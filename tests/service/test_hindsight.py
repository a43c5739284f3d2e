"""Commands that need more of a room's past than is in memory."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping

import pytest

from hub_kit import ESSAY, Member, make_hub, member_of
from workroom.adapters.store import MemoryStore
from workroom.core.backlog import MOST_MISSED
from workroom.core.commands import Join, Origin, SaveText, SetRight
from workroom.core.entries import EssayCreated, Record
from workroom.core.people import Right
from workroom.errors import Conflict, PermissionDenied, Unavailable
from workroom.ids import MAX_ID, ConnectionId, RoomId
from workroom.ports.accounts import NewUser
from workroom.service.hub import MOST_HELD, Hub
from workroom.testing.scenario import EMMA, JANE

FOX = "Once upon a time there was a fox."


class CountingStore(MemoryStore):
    """Counts how often somebody reads from the log of a room."""

    reads = 0

    async def records(self, room: RoomId, after: int, limit: int) -> list[Record]:
        self.reads += 1
        return await super().records(room, after, limit)

    async def heads(self, rooms: Collection[RoomId]) -> Mapping[RoomId, int]:
        self.reads += 1
        return await super().heads(rooms)


@pytest.fixture
async def store() -> CountingStore:
    store = CountingStore()
    for user in (EMMA, JANE):
        await store.create_user(NewUser(user.username, user.name, user.role, id=user.id))
    return store


@pytest.fixture
async def hub(store: CountingStore) -> AsyncIterator[Hub]:
    """One that has just started; the essay has 301 entries, the first 300 in a checkpoint."""
    first = make_hub(store)
    await first.start()
    await first.create(ESSAY, [EssayCreated("Title", "", None)], EMMA)
    await first.execute(ESSAY, SetRight(JANE, Right.EDIT), EMMA)
    emma = await member_of(first, 1, EMMA)
    for number in range(3, 302):
        await emma.asks(SaveText(f"{FOX} {number}."), f"s{number}")
    stored = await store.load(ESSAY)
    assert stored is not None and stored.checkpoint is not None and stored.seq == 301
    await first.stop()
    hub = make_hub(store)
    await hub.start()
    store.reads = 0
    yield hub
    await hub.stop()


async def comes_back(hub: Hub, number: int, since: int) -> Member:
    member = Member(hub, ConnectionId(number), JANE)
    hub.replies.enter(member)
    await member.asks(Join(since=since), "back")
    return member


async def test_who_asks_for_the_whole_state_costs_no_look_into_the_log(
    hub: Hub, store: CountingStore
) -> None:
    await hub.look(ESSAY, EMMA)
    jane = await comes_back(hub, 1, since=MAX_ID)
    told = {frame["type"]: frame for frame in jane.frames}
    assert store.reads == 0
    assert told["subscribed"]["recovered"] is False
    assert told["essay_update"]["content"].startswith(FOX)


def answer(member: Member) -> tuple[int, bool]:
    [subscribed] = [frame for frame in member.frames if frame["type"] == "subscribed"]
    return subscribed["seq"], subscribed["recovered"]


async def test_who_missed_more_than_is_in_memory_is_told_it_from_the_log(hub: Hub) -> None:
    jane = await comes_back(hub, 1, since=10)
    await asyncio.sleep(0)
    assert answer(jane) == (301, True)
    [update] = [frame for frame in jane.frames if frame["type"] == "essay_update"]
    assert (update["seq"], update["content"]) == (301, f"{FOX} 301.")


async def test_however_many_come_back_the_log_is_read_once(hub: Hub, store: CountingStore) -> None:
    everybody = await asyncio.gather(*(comes_back(hub, number, number) for number in range(1, 60)))
    await asyncio.sleep(0)
    assert [answer(member) for member in everybody] == [(301, True)] * len(everybody)
    assert store.reads <= MOST_MISSED // 64


async def test_what_a_connection_asks_meanwhile_is_done_after_that_and_in_order(hub: Hub) -> None:
    jane = Member(hub, ConnectionId(1), JANE)
    hub.replies.enter(jane)
    asked = {"join": Join(since=5)} | {
        name: SaveText(f"{FOX} 301. {name}", base_seq=301) for name in ("A", "A B", "A B C")
    }
    for name, command in asked.items():
        hub.submit(ESSAY, command, Origin(JANE, jane.id, name))
    async with asyncio.timeout(60):
        while len(jane.answers) < len(asked):
            await asyncio.sleep(0.01)
    assert [answered for answered, _ in jane.answers] == list(asked)
    room = await hub.look(ESSAY, EMMA)
    assert room.confirmed.text == f"{FOX} 301. A B C"  # type: ignore[union-attr]


async def test_a_text_of_long_ago_is_merged_with_all_that_came_after_it(hub: Hub) -> None:
    jane = await member_of(hub, 1, JANE)
    await jane.asks(SaveText(f"Jane: {FOX} 20.", base_seq=20), "a")
    await jane.asks(SaveText(f"Jane and Emma: {FOX} 20.", base_seq=20), "b")
    room = await hub.look(ESSAY, EMMA)
    assert room.confirmed.text == f"Jane and Emma: {FOX} 301."  # type: ignore[union-attr]


async def test_texts_of_long_ago_are_merged_in_the_order_in_which_they_were_sent(hub: Hub) -> None:
    """All of them: the first to be looked up must not be overtaken by those that waited for it."""
    jane = await member_of(hub, 1, JANE)
    names = ["A", "A B", "A B C", "A B C D"]
    for name in names:
        hub.submit(ESSAY, SaveText(f"{FOX} 20. {name}", base_seq=20), Origin(JANE, jane.id, name))
    async with asyncio.timeout(60):
        while len(jane.answers) <= len(names):
            await asyncio.sleep(0.01)
    assert [answered for answered, _ in jane.answers[1:]] == names
    room = await hub.look(ESSAY, EMMA)
    assert room.confirmed.text == f"{FOX} 301. A B C D"  # type: ignore[union-attr]


async def test_a_text_of_long_ago_is_merged_by_rest_as_well(hub: Hub) -> None:
    await hub.execute(ESSAY, SaveText(f"Jane: {FOX} 20.", base_seq=20), JANE)
    room = await hub.look(ESSAY, EMMA)
    assert room.confirmed.text == f"Jane: {FOX} 301."  # type: ignore[union-attr]


async def test_a_text_from_before_the_first_entry_only_adds(hub: Hub) -> None:
    jane = await member_of(hub, 1, JANE)
    await jane.asks(SaveText("Hello.", base_seq=0), "a")
    room = await hub.look(ESSAY, EMMA)
    text = room.confirmed.text  # type: ignore[union-attr]
    assert "Hello." in text and f"{FOX} 301." in text


async def test_a_version_that_is_still_to_come_is_a_conflict(hub: Hub) -> None:
    jane = await member_of(hub, 1, JANE)
    assert isinstance(await jane.asks(SaveText("Hello.", base_seq=302), "a"), Conflict)


async def test_who_has_gone_meanwhile_does_not_come(hub: Hub) -> None:
    await member_of(hub, 1, EMMA)
    jane = Member(hub, ConnectionId(2), JANE)
    hub.submit(ESSAY, Join(since=5), Origin(JANE, jane.id))
    await comes_back(hub, 3, since=5)  # whoever asked later has been served
    room = await hub.look(ESSAY, EMMA)
    assert jane.id not in room.presence


class Unreadable(CountingStore):
    """Its history cannot be read."""

    async def records(self, room: RoomId, after: int, limit: int) -> list[Record]:
        raise Unavailable("the disk is away")


async def test_a_log_that_cannot_be_read_refuses_that_command_alone(
    hub: Hub, store: CountingStore
) -> None:
    store.__class__ = Unreadable
    jane = await member_of(hub, 1, JANE)
    assert isinstance(await jane.asks(SaveText("Hello.", base_seq=20), "a"), Unavailable)
    answered = await jane.asks(SaveText(f"{FOX} 301. Yes.", base_seq=301), "b")
    assert answered["seq"] == 302


async def test_who_may_not_edit_is_refused_without_the_log_being_read(
    hub: Hub, store: CountingStore
) -> None:
    await hub.execute(ESSAY, SetRight(JANE, Right.VIEW), EMMA)
    jane = await member_of(hub, 1, JANE)
    store.reads = 0
    assert isinstance(await jane.asks(SaveText("Mine.", base_seq=20), "a"), PermissionDenied)
    await hub.execute(ESSAY, SetRight(JANE, None), EMMA)
    assert isinstance(await jane.asks(Join(since=20), "b"), PermissionDenied)
    assert store.reads == 0


async def test_what_waits_for_a_connections_past_is_bounded(hub: Hub) -> None:
    jane = await member_of(hub, 1, JANE)
    names = [str(number) for number in range(MOST_HELD + 3)]
    for name in names:
        hub.submit(ESSAY, SaveText(f"{FOX} 20. {name}", base_seq=20), Origin(JANE, jane.id, name))
    async with asyncio.timeout(60):
        while len(jane.answers) <= len(names):
            await asyncio.sleep(0.01)
    assert [name for name, said in jane.answers if isinstance(said, Unavailable)] == names[-2:]


async def test_who_missed_a_little_has_no_more_read_than_the_latest_page(
    hub: Hub, store: CountingStore
) -> None:
    """One query, however many come back, and whatever each of them knows."""
    everybody = await asyncio.gather(
        *(comes_back(hub, number, 300 - number) for number in range(1, 60))
    )
    await asyncio.sleep(0)
    assert [answer(member) for member in everybody] == [(301, True)] * len(everybody)
    assert store.reads == 1


async def test_who_missed_more_than_the_first_has_the_rest_read(
    hub: Hub, store: CountingStore
) -> None:
    first, second = await asyncio.gather(comes_back(hub, 1, 290), comes_back(hub, 2, 5))
    assert answer(first) == answer(second) == (301, True)
    assert store.reads <= 1 + MOST_MISSED // 64
