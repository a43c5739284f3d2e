"""Starting and stopping the servers that are measured: each a process, on a free port."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Final, Self

from bench.machine import pin
from bench.wire import Address

HOST: Final = "127.0.0.1"
STARTUP: Final = 20.0
STOPPING: Final = 15.0
_ROOT: Final = Path(__file__).resolve().parent.parent

UNLIMITED: Final[Mapping[str, str]] = {
    "WORKROOM_MESSAGES_PER_SECOND": "1e9",
    "WORKROOM_MESSAGE_BURST": "1e9",
    "WORKROOM_MAX_CONNECTIONS_PER_USER": "1000000",
    "WORKROOM_MAX_UNAUTHENTICATED": "1000000",
    "WORKROOM_WORKER": "0",
    "WORKROOM_SHUTDOWN_SPREAD": "0",
    "WORKROOM_LOG_LEVEL": "warning",
}
"""Settings under which no limit measures itself; everything else stays as users have it."""


def free_port() -> int:
    """A port that nobody uses now."""
    with socket.socket() as sock:
        sock.bind((HOST, 0))
        port: int = sock.getsockname()[1]
        return port


class Server:
    """A server process; ``with`` stops it."""

    def __init__(self, name: str, command: Sequence[str], port: int, **env: str) -> None:
        """``env`` is added to the environment."""
        self.name = name
        self.address: Address = (HOST, port)
        self._output = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the server
        self._process = subprocess.Popen(
            [*command],
            env={**os.environ, **env, "PYTHONPATH": _python_path()},
            cwd=_ROOT,
            stdout=self._output,
            stderr=subprocess.STDOUT,
        )

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    def ready(self, cores: Sequence[int] = ()) -> Server:
        """Wait until it listens, and keep it on these cores if any. Raises ``RuntimeError``."""
        deadline = time.monotonic() + STARTUP
        while not _listens(self.address):
            if self._process.poll() is not None or time.monotonic() > deadline:
                message = f"{self.name} did not start"
                raise RuntimeError(message)
            time.sleep(0.02)
        if cores:
            pin(self.pid, cores)
        return self

    def stop(self, how: signal.Signals) -> int:
        """End it with this signal; its exit code."""
        self._process.send_signal(how)
        return self._process.wait(STOPPING)

    def output(self) -> str:
        """The end of what it has printed."""
        self._output.seek(0)
        return self._output.read().decode(errors="replace")[-3000:]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, error: BaseException | None, _trace: object
    ) -> None:
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(STOPPING)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if error is not None and (printed := self.output()):
            error.add_note(f"{self.name} printed:\n{printed}")
        self._output.close()


def baseline(module: str, name: str, port: int = 0) -> Server:
    """One of ``bench/baselines``; on any free port for 0."""
    port = port or free_port()
    return Server(name, [sys.executable, "-m", f"bench.baselines.{module}", str(port)], port)


def workroom(data_dir: Path, **env: str) -> Server:
    """``workroom serve`` on this data, with every limit out of the way."""
    port = free_port()
    settings = {
        **UNLIMITED,
        "WORKROOM_DATA_DIR": str(data_dir),
        "WORKROOM_PORT": str(port),
        "WORKROOM_PROJECT_PORT": str(port),
    }
    return Server("workroom", _workroom_command(), port, **settings, **env)


def seconds_to_healthz(data_dir: Path) -> float:
    """From the start of the process to the first byte of an answer to GET /healthz."""
    started = time.perf_counter()
    with ExitStack() as stack:
        server = stack.enter_context(workroom(data_dir))
        while time.perf_counter() < started + STARTUP:
            if _answers(server.address):
                return time.perf_counter() - started
            time.sleep(0.001)
        message = "no answer at /healthz"
        raise RuntimeError(message)


def _listens(address: Address) -> bool:
    try:
        socket.create_connection(address, timeout=1).close()
    except OSError:
        return False
    return True


def _answers(address: Address) -> bool:
    try:
        with socket.create_connection(address, timeout=STARTUP) as sock:
            sock.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            return bool(sock.recv(1))
    except OSError:
        return False


def _workroom_command() -> list[str]:
    return [sys.executable, "-m", "workroom", "serve"]


def _python_path() -> str:
    """The tree comes first, whether the package is installed or not."""
    inherited = os.environ.get("PYTHONPATH")
    return os.pathsep.join([str(_ROOT / "src"), *([inherited] if inherited else [])])
