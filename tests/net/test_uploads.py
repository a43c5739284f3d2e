"""Uploads to a real server: hostile files, broken lines, crashes; and what they cost it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import socket
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.media.good import audio, good_files, image
from tests.media.hostile import ACCEPTED, corpus
from tests.net.live import PATIENCE, Server

PROJECT = "/api/projects/123/canvases/"
MIB = 2**20


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    running = Server(tmp_path / "data").start()
    yield running
    running.stop()


def _client(server: Server, user: str = "jane") -> httpx.AsyncClient:
    headers = {"Authorization": f"Bearer {server.token(user)}"}
    return httpx.AsyncClient(base_url=server.http, headers=headers, timeout=60)


def _folder(server: Server) -> Path:
    return server.data_dir / "workroom.db.files"


def _files(server: Server) -> set[str]:
    """Names of all files that are kept, and of drafts."""
    return {path.name for path in (_folder(server)).rglob("*") if path.is_file()}


def _memory(pid: int, name: str) -> int:
    """Bytes of a process's memory, as the kernel tells it."""
    status = Path(f"/proc/{pid}/status").read_text()
    found = re.search(rf"{name}:\s+(\d+) kB", status)
    assert found is not None
    return int(found[1]) * 1024


async def _send(http: httpx.AsyncClient, name: str, content: bytes) -> str:
    """What became of an upload: ``accepted``, or the code of the refusal."""
    answer = await http.post(PROJECT, files={"file": (name, content)})
    return ACCEPTED if answer.status_code == 201 else str(answer.json()["code"])


@pytest.mark.timeout(300)
async def test_hostile_files_are_refused_or_harmless_and_cost_the_server_nothing(
    server: Server,
) -> None:
    async with _client(server) as http:
        await _send(http, "warm-up.png", good_files()["picture.png"][0])
        if sys.platform == "linux":
            Path(f"/proc/{server.pid}/clear_refs").write_text("5")  # begin a new peak
            before = _memory(server.pid, "VmRSS")
        wrong = {}
        for name, file in corpus().items():
            became = await _send(http, name, file.content)
            if became not in file.ends:
                wrong[name] = became
        assert wrong == {}
        assert (await http.get("/healthz")).status_code == 200
        if sys.platform == "linux":
            grown = _memory(server.pid, "VmHWM") - before
            print(f"server memory: +{grown / MIB:.1f} MiB at most")
            assert grown <= 20 * MIB
        listed = (await http.get(f"{PROJECT}?limit=100")).json()
        assert await _send(http, "good.flac", audio("FLAC")) == ACCEPTED
    assert len(_files(server)) == 2 * (listed["count"] + 1)
    assert not list((_folder(server) / "drafts").iterdir())


async def test_the_server_itself_never_loads_a_decoder(server: Server) -> None:
    async with _client(server) as http:
        assert await _send(http, "sound.ogg", good_files()["sound.ogg"][0]) == ACCEPTED
    if sys.platform == "linux":
        loaded = Path(f"/proc/{server.pid}/maps").read_text()
        for library in ("PIL", "numpy", "libsndfile"):
            assert library not in loaded


async def test_what_was_confirmed_is_there_after_a_crash_and_nothing_else(
    server: Server,
) -> None:
    content = image("PNG", size=(300, 300))
    async with _client(server) as http:
        before = (await http.get(PROJECT)).json()["count"]
        sending = [
            asyncio.ensure_future(_send(http, f"{number}.png", content)) for number in range(4)
        ]
        await asyncio.wait(sending, return_when=asyncio.FIRST_COMPLETED)
        server.kill()
        done = await asyncio.gather(*sending, return_exceptions=True)
    confirmed = done.count(ACCEPTED)
    assert confirmed >= 1

    server.start()
    async with _client(server) as http:
        listed = (await http.get(f"{PROJECT}?limit=100")).json()["results"]
        assert before + confirmed <= len(listed) <= before + len(sending)
        for canvas in listed:
            file = await http.get(f"/api/canvases/{canvas['id']}/file/")
            assert len(file.content) == canvas["size"]
            preview = await http.get(f"/api/canvases/{canvas['id']}/thumbnail/")
            assert preview.status_code == 200


