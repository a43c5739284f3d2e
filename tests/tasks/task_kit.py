"""A real server with a real broker and worker, and people who watch tasks."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.net.live import Client, Message, Server, python_client

PLUGIN = Path(__file__).parent / "plugin"
PROJECT = 123
PATIENCE = 120.0
"""Seconds in which whatever happens to a task has to be over."""


@contextlib.contextmanager
def demo(data_dir: Path, **env: str) -> Iterator[Server]:
    """The demo with its embedded worker."""
    server = Server(data_dir, "demo", {"WORKROOM_WORKER": "1", "PYTHONPATH": str(PLUGIN), **env})
    try:
        yield server.start()
    finally:
        if server.process is not None and server.process.poll() is None:
            server.stop(signal.SIGTERM)


async def until(holds: Callable[[], Any], what: str, seconds: float = PATIENCE) -> Any:
    """Wait until something is so; its value."""
    end = time.monotonic() + seconds
    while not (value := holds()):
        assert time.monotonic() < end, f"not within {seconds} s: {what}"
        await asyncio.sleep(0.02)
    return value


def canvases(server: Server) -> dict[str, int]:
    """The demo's canvases by kind."""
    status, page = server.rest("GET", f"/api/projects/{PROJECT}/canvases/", "jane")
    assert status == 200, page
    return {each["kind"]: each["id"] for each in page["results"]}


async def begin(
    server: Server, task_type: str, canvas: int | None = None, username: str = "jane"
) -> str:
    """Begin a task, as soon as there is a worker; its id."""
    if canvas is None:
        canvas = (await asyncio.to_thread(canvases, server))["image"]
    end = time.monotonic() + PATIENCE
    while True:
        status, body = await asyncio.to_thread(
            server.rest,
            "POST",
            f"/api/canvases/{canvas}/tasks/",
            username,
            {"task_type": task_type},
        )
        if status == 202:
            return str(body["task_id"])
        assert (status, body["code"]) == (503, "no_worker"), body
        assert time.monotonic() < end, "there is no worker"
        await asyncio.sleep(0.1)


async def task(server: Server, task_id: str) -> Any:
    """The task as REST shows it."""
    status, body = await asyncio.to_thread(server.rest, "GET", f"/api/tasks/{task_id}/", "jane")
    assert status == 200, body
    return body


@dataclass
class Watcher:
    """Somebody in the project, over all their connections."""

    server: Server
    username: str
    client: Client | None = None
    heard: list[tuple[float, Message]] = field(default_factory=list)
    ends: list[float] = field(default_factory=list)
    """When connections ended."""

    def of(self, kind: str, task_id: str | None = None) -> list[dict[str, Any]]:
        """The payloads of this kind, of one task or of all."""
        return [payload for _, payload in self.timed(kind, task_id)]

    def timed(self, kind: str, task_id: str | None = None) -> list[tuple[float, dict[str, Any]]]:
        """The same, each with the time when it was heard."""
        return [
            (at, message["payload"])
            for at, message in self.heard
            if message["type"] == kind
            and (task_id is None or message["payload"]["task_id"] == task_id)
        ]

    async def completed(self, task_id: str, seconds: float = PATIENCE) -> dict[str, Any]:
        """What is told when the task ends."""
        found = await until(
            lambda: self.of("task_completed", task_id), f"the end of {task_id}", seconds
        )
        return dict(found[0])


@contextlib.asynccontextmanager
async def watching(
    server: Server, username: str, *, extended: bool = False
) -> AsyncIterator[Watcher]:
    """Somebody who joins the project and stays."""
    watcher = Watcher(server, username)
    token = await asyncio.to_thread(server.token, username)
    protocols = ["workroom.v1"] if extended else None
    async with python_client(server.project_url(token), protocols=protocols) as client:
        watcher.client = client
        take_down(client, watcher)
        await join(client)
        yield watcher


def take_down(client: Client, watcher: Watcher) -> None:
    """Have everything that a connection hears written down with its time."""
    hear = client.hear

    def listen(message: Message) -> None:
        watcher.heard.append((time.monotonic(), message))
        hear(message)

    client.hear = listen  # type: ignore[method-assign]


async def join(client: Client) -> None:
    """Join the project, and wait until its state is there."""
    await client.send({"type": "join_project", "payload": {"project_id": PROJECT}})
    await client.next("project_updated")


# ---- processes --------------------------------------------------------------------------------


def descendants(pid: int) -> dict[int, str]:
    """Every process under this one, with its command line."""
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError, IndexError):
                stat = (entry / "stat").read_text().rpartition(")")[2].split()
                if stat[0] != "Z":
                    parents.setdefault(int(stat[1]), []).append(int(entry.name))
    found: dict[int, str] = {}
    wanted = [pid]
    while wanted:
        for child in parents.get(wanted.pop(), []):
            with contextlib.suppress(OSError):
                line = Path(f"/proc/{child}/cmdline").read_bytes().replace(b"\0", b" ")
                found[child] = line.decode("utf-8", "replace")
                wanted.append(child)
    return found


@dataclass(frozen=True)
class Processes:
    """The processes of the embedded worker."""

    keeper: list[int]
    broker: list[int]
    worker: list[int]
    children: list[int]


def processes(server_pid: int) -> Processes:
    """Who is there just now."""
    found = descendants(server_pid)
    celery = [pid for pid, line in found.items() if " celery " in line]
    above = {pid: parent_of(pid) for pid in celery}
    mains = [pid for pid in celery if above[pid] not in celery]
    return Processes(
        keeper=[pid for pid, line in found.items() if "workroom.tasks.keeper" in line],
        broker=[pid for pid, line in found.items() if "valkey" in line or "redis-server" in line],
        worker=mains,
        children=[pid for pid in celery if pid not in mains],
    )


def parent_of(pid: int) -> int:
    with contextlib.suppress(OSError, IndexError):
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    return 0


def alive(pid: int) -> bool:
    """The process is there, and no zombie."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


def kill(pids: list[int]) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
