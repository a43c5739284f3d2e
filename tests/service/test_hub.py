"""The hub and its rooms on a store that can be made to fail."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from hub_kit import ESSAY, Member, make_hub, member_of
from workroom.adapters.store import MemoryStore
from workroom.core.commands import (
    AddFeedback,
    DeleteFeedback,
    DeleteRoom,
    Join,
    Leave,
    Origin,
    SaveText,
    SetRight,
    StartTyping,
)
from workroom.core.entries import EssayCreated
from workroom.core.feedback import FeedbackType
from workroom.core.limits import RoomRules
from workroom.core.people import Right
from workroom.errors import NotFound, PermissionDenied, Unavailable
from workroom.ids import ConnectionId, FeedbackId, RoomId, essay_room
from workroom.ports.accounts import NewUser
from workroom.ports.store import Append, AppendResult, IdKind, StoredRoom
from workroom.service.hub import Hub
from workroom.testing.scenario import EMMA, JANE, MIKE

FULL = Unavailable("the disk is full")


@pytest.fixture
async def store() -> MemoryStore:
    store = MemoryStore()
    for user in (EMMA, JANE, MIKE):
        await store.create_user(NewUser(user.username, user.name, user.role, id=user.id))
    return store


@pytest.fixture
async def hub(store: MemoryStore) -> AsyncIterator[Hub]:
    hub = make_hub(store)
    await hub.start()
    await hub.create(ESSAY, [EssayCreated("Title", "", None)], EMMA)
    await hub.execute(ESSAY, SetRight(JANE, Right.EDIT), EMMA)
    yield hub
    await hub.stop()


def _feedback() -> AddFeedback:
    return AddFeedback(FeedbackId(0), FeedbackType.STYLE, "Hm")


async def _in_the_end(member: Member, command: SaveText, request_id: str) -> dict[str, Any]:
    """Ask again under the same id, as ``retry: later`` says, until the room is read back."""
    async with asyncio.timeout(60):
        while isinstance(answer := await member.asks(command, request_id), Unavailable):
            await asyncio.sleep(0.05)
    acknowledged: dict[str, Any] = answer
    return acknowledged


async def test_what_the_store_refused_was_never_said_and_the_room_goes_on_afterwards(
    hub: Hub, store: MemoryStore
) -> None:
    emma, jane = await member_of(hub, 1, EMMA), await member_of(hub, 2, JANE)
    await emma.asks(SaveText("Before"), "a")
    store.fail_with(FULL)
    assert await emma.asks(SaveText("Lost"), "b") is FULL
    assert isinstance(await jane.asks(_feedback(), "c"), Unavailable)
    assert (await jane.asks(Join(), "d"))["seq"] == 3
    store.heal()
    assert (await _in_the_end(emma, SaveText("After"), "e"))["seq"] == 4
    said = [frame["content"] for frame in jane.frames if frame["type"] == "essay_update"]
    assert "Lost" not in said
    assert said[-1] == "After"


async def test_a_refused_request_may_be_tried_again_under_its_id(
    hub: Hub, store: MemoryStore
) -> None:
    emma = await member_of(hub, 1, EMMA)
    store.fail_with(FULL)
    assert await emma.asks(SaveText("Text"), "same") is FULL
    store.heal()
    assert (await _in_the_end(emma, SaveText("Text"), "same"))["seq"] == 3


async def test_a_request_is_done_once_on_whatever_connection_and_after_a_restart(
    hub: Hub, store: MemoryStore
) -> None:
    jane = await member_of(hub, 1, JANE)
    first = await jane.asks(_feedback(), "once")
    again = await (await member_of(hub, 2, JANE)).asks(_feedback(), "once")
    other_node = make_hub(store)
    await other_node.start()
    after = await (await member_of(other_node, 3, JANE)).asks(_feedback(), "once")
    assert first["feedback_id"] == again["feedback_id"] == after["feedback_id"]
    room = await other_node.look(ESSAY, EMMA)
    assert len(room.confirmed.feedback) == 1  # type: ignore[union-attr]
    await other_node.stop()


async def test_a_request_that_would_change_nothing_by_now_gets_its_first_answer_after_a_restart(
    hub: Hub, store: MemoryStore
) -> None:
    emma = await member_of(hub, 1, EMMA)
    first = await emma.asks(SaveText("Text"), "once")
    await emma.asks(_feedback(), "later")
    restarted = make_hub(store)
    await restarted.start()
    after = await (await member_of(restarted, 2, EMMA)).asks(SaveText("Text"), "once")
    assert after["seq"] == first["seq"] == 3
    await restarted.stop()


async def test_a_request_that_would_be_refused_by_now_gets_its_first_answer_after_a_restart(
    hub: Hub, store: MemoryStore
) -> None:
    jane = await member_of(hub, 1, JANE)
    feedback_id = (await jane.asks(_feedback(), "a"))["feedback_id"]
    delete = DeleteFeedback(feedback_id)
    first = await jane.asks(delete, "once")
    restarted = make_hub(store)
    await restarted.start()
    again = await member_of(restarted, 2, JANE)
    assert (await again.asks(delete, "once"))["seq"] == first["seq"]
    assert isinstance(await again.asks(delete, "another"), NotFound)
    await restarted.stop()


async def test_joining_again_under_an_old_request_id_joins_again(hub: Hub) -> None:
    for number in (1, 2):
        emma = Member(hub, ConnectionId(number), EMMA)
        hub.replies.enter(emma)
        await emma.asks(Join(), "1")
        assert ESSAY in emma.rooms


async def test_a_node_that_is_behind_catches_up_and_does_the_work_once(
    hub: Hub, store: MemoryStore
) -> None:
    """Two nodes on one log without a bus: each finds out when its numbers are taken."""
    emma = await member_of(hub, 1, EMMA)
    other = make_hub(store)
    await other.start()
    jane = await member_of(other, 2, JANE)
    await emma.asks(SaveText("Emma. "), "a")
    assert (await jane.asks(_feedback(), "b"))["seq"] == 4
    assert [f["content"] for f in jane.frames if f["type"] == "essay_update"][-1] == "Emma. "
    room = await other.look(ESSAY, EMMA)
    assert room.confirmed.seq == 4
    await other.stop()


async def test_a_mistake_of_ours_refuses_one_command_and_spares_the_room(hub: Hub) -> None:
    emma, jane = await member_of(hub, 1, EMMA), await member_of(hub, 2, JANE)
    await emma.asks(SaveText("Before"), "a")
    nonsense = SaveText(None)  # type: ignore[arg-type]  # what no dialect lets through
    assert isinstance(await emma.asks(nonsense, "b"), Unavailable)
    assert (await _in_the_end(jane, SaveText("Before and after"), "c"))["seq"] == 4
    said = [frame["content"] for frame in emma.frames if frame["type"] == "essay_update"]
    assert said[-1] == "Before and after"


async def test_rest_sees_no_room_where_the_user_may_see_none(hub: Hub) -> None:
    for room in (ESSAY, essay_room(2)):
        with pytest.raises(NotFound):
            await hub.look(room, MIKE)
        with pytest.raises(NotFound):
            await hub.execute(room, SaveText("Mine"), MIKE)
    await hub.execute(ESSAY, SetRight(MIKE, Right.VIEW), EMMA)
    with pytest.raises(PermissionDenied):
        await hub.execute(ESSAY, SaveText("Mine"), MIKE)


async def _stored(store: MemoryStore) -> StoredRoom:
    stored = await store.load(ESSAY)
    assert stored is not None
    return stored


async def test_a_room_that_was_checkpointed_comes_back_the_same(
    hub: Hub, store: MemoryStore
) -> None:
    emma = await member_of(hub, 1, EMMA)
    await emma.asks(_feedback(), "f")
    for number in range(600):
        await emma.asks(SaveText(f"Edit 😀 number {number}"), str(number))
    async with asyncio.timeout(60):
        while len((await _stored(store)).records) >= 300:
            await asyncio.sleep(0)
    other = make_hub(store)
    await other.start()
    here, there = await hub.look(ESSAY, EMMA), await other.look(ESSAY, EMMA)
    assert there.confirmed == here.confirmed
    await other.execute(ESSAY, SaveText("Edit 😀 number 600, and on"), EMMA)
    await other.stop()


async def test_typing_goes_on_while_the_store_is_out_of_reach(hub: Hub, store: MemoryStore) -> None:
    emma, jane = await member_of(hub, 1, EMMA), await member_of(hub, 2, JANE)
    store.fail_with(FULL)
    assert await emma.asks(SaveText("Lost"), "a") is FULL
    await emma.asks(StartTyping(), "b")
    await asyncio.sleep(0)
    assert "typing_start" in [frame["type"] for frame in jane.frames]
    store.heal()


class FaultyStore(MemoryStore):
    """The memory store with faults that its own ``fail_with`` does not have."""

    unreadable: BaseException | None = None
    silent = False

    async def load(self, room: RoomId) -> StoredRoom | None:
        if self.unreadable is not None:
            raise self.unreadable
        return await super().load(room)

    def append(self, append: Append, done: Callable[[AppendResult], None]) -> None:
        if not self.silent:
            super().append(append, done)


@pytest.fixture
async def faulty() -> FaultyStore:
    store = FaultyStore()
    for user in (EMMA, JANE, MIKE):
        await store.create_user(NewUser(user.username, user.name, user.role, id=user.id))
    return store


async def _open(store: MemoryStore) -> Hub:
    hub = make_hub(store)
    await hub.start()
    await hub.create(ESSAY, [EssayCreated("Title", "", None)], EMMA)
    await hub.execute(ESSAY, SetRight(JANE, Right.EDIT), EMMA)
    return hub


@pytest.mark.parametrize("trouble", [ValueError("nonsense"), Unavailable("cannot be read")])
async def test_a_room_that_cannot_be_read_back_is_tried_again_and_answers_meanwhile(
    faulty: FaultyStore, trouble: BaseException
) -> None:
    hub = await _open(faulty)
    emma = await member_of(hub, 1, EMMA)
    faulty.fail_with(FULL)
    faulty.unreadable = trouble
    assert await emma.asks(SaveText("Lost"), "a") is FULL
    assert isinstance(await emma.asks(SaveText("Lost too"), "b"), Unavailable)
    faulty.heal()
    faulty.unreadable = None
    assert (await _in_the_end(emma, SaveText("Kept"), "c"))["seq"] == 3
    await hub.stop()


@pytest.mark.parametrize("text", ["Text {}", "The same"])
async def test_a_store_that_does_not_answer_is_not_given_more_and_more(
    faulty: FaultyStore, text: str
) -> None:
    hub = await _open(faulty)
    emma = await member_of(hub, 1, EMMA)
    faulty.silent = True
    for number in range(300):
        hub.submit(ESSAY, SaveText(text.format(number)), Origin(EMMA, emma.id))
    assert len(emma.refusals) == 300 - 256
    assert emma.refusals[0].retry_after is not None
    await hub.stop()


async def test_who_leaves_while_the_store_is_down_is_gone(hub: Hub, store: MemoryStore) -> None:
    emma, jane = await member_of(hub, 1, EMMA), await member_of(hub, 2, JANE)
    store.fail_with(FULL)
    for number in range(100):
        hub.submit(ESSAY, _feedback(), Origin(JANE, jane.id, f"f{number}"))
    hub.replies.exit(jane.id)
    hub.submit(ESSAY, Leave(), Origin(JANE, jane.id))
    async with asyncio.timeout(60):
        while "user_left" not in [frame["type"] for frame in emma.frames]:
            await asyncio.sleep(0.01)
    store.heal()


async def test_comments_beyond_the_ids_at_hand_keep_their_place(hub: Hub) -> None:
    jane = await member_of(hub, 1, JANE)
    for number in range(200):
        hub.submit(ESSAY, _feedback(), Origin(JANE, jane.id, str(number)))
    hub.submit(ESSAY, SaveText("After all of them"), Origin(JANE, jane.id, "200"))
    async with asyncio.timeout(60):
        while len(jane.answers) < 202:
            await asyncio.sleep(0.01)
    assert [request for request, _ in jane.answers[1:]] == [str(number) for number in range(201)]


async def test_an_essay_deleted_on_another_node_puts_its_members_out(
    hub: Hub, store: MemoryStore
) -> None:
    emma = await member_of(hub, 1, EMMA)
    other = make_hub(store)
    await other.start()
    await other.execute(ESSAY, DeleteRoom(), EMMA)
    assert isinstance(await emma.asks(SaveText("Too late"), "a"), PermissionDenied)
    assert emma.rooms == set()
    await other.stop()


async def test_a_request_that_changed_nothing_is_not_done_later_either(
    hub: Hub, store: MemoryStore
) -> None:
    emma, jane = await member_of(hub, 1, EMMA), await member_of(hub, 2, JANE)
    await emma.asks(SaveText("A"), "a")
    first = await emma.asks(SaveText("A"), "same")
    await jane.asks(SaveText("A and B"), "b")
    other = make_hub(store)
    await other.start()
    again = await (await member_of(other, 3, EMMA)).asks(SaveText("A"), "same")
    assert (again["seq"], first["seq"]) == (3, 3)
    room = await other.look(ESSAY, EMMA)
    assert room.confirmed.text == "A and B"  # type: ignore[union-attr]
    await other.stop()


async def test_who_went_away_while_the_room_was_loading_never_came(
    hub: Hub, store: MemoryStore
) -> None:
    other = make_hub(store)
    await other.start()
    emma, jane = Member(other, ConnectionId(1), EMMA), Member(other, ConnectionId(2), JANE)
    other.replies.enter(emma)
    other.submit(ESSAY, Join(), Origin(EMMA, emma.id))
    other.submit(ESSAY, Join(), Origin(JANE, jane.id))
    other.submit(ESSAY, Leave(clean=False), Origin(JANE, jane.id))
    async with asyncio.timeout(60):
        while not emma.frames:
            await asyncio.sleep(0.01)
    assert [f["user"]["id"] for f in emma.frames if f["type"] == "user_joined"] == [1, 1]
    await other.stop()


async def test_a_save_that_is_retried_keeps_what_another_node_stored_meanwhile(
    store: MemoryStore,
) -> None:
    here, there = make_hub(store, RoomRules()), make_hub(store, RoomRules())
    for hub in (here, there):
        await hub.start()
    await here.create(ESSAY, [EssayCreated("Title", "", None)], EMMA)
    await here.execute(ESSAY, SetRight(JANE, Right.EDIT), EMMA)
    emma = await member_of(here, 1, EMMA)
    await emma.asks(SaveText("Once upon a time"), "a")
    await there.execute(ESSAY, SaveText("NEW. Once upon a time"), JANE)
    await emma.asks(SaveText("Once upon a time there was"), "b")
    room = await here.look(ESSAY, EMMA)
    assert room.confirmed.text == "NEW. Once upon a time there was"  # type: ignore[union-attr]
    for hub in (here, there):
        await hub.stop()


async def test_of_two_equal_rest_calls_a_mistake_in_one_leaves_neither_waiting(
    faulty: FaultyStore,
) -> None:
    hub = await _open(faulty)
    faulty.silent = True
    waiting = asyncio.ensure_future(hub.execute(ESSAY, SaveText("Text"), EMMA))
    await asyncio.sleep(0)
    nonsense = SaveText(None)  # type: ignore[arg-type]  # what no dialect lets through
    async with asyncio.timeout(60):
        for call in (hub.execute(ESSAY, nonsense, EMMA), waiting):
            with pytest.raises(Unavailable):
                await call
    await hub.stop()


class IdlessStore(MemoryStore):
    """A store that fails in a way that nobody thought of when it is asked for ids."""

    idless = False

    async def new_ids(self, kind: IdKind, count: int) -> range:
        if self.idless:
            raise OSError("nobody thought of this")
        return await super().new_ids(kind, count)


async def test_a_room_whose_ids_cannot_be_had_goes_on_without_them() -> None:
    store = IdlessStore()
    for user in (EMMA, JANE):
        await store.create_user(NewUser(user.username, user.name, user.role, id=user.id))
    hub = await _open(store)
    jane = await member_of(hub, 1, JANE)
    store.idless = True
    for number in range(70):
        hub.submit(ESSAY, _feedback(), Origin(JANE, jane.id, f"f{number}"))
    async with asyncio.timeout(60):
        while len(jane.answers) < 71:
            await asyncio.sleep(0.01)
    assert isinstance(jane.refusals[-1], Unavailable)
    assert (await jane.asks(SaveText("Still here"), "last"))["seq"] > 3
    await hub.stop()
