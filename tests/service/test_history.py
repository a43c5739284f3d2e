"""The past of essays on real stores, and checkpoints that are taken while people type."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from workroom.adapters.clock import LoopClock
from workroom.adapters.store import MemoryStore, SqliteStore
from workroom.core.commands import DeleteRoom, Origin, SaveText, SetRight
from workroom.core.entries import EssayCreated
from workroom.core.essays.revisions import CHAPTER
from workroom.core.essays.room import EssayRoom
from workroom.core.essays.state import EssayState, evolve, first_state
from workroom.core.limits import RoomRules
from workroom.core.people import Right
from workroom.errors import NotFound, Unavailable
from workroom.ids import EssayId, RoomId, essay_room
from workroom.ports.accounts import NewUser
from workroom.ports.store import Append, AppendResult, Milestone, NotStored
from workroom.service.hub import SWEEP_EVERY, Hub
from workroom.service.rooms.archive import Archive
from workroom.service.rooms.checkpoints import CHECKPOINT_BYTES, CHECKPOINT_EVERY
from workroom.service.rooms.history import History
from workroom.service.rooms.records import to_entry
from workroom.testing.clock import FakeClock
from workroom.testing.scenario import EMMA, JANE

ESSAY = essay_room(1)
AnyStore = MemoryStore | SqliteStore


def _hub(store: AnyStore) -> Hub:
    ids = iter(range(1, 1_000))
    clock = LoopClock(asyncio.get_running_loop())
    return Hub(store, clock, RoomRules(), lambda: next(ids))


async def _people(store: AnyStore) -> None:
    for user in (EMMA, JANE):
        await store.create_user(NewUser(user.username, user.name, user.role, id=user.id))


async def _begin(hub: Hub) -> None:
    await hub.start()
    await hub.create(ESSAY, [EssayCreated("Title", "", None)], EMMA)
    await hub.execute(ESSAY, SetRight(JANE, Right.EDIT), EMMA)


@pytest.fixture(params=["memory", "sqlite"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[AnyStore]:
    built = MemoryStore() if request.param == "memory" else SqliteStore(tmp_path / "history.db")
    await built.open()
    await _people(built)
    yield built
    await built.close()


@pytest.fixture
async def hub(store: AnyStore) -> AsyncIterator[Hub]:
    built = _hub(store)
    await _begin(built)
    yield built
    await built.stop()


async def _write(hub: Hub, count: int) -> None:
    """As many saves by two people, without waiting for each."""
    text = ""
    for number in range(count):
        text = f"{number} {text}"[:60]
        who = EMMA if number % 3 else JANE
        save = hub.execute(ESSAY, SaveText(text), who)
        if number % 100 == 99:
            await save
        else:
            task = asyncio.ensure_future(save)
            await asyncio.sleep(0)
            task.add_done_callback(asyncio.Task.result)
    await hub.execute(ESSAY, SaveText("The end"), EMMA)


async def _states(store: AnyStore) -> list[EssayState]:
    """The essay after each entry, replayed from the first one."""
    states: list[EssayState] = []
    for record in await store.records(ESSAY, 0, 100_000):
        entry = to_entry(record)
        states.append(evolve(states[-1], entry) if states else first_state(EssayId(1), entry))
    return states


async def test_every_revision_is_what_replaying_the_whole_log_gives(
    hub: Hub, store: AnyStore
) -> None:
    await _write(hub, 2 * CHAPTER + 100)
    states = await _states(store)
    history = History(store)

    edges = [1, 2, CHAPTER - 1, CHAPTER, CHAPTER + 1, 2 * CHAPTER, 2 * CHAPTER + 1, len(states)]
    for seq in [*edges, *range(3, len(states), 97)]:
        telling = await history.tell(ESSAY, seq)
        assert telling.moment.state == states[seq - 1]
        assert telling.step.before == (states[seq - 2].text if seq > 1 else "")
        assert telling.step.change.apply(telling.step.before) == states[seq - 1].text
        assert len(telling.moment.marks) == len(states[seq - 1].text)
    history.close()


async def test_milestones_are_kept_up_as_the_essay_grows(hub: Hub, store: AnyStore) -> None:
    await _write(hub, 2 * CHAPTER)

    async def reached() -> int:
        kept = await store.milestone(ESSAY, 2**53)
        return kept.seq if kept else 0

    async with asyncio.timeout(60):
        while await reached() < 2 * CHAPTER:
            await asyncio.sleep(0)
    first = await store.milestone(ESSAY, 2 * CHAPTER - 1)
    assert first is not None
    assert first.seq == CHAPTER


class _Watched(History):
    """Notes which rooms' chapters are told, and how many at the same time."""

    def __init__(self, store: AnyStore) -> None:
        super().__init__(store)
        self.told: list[RoomId] = []
        self.under_way = self.most = 0
        self.done = asyncio.Event()

    async def keep_up(self, room: RoomId) -> None:
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        await super().keep_up(room)
        self.under_way -= 1
        self.told.append(room)
        if len(self.told) == 4:
            self.done.set()


async def test_chapters_that_end_together_are_told_one_room_after_the_other(
    store: AnyStore,
) -> None:
    history = _Watched(store)
    tasks: list[asyncio.Task[None]] = []
    archive = Archive(history, lambda work: tasks.append(asyncio.ensure_future(work)))
    rooms = [essay_room(EssayId(number)) for number in (7, 5, 6)]

    for room in (*rooms, rooms[2]):
        archive.keep_up(room)
    await asyncio.gather(*tasks)
    archive.keep_up(rooms[0])
    async with asyncio.timeout(20):
        await history.done.wait()
    await asyncio.gather(*tasks)
    history.close()

    assert (history.told, history.most) == ([*rooms, rooms[0]], 1)


