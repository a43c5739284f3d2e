"""Trouble below the server: a full disk, a locked and a damaged database.

An edit that cannot be stored is refused, never confirmed and never shown to anybody; reading goes
on; and when the cause is gone the server goes on by itself.
"""

from __future__ import annotations

import asyncio
import resource
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from tests.net.live import PATIENCE, Client, Server, python_client, running

EXTENDED = ["workroom.v1"]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with running(tmp_path, WORKROOM_UPDATE_CONFIRM_AFTER="0.2") as server:
        yield server


@contextmanager
def full_disk(server: Server) -> Iterator[None]:
    """No file of the server may grow any more."""
    sizes = [path.stat().st_size for path in server.data_dir.rglob("*") if path.is_file()]
    _, hard = resource.prlimit(server.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(server.pid, resource.RLIMIT_FSIZE, (min(sizes), hard))
    yield
    resource.prlimit(server.pid, resource.RLIMIT_FSIZE, (hard, hard))


@contextmanager
def locked(server: Server) -> Iterator[None]:
    """Another program holds the database."""
    path = server.data_dir / "workroom.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


async def _edit(client: Client, content: str) -> dict[str, object]:
    request = {"action": "update_essay", "essay_id": 1, "content": content, "request_id": content}
    await client.send(request)
    while True:
        message = await client.next()
        if message.get("request_id") == content:
            return message


@pytest.mark.parametrize("trouble", [full_disk, locked])
async def test_an_edit_that_cannot_be_stored_is_refused_and_reading_goes_on(
    server: Server, trouble: object
) -> None:
    emma = server.essay_url(1, server.token("emma"))
    jane = server.essay_url(1, server.token("jane"))
    async with (
        python_client(emma, protocols=EXTENDED) as writer,
        python_client(jane) as reader,
    ):
        await reader.next("user_joined")  # she is in the room, so she hears what is stored
        assert (await _edit(writer, "Stored before"))["type"] == "ack"
        assert (await reader.next("essay_update"))["content"] == "Stored before"
        with trouble(server):  # type: ignore[operator]
            refused = await _edit(writer, "Not stored")
            assert (refused["error"], refused["retry"]) == ("unavailable", "later")
            await reader.send({"action": "subscribe_essay", "essay_id": 1})
            assert (await reader.next("essay_update"))["content"] == "Stored before"
            assert server.rest("GET", "/api/essays/1/", "emma")[1]["content"] == "Stored before"
        async with asyncio.timeout(PATIENCE):
            while (await _edit(writer, "Stored after"))["type"] != "ack":
                await asyncio.sleep(0.1)  # as ``retry: later`` says
        assert (await reader.next("essay_update"))["content"] == "Stored after"
        shown = [m["content"] for m in reader.everything if m["type"] == "essay_update"]
        assert "Not stored" not in shown
    server.kill()
    server.start()
    assert server.rest("GET", "/api/essays/1/", "emma")[1]["content"] == "Stored after"


@pytest.mark.parametrize(
    ("damage", "offset"), [(b"this is no database at all", 0), (b"\xff" * 4096, 4096)]
)
def test_a_damaged_database_is_neither_served_nor_replaced(
    tmp_path: Path, damage: bytes, offset: int
) -> None:
    with running(tmp_path) as server:
        server.stop()
    path = tmp_path / "workroom.db"
    for leftover in ("workroom.db-wal", "workroom.db-shm"):
        (tmp_path / leftover).unlink(missing_ok=True)
    with path.open("r+b") as file:
        file.seek(offset)
        file.write(damage)
    before = path.read_bytes()
    command = [sys.executable, "-m", "workroom", "db", "check"]
    checked = subprocess.run(
        command, env=server.env, capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    assert checked.returncode != 0
    assert "Traceback" not in checked.stderr
    assert "damaged" in checked.stderr or "not a database" in checked.stderr
    assert path.read_bytes() == before
