"""Power loss, as far as it can be shown: a write-ahead log cut or spoilt anywhere (F1b).

What is found then is a clean beginning of what was written: whole appends, in order, no hole.
"""

from __future__ import annotations

import random
import shutil
import subprocess
from pathlib import Path

from tests.ports.store_kit import ANA, answer, append, outcome, outcomes
from workroom.adapters.store import SqliteStore
from workroom.core.entries import Record
from workroom.ids import RoomId, essay_room
from workroom.ports.store import Appended

ROOMS = [essay_room(number) for number in range(1, 6)]


async def _written(path: Path) -> dict[RoomId, list[Record]]:
    """Forty transactions, all still in the log; copied to ``torn`` beside it."""
    store = SqliteStore(path)
    await store.open()
    for step in range(40):
        await outcomes(
            store,
            [append(r, step * 2, count=2, answer=answer(f"{r}-{step}")) for r in ROOMS],
        )
    for suffix in ("", "-wal"):
        # Copied by another process: closing the file here would let go of SQLite's locks on it.
        subprocess.run(["cp", f"{path}{suffix}", f"{path}{suffix}.copy"], check=True)
    full = {room: await store.records(room, 0, 1_000) for room in ROOMS}
    await store.close()
    return full


async def _assert_clean_beginning(path: Path, full: dict[RoomId, list[Record]]) -> int:
    """Checks every room, and that writing goes on; how many entries there are."""
    store = SqliteStore(path)
    await store.open()
    assert await store.verify() == []
    lengths = set()
    for room in ROOMS:
        found = await store.records(room, 0, 1_000)
        assert found == full[room][: len(found)]
        assert len(found) % 2 == 0
        for step in range(40):
            given = await store.answer(ANA, f"{room}-{step}")
            assert (given is not None) == (step < len(found) // 2)
        lengths.add(len(found))
    assert len(lengths) == 1  # each transaction held one append of every room
    (length,) = lengths
    assert await outcome(store, append(ROOMS[0], length)) == Appended(length + 1)
    await store.close()
    return length


async def test_a_log_cut_anywhere_gives_a_clean_beginning(tmp_path: Path) -> None:
    full = await _written(tmp_path / "full.db")
    chance = random.Random(1)
    size = (tmp_path / "full.db-wal.copy").stat().st_size
    found = []
    for number, cut in enumerate(sorted(chance.randrange(size) for _ in range(12))):
        path = tmp_path / f"torn{number}.db"
        shutil.copy(tmp_path / "full.db.copy", path)
        log = (tmp_path / "full.db-wal.copy").read_bytes()
        path.with_name(path.name + "-wal").write_bytes(log[:cut])
        found.append(await _assert_clean_beginning(path, full))

    assert found == sorted(found)  # the more of the log is left, the more is found


async def test_a_log_spoilt_anywhere_gives_a_clean_beginning(tmp_path: Path) -> None:
    full = await _written(tmp_path / "full.db")
    chance = random.Random(2)
    for number in range(12):
        path = tmp_path / f"spoilt{number}.db"
        shutil.copy(tmp_path / "full.db.copy", path)
        log = bytearray((tmp_path / "full.db-wal.copy").read_bytes())
        log[chance.randrange(len(log))] ^= 1 << chance.randrange(8)
        path.with_name(path.name + "-wal").write_bytes(log)
        await _assert_clean_beginning(path, full)
