"""A damaged file is refused and left as it is; never made anew, never written over (F9)."""

from __future__ import annotations

import random
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.faults.store.store_faults import overwrite, recovers, refusal
from tests.ports.store_kit import ESSAY, append, outcome, outcomes
from workroom.adapters.store import SqliteStore
from workroom.errors import Misconfigured, Unavailable
from workroom.ids import essay_room

PAGE = 4096


async def _filled(path: Path) -> None:
    """A sound file of some hundred pages."""
    store = SqliteStore(path)
    await store.open()
    await outcomes(store, [append(essay_room(number), count=50) for number in range(1, 101)])
    await store.close()


@pytest.mark.parametrize(
    "content",
    [b"h", b"hello", b"PK\x03\x04" * 2_000, bytes(10_000), b"SQLite format 2\x00" + bytes(5_000)],
    ids=["byte", "text", "archive", "zeros", "old"],
)
async def test_a_file_that_is_no_database_is_refused(path: Path, content: bytes) -> None:
    path.write_bytes(content)

    with pytest.raises(Misconfigured, match="not a database"):
        await SqliteStore(path).open()

    assert path.read_bytes() == content


async def test_an_empty_file_is_a_new_database(path: Path) -> None:
    path.touch(mode=0o600)
    store = SqliteStore(path)
    await store.open()

    await recovers(store, ESSAY, 0)
    await store.close()


async def test_a_folder_in_the_place_of_the_file_is_refused(path: Path) -> None:
    path.mkdir()

    with pytest.raises(Misconfigured, match="not a file"):
        await SqliteStore(path).open()


async def test_an_overwritten_header_is_refused(path: Path) -> None:
    await _filled(path)
    overwrite(path, 0, b"\x00" * 100)
    before = path.read_bytes()

    with pytest.raises(Misconfigured, match="damaged"):
        await SqliteStore(path).open()

    assert path.read_bytes() == before


async def test_a_header_that_lies_is_refused(path: Path) -> None:
    await _filled(path)
    overwrite(path, 16, b"\xff\xff")  # the page size

    with pytest.raises(Misconfigured, match="damaged"):
        await SqliteStore(path).open()


async def test_a_file_that_was_cut_is_refused(path: Path) -> None:
    await _filled(path)
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size // 2 // PAGE * PAGE)
    before = path.read_bytes()

    with pytest.raises(Misconfigured, match="damaged"):
        await SqliteStore(path).open()

    assert path.read_bytes() == before


@pytest.mark.parametrize("seed", range(5))
async def test_an_overwritten_page_is_found_at_the_start(path: Path, seed: int) -> None:
    await _filled(path)
    chance = random.Random(seed)
    page = chance.randrange(1, path.stat().st_size // PAGE)
    overwrite(path, page * PAGE, chance.randbytes(PAGE))
    before = path.read_bytes()

    with pytest.raises(Misconfigured, match="damaged"):
        await SqliteStore(path).open()

    assert path.read_bytes() == before


def _pages_of(path: Path, table: str) -> list[int]:
    """Numbers of the leaf pages of a table, counted from 0."""
    with closing(sqlite3.connect(path)) as connection:
        (root,) = connection.execute(
            "SELECT rootpage FROM sqlite_master WHERE name = ?", (table,)
        ).fetchone()
    return [int(root) - 1]


async def test_damage_under_a_running_server_is_reported_and_nothing_acknowledged(
    path: Path,
) -> None:
    await _filled(path)
    store = SqliteStore(path)
    await store.open()
    (root,) = _pages_of(path, "entries")
    overwrite(path, root * PAGE, b"\xff" * PAGE)

    with pytest.raises(Unavailable, match="damaged"):
        await store.load(ESSAY)
    assert "damaged" in await refusal(store, append(expected=50))
    assert "damaged" in await refusal(store, append(essay_room(500)))
    with pytest.raises(Unavailable, match="damaged"):
        await store.check()
    assert await store.verify() != []
    await store.close()


async def test_a_file_that_was_moved_away_is_not_written_any_more(
    store: SqliteStore, path: Path
) -> None:
    await outcome(store, append())

    away = path.rename(path.with_name("away.db"))
    assert "moved or removed" in await refusal(store, append(expected=1))

    away.rename(path)
    await recovers(store, ESSAY, 1)
