"""A full disk: nothing is half stored, reading goes on, and it passes by itself (F8)."""

from __future__ import annotations

import pytest

from tests.faults.store.store_faults import nothing_can_be_written, recovers, refusal
from tests.ports.store_kit import ANA, ESSAY, append, new_user, outcome, outcomes, record
from workroom.adapters.store import SqliteStore
from workroom.errors import Unavailable
from workroom.ids import essay_room
from workroom.ports.store import Append, Appended, NotStored

BIG = Append(ESSAY, 1, (record(2, update=bytes(2**20)),))


async def _allow_pages(store: SqliteStore, more: int) -> None:
    """Let the database grow by so many pages and no further: SQLite's own idea of a full disk."""
    await store._access.write(
        lambda connection: connection.exec_driver_sql(
            "PRAGMA max_page_count ="
            f" {connection.exec_driver_sql('PRAGMA page_count').scalar_one() + more}"
        )
    )


async def test_what_does_not_fit_is_refused_and_leaves_no_trace(store: SqliteStore) -> None:
    await outcome(store, append())
    await _allow_pages(store, 20)

    assert "disk" in await refusal(store, BIG)
    assert "full" in await refusal(store, BIG)

    assert len(await store.records(ESSAY, 0, 10)) == 1
    await _allow_pages(store, 1_000_000)
    assert await outcome(store, BIG) == Appended(2)
    await recovers(store, ESSAY, 2)


async def test_everybody_in_the_transaction_is_told(store: SqliteStore) -> None:
    await outcome(store, append())
    await _allow_pages(store, 20)

    results = await outcomes(store, [append(essay_room(2)), BIG, append(essay_room(3))])

    assert [type(each) for each in results] == [NotStored] * 3
    assert await store.load(essay_room(2)) is None
    assert await store.verify() == []


async def test_files_that_cannot_be_written_stop_writing_and_not_reading(
    store: SqliteStore,
) -> None:
    await outcome(store, append())

    with nothing_can_be_written():
        assert "disk" in await refusal(store, BIG)
        assert "disk" in await refusal(store, append(expected=1))
        room = await store.load(ESSAY)
        assert room is not None
        assert room.seq == 1
        with pytest.raises(Unavailable):
            await store.check()
        with pytest.raises(Unavailable):
            await store.create_user(new_user("emma"))
        with pytest.raises(Unavailable):
            await store.new_ids("essay", 1)

    await recovers(store, ESSAY, 1)
    assert await store.account(ANA) is None


async def test_readiness_returns_without_anybody_writing(store: SqliteStore) -> None:
    await outcome(store, append())
    with nothing_can_be_written():
        await refusal(store, BIG)

    for _ in range(1_000):
        try:
            await store.check()
        except Unavailable:
            continue
        break

    await store.check()
