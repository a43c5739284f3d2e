"""Runs the real command line in processes of its own, on free ports and fresh directories."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import httpx
from websockets.sync.client import ClientConnection, connect

GOOD_SECRET = "kV9-qT2_wZ7xLm4nRb8cYd1fGh6jPs3u"
PATIENCE = 120.0
"""Seconds after which something that should have come counts as missing."""
PEOPLE = ("emma", "jane", "sarah", "mike", "admin", "john_doe")


def environment(data_dir: Path, **more: str) -> dict[str, str]:
    """This process's environment without Workroom's settings, and with these."""
    clean = {name: value for name, value in os.environ.items() if "WORKROOM" not in name.upper()}
    return {**clean, "WORKROOM_DATA_DIR": str(data_dir), "COLUMNS": "200", **more}


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "workroom", *arguments]


def workroom(
    data_dir: Path, *arguments: str, given: str | None = None, **more: str
) -> subprocess.CompletedProcess[str]:
    """Run one command to its end. ``given`` stands on its standard input."""
    return subprocess.run(
        command(*arguments),
        input=given or "",
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
        env=environment(data_dir, **more),
    )


def complaint(done: subprocess.CompletedProcess[str]) -> str:
    """The one line with which a command failed."""
    assert done.returncode == 1, (done.returncode, done.stderr)
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line.startswith("error: ")
    return line.removeprefix("error: ")


@dataclass
class Running:
    """A server in a process of its own."""

    process: subprocess.Popen[str]
    data_dir: Path
    port: int
    project_port: int
    said: list[str]
    """What it printed until it was ready."""

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """End it in good order; the exit code."""
        self.process.send_signal(number)
        return self.process.wait(PATIENCE)

    def get(self, path: str, token: str) -> Any:
        answer = httpx.get(
            f"http://127.0.0.1:{self.port}{path}",
            headers={"Authorization": f"Bearer {token}"},
            timeout=PATIENCE,
        )
        assert answer.status_code == 200, answer.text
        return answer.json()

    def patch(self, path: str, token: str, body: dict[str, Any]) -> Any:
        answer = httpx.patch(
            f"http://127.0.0.1:{self.port}{path}",
            headers={"Authorization": f"Bearer {token}"},
            json=body,
            timeout=PATIENCE,
        )
        assert answer.status_code == 200, answer.text
        return answer.json()

    def essay(self, token: str, number: int = 1) -> ClientConnection:
        address = f"ws://127.0.0.1:{self.port}/ws/essays/{number}/?token={token}"
        return connect(address, open_timeout=PATIENCE)

    def projects(self, token: str) -> ClientConnection:
        address = f"ws://127.0.0.1:{self.project_port}/?token={token}"
        return connect(address, open_timeout=PATIENCE)


@contextmanager
def serving(data_dir: Path, *arguments: str, **more: str) -> Iterator[Running]:
    """``workroom serve``, ready to answer."""
    yield from _running("serve", data_dir, arguments, {**more, "WORKROOM_LOG_FORMAT": "json"})


@contextmanager
def demo(data_dir: Path, *arguments: str, **more: str) -> Iterator[Running]:
    """``workroom demo``, ready to answer."""
    yield from _running("demo", data_dir, arguments, more)


def _running(
    name: str, data_dir: Path, arguments: tuple[str, ...], more: dict[str, str]
) -> Iterator[Running]:
    ports = {"WORKROOM_PORT": "0", "WORKROOM_PROJECT_PORT": "0", "WORKROOM_WORKER": "0"}
    listens_to_stderr = name == "serve"
    process = subprocess.Popen(
        command(name, *arguments),
        stdout=subprocess.DEVNULL if listens_to_stderr else subprocess.PIPE,
        stderr=subprocess.PIPE if listens_to_stderr else None,
        text=True,
        env=environment(data_dir, **{**ports, **more}),
    )
    try:
        said = process.stderr if listens_to_stderr else process.stdout
        assert said is not None
        find = _ports_of_serve if listens_to_stderr else _ports_of_demo
        lines, (port, project_port) = find(said)
        yield Running(process, data_dir, port, project_port, lines)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait(PATIENCE)
        for stream in (process.stdout, process.stderr):
            if stream is not None:
                stream.close()


def _ports_of_serve(stream: IO[str]) -> tuple[list[str], tuple[int, int]]:
    lines = []
    for line in stream:
        lines.append(line)
        event = json.loads(line)
        if event["event"] == "listening":
            first, last = event["ports"]
            return lines, (first, last)
    raise AssertionError("".join(lines))


def _ports_of_demo(stream: IO[str]) -> tuple[list[str], tuple[int, int]]:
    lines = []
    for line in stream:
        lines.append(line)
        if line.startswith("Ctrl-C ends it"):
            found = re.findall(r"ws://localhost:(\d+)", "".join(lines))
            return lines, (int(found[0]), int(found[1]))
    raise AssertionError("".join(lines))


def next_of(connection: ClientConnection, kind: str) -> dict[str, Any]:
    """The next message of that type."""
    while True:
        message: dict[str, Any] = json.loads(connection.recv(PATIENCE))
        if message["type"] == kind:
            return message