async def test_a_deleted_essay_keeps_no_milestones_and_gets_none(hub: Hub, store: AnyStore) -> None:
    await _write(hub, CHAPTER)
    await hub.history.keep_up(ESSAY)
    kept = await store.milestone(ESSAY, 2**53)
    assert kept is not None

    await hub.execute(ESSAY, DeleteRoom(), EMMA)
    await store.keep_milestone(ESSAY, kept)

    assert await store.milestone(ESSAY, 2**53) is None
    with pytest.raises(NotFound):
        await hub.look(ESSAY, EMMA)


async def test_a_log_that_cannot_be_read_is_said_to_be_so(hub: Hub, store: AnyStore) -> None:
    await _write(hub, CHAPTER)
    await store.keep_milestone(ESSAY, Milestone(2 * CHAPTER, 1, b"", b"nonsense"))
    history = History(store)
    with pytest.raises(Unavailable):
        await history.tell(ESSAY, 2 * CHAPTER + 1)
    history.close()


# ---- checkpoints ------------------------------------------------------------------------------


class NeverIdle(MemoryStore):
    """Tells of a save only when the next one has been handed over."""

    def __init__(self) -> None:
        super().__init__()
        self.next: Callable[[], None] = lambda: None

    def append(self, append: Append, done: Callable[[AppendResult], None]) -> None:
        def told(result: AppendResult) -> None:
            if append.records:
                self.next()
            done(result)

        super().append(append, told)


async def test_a_room_that_is_never_idle_gets_its_checkpoints() -> None:
    store = NeverIdle()
    await _people(store)
    hub = _hub(store)
    await _begin(hub)
    saved = 0

    def save() -> None:
        nonlocal saved
        saved += 1
        hub.submit(ESSAY, SaveText(f"Edit 😀 {saved}"), Origin(EMMA))

    store.next = save
    save()
    async with asyncio.timeout(60):
        while (stored := await store.load(ESSAY)) is None or stored.checkpoint is None:
            await asyncio.sleep(0)
    store.next = lambda: None
    await hub.execute(ESSAY, SaveText("The end"), EMMA)

    other = _hub(store)
    await other.start()
    here, there = await hub.look(ESSAY, EMMA), await other.look(ESSAY, EMMA)
    assert there.confirmed == here.confirmed
    assert (await _states(store))[-1] == there.confirmed
    await other.stop()
    await hub.stop()


async def test_large_edits_are_checkpointed_before_there_are_many(
    hub: Hub, store: AnyStore
) -> None:
    for number in range(8):
        await hub.execute(ESSAY, SaveText("ab"[number % 2] * 300_000), EMMA)

    async with asyncio.timeout(60):
        while (stored := await store.load(ESSAY)) is None or stored.checkpoint is None:
            await asyncio.sleep(0)
    assert sum(len(r.body) + len(r.update or b"") for r in stored.records) < 2 * CHECKPOINT_BYTES


class FullFrom(MemoryStore):
    """Has no room for entries behind a number."""

    most = 2**53

    def append(self, append: Append, done: Callable[[AppendResult], None]) -> None:
        if append.expected >= self.most and append.records:
            refused = NotStored(Unavailable("the disk is full"))
            asyncio.get_running_loop().call_soon(done, refused)
        else:
            super().append(append, done)


async def test_what_was_taken_back_is_in_no_checkpoint() -> None:
    """The checkpoint is drafted at the head; what is beyond the store there never comes to be."""
    store = FullFrom()
    await _people(store)
    hub = _hub(store)
    await _begin(hub)
    await _write(hub, CHECKPOINT_EVERY - 20)
    head = (await hub.look(ESSAY, EMMA)).confirmed.seq
    store.most = CHECKPOINT_EVERY + 2
    refused = [
        asyncio.ensure_future(hub.execute(ESSAY, SaveText(f"Lost {number}"), EMMA))
        for number in range(40)
    ]
    outcomes = await asyncio.gather(*refused, return_exceptions=True)
    assert sum(isinstance(each, Unavailable) for each in outcomes) == 40 - (store.most - head)

    store.most = 2**53
    async with asyncio.timeout(60):
        while True:
            try:
                await hub.execute(ESSAY, SaveText("Found again"), EMMA)
                break
            except Unavailable:
                await asyncio.sleep(0)
    await _write(hub, 100)

    other = _hub(store)
    await other.start()
    there = await other.look(ESSAY, JANE)
    assert there.confirmed == (await _states(store))[-1]
    await other.stop()
    await hub.stop()


async def _essay(hub: Hub) -> EssayRoom:
    room = await hub.look(ESSAY, EMMA)
    assert isinstance(room, EssayRoom)
    return room


async def test_a_room_that_nobody_uses_leaves_memory_and_comes_back() -> None:
    store, clock = MemoryStore(), FakeClock()
    await _people(store)
    ids = iter(range(1, 1_000))
    hub = Hub(store, clock, RoomRules(), lambda: next(ids))
    await _begin(hub)
    await _write(hub, 100)
    await hub.execute(ESSAY, SaveText("The end, says Jane"), JANE)
    room = await _essay(hub)
    before, _, authors = room.checkpoint()
    assert len(set(authors)) == 2

    async with asyncio.timeout(60):
        while hub._rooms:
            clock.advance(SWEEP_EVERY)
            await asyncio.sleep(0)

    stored = await store.load(ESSAY)
    assert stored is not None
    assert stored.checkpoint is not None
    assert stored.records == ()
    back = await _essay(hub)
    assert back is not room
    assert back.confirmed == before
    assert back.checkpoint()[2] == authors
    await hub.stop()
