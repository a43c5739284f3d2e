"""Who reads too slowly costs nobody else anything, and hears what it missed on reading again."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.net.live import Server, python_client, running

BUSY = {
    "WORKROOM_MESSAGES_PER_SECOND": "100000",
    "WORKROOM_MESSAGE_BURST": "100000",
    "WORKROOM_UPDATE_QUIET": "0",
    "WORKROOM_UPDATE_CONFIRM_AFTER": "0",
}


@pytest.fixture(scope="module")
def busy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that bears with slow readers for longer than a test takes."""
    with running(tmp_path_factory.mktemp("busy"), WORKROOM_SLOW_READER="600", **BUSY) as server:
        yield server


def _stuck_reader(server: Server, essay: int, user: str) -> socket.socket:
    """A connection that subscribes and then reads nothing."""
    token = server.token(user)  # a connection waits for nobody's token
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    sock.connect(("127.0.0.1", server.ports[0]))
    key = base64.b64encode(os.urandom(16)).decode()
    sock.sendall(
        f"GET /ws/essays/{essay}/?token={token} HTTP/1.1\r\nHost: localhost\r\n"
        "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        f"Sec-WebSocket-Key: {key}\r\n\r\n".encode()
    )
    assert sock.recv(12).startswith(b"HTTP/1.1 101")
    return sock


def _memory(server: Server) -> int:
    """Resident bytes of the server."""
    statm = Path(f"/proc/{server.pid}/statm").read_text()
    return int(statm.split()[1]) * os.sysconf("SC_PAGE_SIZE")


async def test_a_stuck_reader_costs_the_room_neither_time_nor_memory(busy: Server) -> None:
    made = busy.rest("POST", "/api/essays/", "emma", {"title": "Essay"})[1]["id"]
    path = f"/api/essays/{made}/collaborators/2/"
    busy.rest("PUT", path, "emma", {"rights": "edit"})
    url = busy.essay_url(made, busy.token("emma"))
    async with python_client(url, protocols=["workroom.v1"]) as emma:
        await emma.next("user_joined")
        with _stuck_reader(busy, made, "jane"):
            await emma.next("user_joined")
            before = _memory(busy)
            for number in range(200):
                text = f"{number} " + "x" * 50_000
                message = {"action": "update_essay", "essay_id": made, "content": text}
                await emma.send({**message, "request_id": str(number)})
                await emma.next("ack")
            assert _memory(busy) - before < 8 * 2**20
            assert busy.metric("workroom_slow_readers") == 1


async def test_a_reader_that_stays_stuck_is_closed(tmp_path: Path) -> None:
    with running(tmp_path, WORKROOM_SLOW_READER="1", **BUSY) as server:
        url = server.essay_url(1, server.token("emma"))
        async with python_client(url, protocols=["workroom.v1"]) as emma:
            await emma.next("user_joined")
            with _stuck_reader(server, 1, "jane"):
                await emma.next("user_joined")
                left: list[Any] = []
                while not left:
                    text = f"{len(emma.everything)} " + "x" * 50_000
                    message = {"action": "update_essay", "essay_id": 1, "content": text}
                    await emma.send({**message, "request_id": text[:20]})
                    await emma.next("ack")
                    left = [it["user_id"] for it in emma.everything if it["type"] == "user_left"]
                assert left == [2]
        assert server.metric("workroom_closes_total", code="1013") == 1


def _messages(sock: socket.socket, last: str) -> list[dict[str, Any]]:
    """Read the server's frames until one holds ``last``."""
    stream = sock.makefile("rb")
    while stream.readline() != b"\r\n":
        pass  # the rest of the handshake's answer
    messages = []
    while True:
        first, length = stream.read(2)
        if length > 125:
            length = int.from_bytes(stream.read(2 if length == 126 else 8), "big")
        payload = stream.read(length)
        if first == 0x81:
            messages.append(json.loads(payload))
            if last in payload.decode():
                return messages


async def test_who_reads_again_is_told_the_latest_and_nothing_twice(busy: Server) -> None:
    made = busy.rest("POST", "/api/essays/", "emma", {"title": "Essay"})[1]["id"]
    busy.rest("PUT", f"/api/essays/{made}/collaborators/2/", "emma", {"rights": "edit"})
    url = busy.essay_url(made, busy.token("emma"))
    async with python_client(url, protocols=["workroom.v1"]) as emma:
        await emma.next("user_joined")
        with _stuck_reader(busy, made, "jane") as jane:
            await emma.next("user_joined")
            number = 0
            while busy.metric("workroom_slow_readers") == 0:
                text = f"{number} " + "y" * 100_000
                message = {"action": "update_essay", "essay_id": made, "content": text}
                await emma.send({**message, "request_id": f"t{number}"})
                await emma.next("ack")
                number += 1
            for comment in ("For the slow", "The last"):
                feedback = {"type": "style", "comment": comment}
                message = {"action": "add_feedback", "essay_id": made, "feedback": feedback}
                await emma.send({**message, "request_id": comment})
                await emma.next("ack")
            heard = await asyncio.to_thread(_messages, jane, "The last")
    updates = [m["content"] for m in heard if m["type"] == "essay_update"]
    assert updates[-1].startswith(f"{number - 1} ")
    assert len(updates) == len(set(updates))
    comments = [m["feedback"]["comment"] for m in heard if m["type"] == "new_feedback"]
    assert comments == ["For the slow", "The last"]
