"""Whatever is appended in whatever order: every store does what a few lines of Python say."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.ports.conftest import MEMORY
from tests.ports.store_kit import Store, answer, outcomes, record, summary
from workroom.adapters.store import MemoryStore, SqliteStore
from workroom.adapters.store.postgres import PostgresStore
from workroom.core.entries import Record
from workroom.core.people import Right
from workroom.ids import RoomId, UserId, essay_room
from workroom.ports.store import (
    AlreadyDone,
    Append,
    Appended,
    AppendResult,
    Behind,
    Checkpoint,
)


@dataclass
class Model:
    """The port's promises about appends, for one at a time."""

    logs: dict[RoomId, list[Record]] = field(default_factory=dict)
    gone: set[RoomId] = field(default_factory=set)
    given: dict[tuple[UserId, str], bytes] = field(default_factory=dict)
    titles: dict[RoomId, str] = field(default_factory=dict)
    checkpoints: dict[RoomId, Checkpoint] = field(default_factory=dict)
    rights: dict[tuple[RoomId, UserId], Right | None] = field(default_factory=dict)

    def append(self, one: Append) -> AppendResult:
        log = self.logs.get(one.room, [])
        if one.answer is not None:
            first = self.given.get((one.answer.user_id, one.answer.request_id))
            if first is not None:
                return AlreadyDone(first)
        if one.room in self.gone or one.expected != len(log):
            return Behind(len(log))
        if one.answer is not None:
            self.given[one.answer.user_id, one.answer.request_id] = one.answer.body
        self.logs[one.room] = [*log, *one.records]
        if one.summary is not None:
            self.titles[one.room] = one.summary.title
        if one.checkpoint is not None:
            self.checkpoints[one.room] = one.checkpoint
        for user, right in (one.rights or {}).items():
            self.rights[one.room, user] = right
        if one.deletes_room:
            self.gone.add(one.room)
        return Appended(one.expected + len(one.records))


USERS = [UserId(1), UserId(2)]


@st.composite
def turns(draw: st.DrawFn) -> list[list[Append]]:
    """Groups of appends, most of them good: ``expected`` is seldom off the mark."""
    heads: dict[RoomId, int] = {}

    def one(number: int) -> Append:
        room = essay_room(draw(st.integers(1, 3)))
        expected = max(0, heads.get(room, 0) + draw(st.sampled_from([0, 0, 0, 0, -1, 1])))
        count = draw(st.integers(1, 3))
        actor = draw(st.sampled_from(USERS))
        heads[room] = expected + count
        request = draw(st.none() | st.sampled_from("abcdef"))
        right = draw(st.none() | st.sampled_from(Right))
        return Append(
            room,
            expected,
            tuple(record(expected + 1 + n, actor, body=b"%d" % number) for n in range(count)),
            summary=summary(f"t{number}") if draw(st.booleans()) or expected == 0 else None,
            rights={actor: right} if draw(st.booleans()) else None,
            answer=None if request is None else answer(request, b"%d" % number, actor),
            checkpoint=Checkpoint(expected + count, b"%d" % number)
            if draw(st.booleans())
            else None,
            deletes_room=draw(st.integers(0, 30)) == 0,
        )

    numbers = iter(range(1_000))
    groups = draw(st.lists(st.integers(1, 6), min_size=1, max_size=6))
    return [[one(next(numbers)) for _ in range(size)] for size in groups]


async def _follows_the_model(store: Store, groups: list[list[Append]]) -> None:
    model = Model()
    await store.open()
    try:
        for group in groups:
            expected = [model.append(each) for each in group]
            assert await outcomes(store, group) == expected
        for number in (1, 2, 3):
            await _looks_like_the_model(store, essay_room(number), model)
        for (user, request), body in model.given.items():
            assert await store.answer(user, request) == body
    finally:
        await store.close()


async def _looks_like_the_model(store: Store, room: RoomId, model: Model) -> None:
    log = model.logs.get(room, [])
    assert await store.records(room, 0, 1_000) == log
    loaded = await store.load(room)
    if room in model.gone or not log:
        assert loaded is None
        return
    assert loaded is not None
    assert loaded.seq == len(log)
    assert loaded.checkpoint == model.checkpoints.get(room)
    after = 0 if loaded.checkpoint is None else loaded.checkpoint.seq
    assert list(loaded.records) == log[after:]
    for user in USERS:
        page = await store.rooms(room.kind, user, limit=10, offset=0)
        listed = {each.room: each for each in page.rooms}
        right = model.rights.get((room, user))
        assert (None if room not in listed else listed[room].right) == right
        if right is not None:
            assert listed[room].summary.title == model.titles[room]


_ROOM_TABLES = "rooms, entries, checkpoints, people, answers, feedback"


STORES: dict[str, Callable[[Path], Store]] = {
    "memory": lambda _: MemoryStore(),
    "sqlite": SqliteStore,
    "sqlite, statement by statement": lambda path: SqliteStore(path, express=False),
}


@pytest.mark.parametrize("name", STORES)
@settings(max_examples=40, deadline=None)
@given(groups=turns())
def test_it_does_what_the_model_does(name: str, groups: list[list[Append]]) -> None:
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as folder:
        asyncio.run(_follows_the_model(STORES[name](Path(folder, "s.db")), groups))


@pytest.mark.timeout(400)
@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(groups=turns())
def test_postgres_does_what_the_model_does(database: str, groups: list[list[Append]]) -> None:
    async def follow() -> None:
        connection = await asyncpg.connect(database)
        await connection.execute(f"TRUNCATE {_ROOM_TABLES}")
        await connection.close()
        await _follows_the_model(PostgresStore(database, "model"), groups)

    asyncio.run(follow())
