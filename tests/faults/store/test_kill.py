"""kill -9 while writing: whatever was acknowledged is there, and nothing is half there (F1)."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from workroom.adapters.store import SqliteStore
from workroom.ids import RoomId

ROOMS = 20
WRITER = f"""
import asyncio, sys
from workroom.adapters.store import SqliteStore
from workroom.core.entries import Record
from workroom.ids import UserId, essay_room
from workroom.ports.store import Append, Appended

async def main():
    store = SqliteStore(sys.argv[1])
    await store.open()
    acknowledged = open(sys.argv[2], "a", buffering=1)

    def write(room, seq):
        record = Record(seq, "edited", UserId(1), seq, b"%d of %s" % (seq, str(room).encode()))

        def done(result):
            assert result == Appended(seq), result
            acknowledged.write(f"{{room}} {{seq}}\\n")
            write(room, seq + 1)

        store.append(Append(room, seq - 1, (record,)), done)

    for number in range(1, {ROOMS + 1}):
        room = essay_room(number)
        stored = await store.load(room)
        write(room, 1 if stored is None else stored.seq + 1)
    print("writing", flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""


def _acknowledged(path: Path) -> dict[RoomId, int]:
    """The last number that each room was told; a torn last line was not told."""
    last: dict[RoomId, int] = {}
    for line in path.read_text().splitlines(keepends=True):
        if line.endswith("\n"):
            room, seq = line.split()
            last[RoomId.parse(room)] = int(seq)
    return last


@pytest.mark.parametrize("seed", range(4))
async def test_nothing_that_was_acknowledged_is_lost(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    path, told = tmp_path / "workroom.db", tmp_path / "acknowledged.txt"
    told.touch()
    for _ in range(2):
        target = told.stat().st_size + chance.randrange(1, 20_000)
        with subprocess.Popen(
            [sys.executable, "-c", WRITER, path, told], stdout=subprocess.PIPE
        ) as writer:
            assert writer.stdout is not None
            assert writer.stdout.readline() == b"writing\n"
            while told.stat().st_size < target:
                assert writer.poll() is None
            writer.send_signal(signal.SIGKILL)

        store = SqliteStore(path)
        await store.open()
        assert await store.verify() == []
        for room, seq in _acknowledged(told).items():
            records = await store.records(room, 0, 100_000)
            assert len(records) >= seq
            for record in records:
                assert record.body == b"%d of %s" % (record.seq, str(room).encode())
        await store.close()
