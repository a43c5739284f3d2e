"""The disk refuses to sync, once: what was in doubt is not confirmed and never comes back (F8b)."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import pytest

from tests.ports.store_kit import ESSAY
from workroom.adapters.store import SqliteStore

PROGRAM = """
import asyncio, sys
from tests.ports.store_kit import ESSAY, append, outcome, record
from workroom.adapters.store import SqliteStore
from workroom.ports.store import Append

async def main():
    store = SqliteStore(sys.argv[1])
    await store.open()
    async def write(seq, body):
        result = await outcome(store, Append(ESSAY, seq - 1, (record(seq, body=body),)))
        message = getattr(getattr(result, "error", ""), "message", "")
        print(type(result).__name__, message, flush=True)
    await write(1, b"first")
    sys.stdin.readline()
    await write(2, b"lost")
    sys.stdin.readline()
    await store.check()
    await write(2, b"kept")
    await asyncio.Event().wait()

asyncio.run(main())
"""


@contextmanager
def _writing(path: Path) -> Iterator[tuple[subprocess.Popen[str], IO[str], IO[str]]]:
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM, path],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[3],
    ) as writer:
        assert writer.stdin is not None
        assert writer.stdout is not None
        try:
            yield writer, writer.stdin, writer.stdout
        finally:
            writer.kill()


@contextmanager
def _one_sync_fails(process: int) -> Iterator[None]:
    strace = shutil.which("strace")
    if strace is None:
        pytest.skip("strace is not installed")
    with subprocess.Popen(
        [
            strace,
            *("-f", "-p", str(process), "-o", "/dev/null"),
            *("-e", "trace=fdatasync,fsync", "-e", "inject=fdatasync,fsync:error=EIO:when=1"),
        ],
        stderr=subprocess.PIPE,
        text=True,
    ) as tracer:
        assert tracer.stderr is not None
        line = tracer.stderr.readline()
        if "attached" not in line:
            pytest.skip(f"strace may not trace here: {line}")
        yield
        tracer.kill()  # a polite end waits for a thread that sleeps in the kernel


def _say(stdin: IO[str], line: str) -> None:
    stdin.write(line + "\n")
    stdin.flush()


@pytest.mark.parametrize(("then", "bodies"), [("go on", [b"first", b"kept"]), ("die", [b"first"])])
async def test_a_write_whose_sync_failed_is_gone_for_good(
    tmp_path: Path, then: str, bodies: list[bytes]
) -> None:
    path = tmp_path / "workroom.db"
    with _writing(path) as (writer, stdin, stdout):
        assert stdout.readline().split()[0] == "Appended"
        with _one_sync_fails(writer.pid):
            _say(stdin, "write")
            assert stdout.readline().startswith("NotStored The disk reported an error")
            if then == "go on":
                _say(stdin, then)
                assert stdout.readline().split()[0] == "Appended"
            writer.kill()  # the log is replayed from the file: nothing from before may be in it

    store = SqliteStore(path)
    await store.open()
    assert [record.body for record in await store.records(ESSAY, 0, 10)] == bodies
    assert await store.verify() == []
    await store.close()
