"""The end of a server: what everybody sees of it, and that it comes, whatever clients do."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.free_ports import free_port
from tests.net.live import PATIENCE, Client, Server, python_client, running

EXTENDED = ["workroom.v1"]
LONGEST = 30.0
"""Seconds in which a server has ended: ten on a machine that does nothing else."""


def ports() -> dict[str, str]:
    """Settings for a server that can come back on the same ports."""
    return {"WORKROOM_PORT": str(free_port()), "WORKROOM_PROJECT_PORT": str(free_port())}


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """One that stops fast where its clients do, and can come back on the same ports."""
    brief = {"WORKROOM_SHUTDOWN_SPREAD": "0.4", "WORKROOM_PRESENCE_GRACE": "0.3"}
    with running(tmp_path, **brief, **ports()) as server:
        yield server


@contextlib.asynccontextmanager
async def stopping(server: Server) -> AsyncIterator[asyncio.Future[int]]:
    """The server gets SIGTERM; gives its exit code to come."""
    stopped = asyncio.get_running_loop().run_in_executor(None, server.stop)
    yield stopped
    await stopped


def raw(server: Server, *, reads: bool = True) -> socket.socket:
    """A WebSocket of which the kernel alone takes care: it answers nothing."""
    path = f"/ws/essays/1/?token={server.token('jane')}"  # a connection waits for nobody's token
    sock = socket.socket()
    if not reads:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    sock.settimeout(PATIENCE)
    sock.connect(("127.0.0.1", server.ports[0]))
    sock.sendall(
        f"GET {path} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: d29ya3Jvb20tYmVuY2gtMQ==\r\n\r\n".encode()
    )
    assert sock.recv(12) == b"HTTP/1.1 101"
    return sock


def read_to(sock: socket.socket, words: bytes) -> None:
    """Read until these words have come."""
    heard = b""
    while words not in heard:
        piece = sock.recv(65536)
        assert piece, heard
        heard += piece


# ---- what clients see --------------------------------------------------------------------------


async def test_extended_clients_are_told_when_to_come_back_and_plain_ones_only_that(
    server: Server,
) -> None:
    async with (
        python_client(server.essay_url(1, server.token("emma")), protocols=EXTENDED) as emma,
        python_client(server.essay_url(1, server.token("jane"))) as jane,
        python_client(server.project_url(server.token("mike")), protocols=EXTENDED) as mike,
    ):
        await emma.next("user_joined")
        async with stopping(server):
            told = await emma.next("connection_error")
            assert (told["error"], told["retry"]) == ("server_restarting", "later")
            assert 1.0 <= told["retry_after"] <= 3.0  # half of two seconds either way
            assert set(await jane.next("connection_error")) == {"type", "error", "message"}
            assert (await mike.next("error"))["payload"]["retry_after"] > 0
            codes = [await client.close_code() for client in (emma, jane, mike)]
            assert codes == [1012, 1012, 1012]


async def test_what_was_sent_before_the_close_was_read_is_kept(server: Server) -> None:
    """Of a plain client as well, which cannot know what became of it, and cannot send it again."""
    sock = raw(server)
    read_to(sock, b"user_joined")  # she is in the room, so what she sends can be kept
    done = threading.Thread(target=server.stop)
    done.start()
    read_to(sock, b"\x03\xf4server_restarting")
    # The close frame with 1012 is here, and this client has not looked at it yet.
    save = {"action": "update_essay", "essay_id": 1, "content": "Zanzibar"}
    message = json.dumps(save).encode()
    assert len(message) < 126
    sock.sendall(bytes((0x81, 0x80 | len(message))) + bytes(4) + message)
    sock.sendall(b"\x88\x82" + bytes(4) + b"\x03\xf4")
    done.join()
    sock.close()
    server.start()
    _, essay = server.rest("GET", "/api/essays/1/", "emma")
    assert "Zanzibar" in essay["content"]


async def test_who_was_here_before_a_restart_is_here_after_it_and_nobody_comes_or_goes(
    server: Server,
) -> None:
    async with (
        python_client(server.essay_url(1, server.token("emma"))) as emma,
        python_client(server.essay_url(1, server.token("jane"))) as jane,
    ):
        await asyncio.gather(emma.next("user_joined"), jane.next("user_joined"))  # both are here
        async with stopping(server):
            await asyncio.gather(emma.close_code(), jane.close_code())
        assert "user_left" not in _kinds(emma) + _kinds(jane)
    server.start()
    async with python_client(server.essay_url(1, server.token("jane"))) as jane:
        await jane.send({"action": "subscribe_essay", "essay_id": 1})
        assert await _joined(jane, 2) == {1, 2}  # Emma is still on her way
        async with python_client(server.essay_url(1, server.token("emma"))) as emma:
            await emma.send({"action": "subscribe_essay", "essay_id": 1})
            assert await _joined(emma, 2) == {1, 2}
            await jane.send({"action": "subscribe_essay", "essay_id": 1})
            await _joined(jane, 2)
            kinds = _kinds(jane)
            assert "user_left" not in kinds and kinds.count("user_joined") == 2 + 2


async def test_who_does_not_come_back_after_a_restart_leaves(tmp_path: Path) -> None:
    with running(tmp_path, WORKROOM_SHUTDOWN_SPREAD="0", **ports()) as server:
        server.token("jane")  # Emma is waited for while Jane comes: not for as long as this takes
        async with python_client(server.essay_url(1, server.token("emma"))) as emma:
            await emma.next("user_joined")
            async with stopping(server):
                await emma.close_code()
        assert (tmp_path / "present.json").stat().st_mode & 0o077 == 0
        server.start()
        assert not (tmp_path / "present.json").exists()
        async with python_client(server.essay_url(1, server.token("jane"))) as jane:
            assert (await jane.next("user_left"))["user_id"] == 1


async def test_before_it_shuts_the_door_a_server_gives_notice(tmp_path: Path) -> None:
    with running(tmp_path, WORKROOM_SHUTDOWN_NOTICE="8", WORKROOM_SHUTDOWN_SPREAD="0") as server:
        token = server.token("emma")
        assert server.rest("GET", "/readyz")[0] == 200
        async with stopping(server) as stopped:
            while (await asyncio.to_thread(server.rest, "GET", "/readyz"))[0] == 200:
                pass
            async with python_client(server.essay_url(1, token), protocols=EXTENDED) as emma:
                await emma.send(
                    {
                        "action": "update_essay",
                        "essay_id": 1,
                        "content": "Still open.",
                        "request_id": "r",
                    }
                )
                assert (await emma.next("ack"))["request_id"] == "r"
                assert await emma.close_code() == 1012
            assert await stopped == 0


# ---- that it ends ------------------------------------------------------------------------------


@pytest.mark.parametrize("reads", [True, False], ids=["answers no close", "reads nothing"])
def test_it_ends_whatever_clients_do(tmp_path: Path, *, reads: bool) -> None:
    with running(tmp_path, WORKROOM_SHUTDOWN_SPREAD="0.2") as server:
        stuck = [raw(server, reads=reads) for _ in range(5)]
        half_a_head = socket.create_connection(("127.0.0.1", server.ports[0]))
        half_a_head.sendall(b"GET /ws/essays/1/ HTTP/1.1\r\nHost:")
        half_a_body = socket.create_connection(("127.0.0.1", server.ports[0]))
        half_a_body.sendall(b"POST /api/token/ HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\n\r\n{")
        begun = time.monotonic()
        assert server.stop() == 0
        assert time.monotonic() - begun < LONGEST
        for sock in (*stuck, half_a_head, half_a_body):
            sock.close()


@pytest.mark.parametrize("again", [signal.SIGTERM, signal.SIGINT])
async def test_a_second_signal_ends_it_at_once_and_loses_nothing(
    tmp_path: Path, again: signal.Signals
) -> None:
    with running(tmp_path, WORKROOM_SHUTDOWN_SPREAD="60", **ports()) as server:
        stuck = raw(server)
        async with python_client(
            server.essay_url(1, server.token("emma")), protocols=EXTENDED
        ) as emma:
            save = {"action": "update_essay", "essay_id": 1, "content": "Kept.", "request_id": "r"}
            await emma.send(save)
            await emma.next("ack")
            assert server.process is not None
            server.process.send_signal(signal.SIGTERM)
            async with asyncio.timeout(PATIENCE):  # who of the two is told first is left to chance
                while not any('"stopping"' in line for line in server.output):
                    await asyncio.sleep(0.01)
            server.process.send_signal(again)
            begun = time.monotonic()
            assert await emma.close_code() == 1012
            assert await asyncio.to_thread(server.process.wait, PATIENCE) == 0
            assert time.monotonic() - begun < LONGEST
        stuck.close()
        server.start()
        assert server.rest("GET", "/api/essays/1/", "emma")[1]["content"] == "Kept."


@pytest.mark.parametrize("wait", [0.4, 0.8, 1.2, 1.6])
def test_a_signal_during_the_start_leaves_a_database_that_works(
    tmp_path: Path, wait: float
) -> None:
    """Somewhere between the first import and the open ports: while the tables are made, too."""
    server = Server(tmp_path, "serve")
    process = subprocess.Popen(
        [sys.executable, "-m", "workroom", "serve"], env=server.env, stderr=subprocess.PIPE
    )
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(wait)
    process.terminate()
    _, said = process.communicate(timeout=PATIENCE)
    assert b"Traceback" not in said
    with running(tmp_path, "serve") as server:
        assert server.rest("GET", "/readyz")[0] == 200
        server.cli("db", "check")


def _kinds(client: Client) -> list[str]:
    return [message["type"] for message in client.everything]


async def _joined(client: Client, count: int) -> set[int]:
    return {(await client.next("user_joined"))["user"]["id"] for _ in range(count)}