async def test_what_a_crash_left_over_is_swept_at_the_next_start(server: Server) -> None:
    async with _client(server) as http:
        await _send(http, "kept.png", good_files()["picture.png"][0])
    good = _files(server)
    server.kill()
    folder = _folder(server)
    orphan, young, draft = "ab" * 16, "cd" * 16, "ef" * 16
    (folder / "ab").mkdir(exist_ok=True)
    (folder / "cd").mkdir(exist_ok=True)
    left = [folder / "ab" / orphan, folder / "cd" / young, folder / "drafts" / draft]
    for path in left:
        path.write_bytes(b"left over")
    for path in (left[0], left[2], *folder.glob("??/*")):
        if path.name != young:
            os.utime(path, (1, 1))

    server.start()
    deadline = time.monotonic() + PATIENCE
    while left[0].exists() or left[2].exists():
        assert time.monotonic() < deadline, "nothing was swept"
        await asyncio.sleep(0.05)

    assert _files(server) == good | {young}


def _request(server: Server, length: int) -> bytes:
    head = (
        f"POST {PROJECT} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {server.token('jane')}\r\n"
        f"Content-Type: multipart/form-data; boundary=B\r\nContent-Length: {length}\r\n\r\n"
        '--B\r\nContent-Disposition: form-data; name="file"; filename="a.png"\r\n\r\n'
    )
    return head.encode()


async def test_a_line_that_breaks_in_the_middle_leaves_nothing(server: Server) -> None:
    drafts = _folder(server) / "drafts"
    before = _files(server)
    request = _request(server, 10 * MIB) + image("PNG") + bytes(MIB)
    with socket.create_connection(("127.0.0.1", server.ports[0])) as line:
        line.sendall(request)
        deadline = time.monotonic() + PATIENCE
        while not any(path.stat().st_size for path in drafts.iterdir()):
            assert time.monotonic() < deadline, "nothing arrived"
            await asyncio.sleep(0.01)
    while list(drafts.iterdir()):
        assert time.monotonic() < deadline, "the draft is still there"
        await asyncio.sleep(0.01)

    assert _files(server) == before
    events = [json.loads(line)["event"] for line in server.output if line.startswith("{")]
    assert "internal_error" not in events


async def test_too_large_a_file_is_refused_while_it_arrives(server: Server) -> None:
    async def endless() -> Any:
        yield _request(server, 0).partition(b"\r\n\r\n")[2] + image("PNG")
        for _ in range(40):
            yield bytes(MIB)

    async with _client(server) as http:
        headers = {"Content-Type": "multipart/form-data; boundary=B"}
        answer = await http.post(PROJECT, content=endless(), headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
    assert not list((_folder(server) / "drafts").iterdir())


def _decoders(server: Server) -> list[Path]:
    """Where the kernel tells of the server's decoders."""
    children = Path(f"/proc/{server.pid}/task/{server.pid}/children").read_text().split()
    found = (Path(f"/proc/{child}") for child in children)
    return [process for process in found if b"media.child" in _told(process / "cmdline")]


def _told(path: Path) -> bytes:
    """What the kernel tells there of a process; nothing when that has ended."""
    with contextlib.suppress(OSError):
        return path.read_bytes()
    return b""


async def _upload_and_watch(
    server: Server, look: Callable[[Path], bool], content: bytes
) -> asyncio.Task[str]:
    """Upload a file, and look at its decoder until that has told enough."""
    async with _client(server) as http:
        for _ in range(20):  # on a busy machine one may come and go unseen
            sending = asyncio.ensure_future(_send(http, "long.flac", content))
            while not sending.done():
                if any(look(process) for process in _decoders(server)):
                    return sending
                await asyncio.sleep(0.002)
            assert await sending == ACCEPTED
    raise AssertionError("the decoder was not seen")


async def test_the_secret_is_not_told_to_decoders(server: Server) -> None:
    server.stop()
    server.env["WORKROOM_SECRET"] = "a-secret-that-no-decoder-may-know-" + "x" * 20
    server.start()
    seen = b""

    def look(process: Path) -> bool:
        nonlocal seen
        seen = _told(process / "environ")
        return bool(seen)

    sending = await _upload_and_watch(server, look, audio("FLAC", 800, 8_000))
    await asyncio.gather(sending, return_exceptions=True)

    assert b"OPENBLAS_NUM_THREADS=1" in seen
    assert b"a-secret" not in seen


async def test_a_server_that_dies_leaves_no_decoder_running(server: Server) -> None:
    seen: list[Path] = []

    def look(process: Path) -> bool:
        seen.append(process)
        return True

    sending = await _upload_and_watch(server, look, audio("FLAC", 800, 8_000))
    server.kill()
    await asyncio.gather(sending, return_exceptions=True)

    deadline = time.monotonic() + PATIENCE
    while any(b"media.child" in _told(process / "cmdline") for process in seen):
        assert time.monotonic() < deadline, "a decoder outlived its server"
        await asyncio.sleep(0.05)
