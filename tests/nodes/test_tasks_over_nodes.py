"""Tasks whose worker speaks to one node, and whose people are on another."""

from __future__ import annotations

import base64
import json
import os
import socket
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image
from redis.asyncio import Redis
from websockets.sync.client import connect

from cli_kit import GOOD_SECRET, Running
from tests.nodes.real import PATIENCE, Guest, Site, site
from tests.postgres_kit import Postgres
from workroom.tasks.presence import PREFIX
from workroom.tasks.types import QUEUE

PACE = 0.25
"""Seconds between two ``task_progress`` of a task."""


@pytest.fixture
async def place(postgres_server: Postgres) -> AsyncIterator[Site]:
    database = postgres_server.url(await postgres_server.new_database())
    with tempfile.TemporaryDirectory(prefix="wr-") as folder, site(Path(folder), database) as made:
        made.env["WORKROOM_TASK_TOKEN"] = GOOD_SECRET
        made.env["WORKROOM_FILES_DIR"] = str(made.folder / "files")
        await made.bus.start()
        async with Redis.from_url(made.bus.url) as redis:
            await redis.set(PREFIX + QUEUE, "1")  # the test is the worker
        await made.furnish("emma")
        yield made


class Studio:
    """Emma's project with a picture, and a worker that speaks to one node."""

    def __init__(self, place: Site, node: Running) -> None:
        self.node = node
        self.token = place.tokens["emma"]
        self.project = self.asks("/api/projects/", json={"title": "Moods"})["id"]
        picture = BytesIO()
        Image.new("RGB", (8, 8)).save(picture, "PNG")
        files = {"file": ("picture.png", picture.getvalue())}
        self.canvas = self.asks(f"/api/projects/{self.project}/canvases/", files=files)["id"]

    def asks(self, path: str, token: str | None = None, **more: Any) -> Any:
        headers = {"Authorization": f"Bearer {token or self.token}"}
        url = f"http://127.0.0.1:{self.node.port}{path}"
        answer = httpx.post(url, headers=headers, timeout=PATIENCE, **more)
        assert answer.is_success, answer.text
        return answer.json()

    def begins(self) -> str:
        """A task that its worker has claimed."""
        body = {"task_type": "analyze_image_emotion"}
        task_id = str(self.asks(f"/api/canvases/{self.canvas}/tasks/", json=body)["task_id"])
        assert self.says(task_id, "claim", run="r", worker="w")["claim"] == "granted"
        return task_id

    def says(self, task_id: str, verb: str, **body: Any) -> Any:
        return self.asks(f"/api/internal/tasks/{task_id}/{verb}/", GOOD_SECRET, json=body)

    def ends(self) -> str:
        """A task that has come to its end."""
        task_id = self.begins()
        self.says(task_id, "settle", attempt=1, status="completed", findings={})
        return task_id

    @contextmanager
    def member(self, node: Running) -> Iterator[Guest]:
        """A plain connection of Emma's that is in the project."""
        address = f"ws://127.0.0.1:{node.project_port}/?token={self.token}"
        with connect(address, open_timeout=PATIENCE, ping_interval=None) as connection:
            guest = Guest(connection)
            connection.send(self._join())
            guest.until(lambda m: m["type"] == "project_updated")
            yield guest

    def silent_member(self, node: Running) -> socket.socket:
        """The same, of which nothing more is heard, as behind a cable that is pulled."""
        line = socket.create_connection(("127.0.0.1", node.project_port), timeout=PATIENCE)
        key = base64.b64encode(os.urandom(16)).decode()
        body = self._join().encode()
        line.sendall(
            f"GET /?token={self.token} HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\n"
            "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            f"Sec-WebSocket-Key: {key}\r\n\r\n".encode()
        )
        _read_to(line, b"\r\n\r\n")
        line.sendall(bytes((0x81, 0x80 | len(body), 0, 0, 0, 0)) + body)
        _read_to(line, b'"project_updated"')
        return line

    def _join(self) -> str:
        return json.dumps({"type": "join_project", "payload": {"project_id": self.project}})


def _read_to(line: socket.socket, words: bytes) -> None:
    heard = b""
    while words not in heard:
        piece = line.recv(4096)
        assert piece, heard
        heard += piece


async def test_progress_is_seen_on_the_other_node_at_a_pace_and_to_the_last(place: Site) -> None:
    a, b = place.node(), place.node()
    studio = Studio(place, a)
    with studio.member(b) as emma:
        began = time.monotonic()
        task_id = studio.begins()
        for number in range(1, 51):
            studio.says(
                task_id, "report", attempt=1, number=number, percent=2 * number, message=f"{number}"
            )
        emma.until(lambda m: m["type"] == "task_progress" and m["payload"]["progress"] == 100)
        seconds = time.monotonic() - began
        studio.says(task_id, "settle", attempt=1, status="completed", findings={"mood": "calm"})
        ended = emma.until(lambda m: m["type"] == "task_completed")
    shown = [m["payload"] for m in emma.told if m["type"] == "task_progress"]
    percents = [each["progress"] for each in shown]
    assert percents == sorted(percents)
    assert percents[-1] == 100
    assert shown[-1]["message"] == "50"
    assert len(shown) <= seconds / PACE + 2
    assert ended["payload"]["result"]["mood"] == "calm"


async def test_what_the_worker_said_last_comes_before_the_end_on_every_node(place: Site) -> None:
    a, b = place.node(), place.node()
    studio = Studio(place, a)
    with studio.member(b) as emma:
        task_id = studio.begins()
        for number, percent in ((1, 10), (2, 60), (3, 90)):  # faster than it is shown
            studio.says(
                task_id, "report", attempt=1, number=number, percent=percent, message="On it"
            )
        studio.says(task_id, "settle", attempt=1, status="completed", findings={})
        emma.until(lambda m: m["type"] == "task_completed")
    shown = [m["payload"]["progress"] for m in emma.told if m["type"] == "task_progress"]
    assert shown[-1] == 90


async def test_who_read_of_an_end_on_one_node_is_told_on_the_line_that_broke_at_another(
    place: Site,
) -> None:
    a, b = place.node(), place.node()
    studio = Studio(place, a)
    with studio.member(a) as reading:
        broken = studio.silent_member(b)
        missed = studio.ends()
        reading.until(lambda m: m["type"] == "task_completed")
        with studio.member(b) as again:  # before anybody has seen the other line break
            told = again.until(lambda m: m["type"] == "task_completed")
            assert told["payload"]["task_id"] == missed
        broken.close()
