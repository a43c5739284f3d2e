"""Processes that the tool starts, and may therefore end: nodes, and servers that they need.

Each is known by the process ids of what was started here, and by nothing else.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import socket
import subprocess
import sys
from abc import ABC, abstractmethod
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

import httpx

from workroom.errors import WorkroomError

START: Final = 90.0
"""Seconds in which a process has to be ready."""
_LOOK: Final = 0.1
HOST: Final = "127.0.0.1"
_POSTGRES: Final = "postgres"


class DidNotStart(WorkroomError):
    """Something that a run needs could not be started."""

    code = "did_not_start"


class Service(ABC):
    """One server, which can be killed, paused, and started again with what it had stored."""

    name: str

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.process: subprocess.Popen[bytes] | None = None
        self._paused: list[int] = []

    @abstractmethod
    def command(self) -> list[str]:
        """How to start it."""

    @abstractmethod
    async def answers(self) -> bool:
        """Whether it can be used."""

    def environment(self) -> Mapping[str, str] | None:
        """None: that of this process."""
        return None

    def user(self) -> str | None:
        """As whom it runs; None: as ourselves."""
        return None

    @property
    def running(self) -> bool:
        """It was started, and has not ended."""
        return self.process is not None and self.process.poll() is None

    async def start(self) -> None:
        """Start it, again if it gives up, and wait until it answers. Raises DidNotStart."""
        try:
            async with asyncio.timeout(START):
                while not (self.running and await self.answers()):
                    if not self.running:
                        self._spawn()  # as an init system would: what it needs may come back
                    await asyncio.sleep(_LOOK)
        except TimeoutError:
            message = f"{self.name} did not start; {self._log} says why"
            raise DidNotStart(message) from None

    @property
    def _log(self) -> Path:
        return self.folder / f"{self.name}.log"

    def _spawn(self) -> None:
        with self._log.open("ab") as output:
            self.process = subprocess.Popen(
                self.command(),
                env=self.environment(),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                user=self.user(),
                cwd=self.folder,
            )

    def kill(self, how: signal.Signals = signal.SIGKILL) -> None:
        """End it as a crash would, with what it started."""
        assert self.process is not None
        for pid in [self.process.pid, *_children(self.process.pid)]:
            _signal(pid, how)
        self._paused = []
        self.process.wait()

    def pause(self) -> None:
        """Let it stand still, with what it started."""
        assert self.process is not None
        self._paused = [self.process.pid, *_children(self.process.pid)]
        for pid in self._paused:
            _signal(pid, signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on."""
        for pid in self._paused:
            _signal(pid, signal.SIGCONT)
        self._paused = []

    def stop(self) -> None:
        """End it for good."""
        if self.running:
            self.resume()
            self.kill()


class Node(Service):
    """``workroom serve``."""

    def __init__(self, folder: Path, number: int, settings: Mapping[str, str]) -> None:
        super().__init__(folder)
        self.name = f"node{number}"
        self.port = free_port()
        self._settings = settings

    def command(self) -> list[str]:
        """As for every service."""
        return [sys.executable, "-m", "workroom", "serve"]

    def environment(self) -> Mapping[str, str]:
        """As for every service."""
        clean = {k: v for k, v in os.environ.items() if not k.upper().startswith("WORKROOM_")}
        port = str(self.port)
        ports = {"WORKROOM_PORT": port, "WORKROOM_PROJECT_PORT": port}
        return {**clean, **self._settings, **ports}

    @property
    def url(self) -> str:
        """Where REST is, past every gate."""
        return f"http://{HOST}:{self.port}"

    async def answers(self) -> bool:
        """As for every service."""
        with suppress(httpx.HTTPError):
            async with httpx.AsyncClient(trust_env=False, timeout=2.0) as client:
                return (await client.get(f"{self.url}/readyz")).is_success
        return False


class Redis(Service):
    """A Redis or Valkey server, which keeps an append-only file."""

    name = "redis"

    def __init__(self, folder: Path, program: str) -> None:
        super().__init__(folder)
        self.port = free_port()
        self._program = program

    def command(self) -> list[str]:
        """As for every service."""
        options = {"port": self.port, "bind": HOST, "dir": self.folder, "appendonly": "yes"}
        return [self._program, *_pairs(options)]

    async def answers(self) -> bool:
        """As for every service."""
        return b"+PONG" in await self._say(b"PING\r\n")

    async def flush(self) -> None:
        """Throw everything away that it knows."""
        await self._say(b"FLUSHALL\r\n")

    async def _say(self, command: bytes) -> bytes:
        with suppress(OSError, TimeoutError):
            async with asyncio.timeout(2.0):
                reader, writer = await asyncio.open_connection(HOST, self.port)
                try:
                    writer.write(command)
                    return await reader.read(64)
                finally:
                    writer.close()
        return b""


class Postgres(Service):
    """A PostgreSQL server of our own."""

    name = "postgres"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.port = free_port()
        self._data = folder / "pgdata"

    def user(self) -> str | None:
        """It refuses to run as root."""
        return _POSTGRES if os.geteuid() == 0 else None

    def prepare(self) -> None:
        """Make the cluster. Raises DidNotStart."""
        self._data.mkdir(mode=0o700)
        if (user := self.user()) is not None:
            shutil.chown(self._data, user)
            # It has to get there; what else is in the folder stays hidden from it.
            self._data.parent.chmod(0o711)
        options = ["-U", _POSTGRES, "-A", "trust", "-E", "UTF8", "--locale=C", "-D"]
        done = subprocess.run(
            [_program("initdb"), *options, str(self._data)],
            user=user,
            cwd="/",
            capture_output=True,
            check=False,
        )
        if done.returncode:
            message = f"initdb failed: {done.stderr.decode(errors='replace').strip()}"
            raise DidNotStart(message)

    def command(self) -> list[str]:
        """As for every service."""
        settings = {"port": self.port, "listen_addresses": HOST, "unix_socket_directories": ""}
        options = [part for k, v in settings.items() for part in ("-c", f"{k}={v}")]
        return [_program("postgres"), "-D", str(self._data), *options]

    async def answers(self) -> bool:
        """As for every service."""
        asked = [_program("pg_isready"), "-q", "-h", HOST, "-p", str(self.port), "-U", _POSTGRES]
        process = await asyncio.create_subprocess_exec(*asked)
        return await process.wait() == 0

    def stop_at_once(self) -> None:
        """Its immediate stop: no checkpoint, no goodbye."""
        assert self.process is not None
        self.process.send_signal(signal.SIGQUIT)
        self.process.wait()


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as trial:
        trial.bind((HOST, 0))
        port: int = trial.getsockname()[1]
        return port


def _pairs(options: Mapping[str, object]) -> list[str]:
    return [part for name, value in options.items() for part in (f"--{name}", str(value))]


def _program(name: str) -> str:
    """A program of PostgreSQL. Raises DidNotStart."""
    homes = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    found = shutil.which(name) or shutil.which(name, path=os.pathsep.join(map(str, homes)))
    if found is None:
        message = f"there is no {name} on this machine; install PostgreSQL, or give a --database"
        raise DidNotStart(message)
    return found


def _signal(pid: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, number)


def _children(pid: int) -> list[int]:
    """Processes that a process of ours has started, and what those have."""
    found: list[int] = []
    for listed in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(OSError):
            for child in map(int, listed.read_text("ascii").split()):
                found += [child, *_children(child)]
    return found
