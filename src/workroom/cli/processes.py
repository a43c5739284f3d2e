"""``serve --workers N``: several server processes on one port, kept by a small one.

Each process is a node like any other: the kernel deals connections out to them, PostgreSQL and the
bus hold them together. One that dies is started again; SIGTERM and Ctrl-C end all of them in good
order. When this process is killed, the others notice and end as well.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import sys
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NoReturn

from workroom.cli.failures import FAILED, INTERRUPTED
from workroom.errors import Misconfigured
from workroom.observe import logger

if TYPE_CHECKING:
    from workroom.config import Settings

GLANCE: Final = 0.05
"""Seconds between two looks at the processes."""
PATIENCE: Final = 20.0
"""Seconds that they have to end in good order, beside those that the settings give to the end."""
SHORT_LIFE: Final = 10.0
"""Seconds: one that ended sooner waits before it is started again, ever longer."""
LONGEST_PAUSE: Final = 10.0

log = logger("workers")

Child = Callable[[int, "Lifeline"], int]
"""Serves as the n-th process; gives the exit code."""


def require_what_joins_nodes(settings: Settings) -> None:
    """Raise Misconfigured unless several processes can serve the same rooms."""
    missing = []
    if settings.database_path is not None:
        missing.append("a PostgreSQL database (WORKROOM_DATABASE)")
    if settings.redis is None:
        missing.append("a Redis or Valkey server (WORKROOM_REDIS)")
    if missing:
        message = f"several processes need {' and '.join(missing)} to work together"
        raise Misconfigured(message, field="WORKROOM_WORKERS")


def patience(settings: Settings) -> float:
    """Seconds after which a process that was told to end is killed."""
    return settings.shutdown_notice + settings.shutdown_spread + PATIENCE


def reserve(host: str, port: int, setting: str) -> socket.socket:
    """Hold a port that several processes will listen on. Raises Misconfigured."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    try:
        sock.bind((host, port))
    except OSError as error:
        sock.close()
        message = f"cannot listen on {host}:{port}: {error.strerror}"
        raise Misconfigured(message, field=f"WORKROOM_{setting.upper()}") from error
    return sock


@dataclass(frozen=True, slots=True)
class Lifeline:
    """What a process has of the one that keeps it."""

    parent: int
    """A pipe that ends when the keeper does."""
    ready: int
    """A pipe on which it says that it serves."""

    def hold(self) -> None:
        """From now on this process ends in good order when its keeper is no more."""
        threading.Thread(target=self._wait_for_the_end, name="lifeline", daemon=True).start()

    def _wait_for_the_end(self) -> None:
        while os.read(self.parent, 1):
            continue
        os.kill(os.getpid(), signal.SIGTERM)

    def serves(self) -> None:
        """Say that this process serves."""
        with contextlib.suppress(OSError):
            os.write(self.ready, b"1")
            os.close(self.ready)


@dataclass(slots=True)
class _Process:
    """One of the processes; ``pid`` None: it waits to be started again."""

    number: int
    pid: int | None = None
    began: float = 0.0
    ready: int = -1
    serving: bool = False
    pause: float = 0.1
    due: float = 0.0


class Processes:
    """Starts the processes, and sees to it that they live."""

    def __init__(self, count: int, child: Child, patience: float) -> None:
        """``patience``: seconds that they have to end in good order."""
        self._child = child
        self._patience = patience
        self._processes = [_Process(number) for number in range(count)]
        self._stopping = False
        self._code = 0
        self._alive, self._lifeline = os.pipe()

    def run(self) -> int:
        """Until somebody stops it; the exit code."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        for process in self._processes:
            self._start(process)
        deadline = None
        while not self._stopping or any(each.pid is not None for each in self._processes):
            time.sleep(GLANCE)
            self._look()
            if self._stopping and deadline is None:
                self._signal_all(signal.SIGTERM)
                deadline = time.monotonic() + self._patience
            elif deadline is not None and time.monotonic() > deadline:
                self._signal_all(signal.SIGKILL)
        return self._code

    def _stop(self, _number: int, _frame: object) -> None:
        self._stopping = True

    def _look(self) -> None:
        for process in self._processes:
            self._hear(process)
            if process.pid is not None:
                pid, status = os.waitpid(process.pid, os.WNOHANG)
                if pid:
                    self._ended(process, os.waitstatus_to_exitcode(status))
            elif not self._stopping and time.monotonic() >= process.due:
                self._start(process)

    def _hear(self, process: _Process) -> None:
        """Whether it says that it serves."""
        if process.ready >= 0:
            with contextlib.suppress(BlockingIOError):
                process.serving = os.read(process.ready, 1) == b"1" or process.serving
                os.close(process.ready)
                process.ready = -1

    def _ended(self, process: _Process, code: int) -> None:
        lived = time.monotonic() - process.began
        process.pid = None
        if process.ready >= 0:
            os.close(process.ready)
            process.ready = -1
        if self._stopping:
            still_starting = code == INTERRUPTED
            self._code = self._code or (0 if still_starting else max(code, 0))
        elif not process.serving and code > 0:
            # It said what is wrong with its settings, and would say it again.
            self._stopping, self._code = True, code
        else:
            process.pause = 0.1 if lived > SHORT_LIFE else min(process.pause * 2, LONGEST_PAUSE)
            process.due = time.monotonic() + process.pause
            log.warning("process_ended", number=process.number, code=code)

    def _start(self, process: _Process) -> None:
        ready, says = os.pipe()
        os.set_blocking(ready, False)
        process.began, process.serving = time.monotonic(), False
        pid = os.fork()
        if pid == 0:
            os.close(ready)
            os.close(self._lifeline)
            os.setpgid(0, 0)  # Ctrl-C is for the keeper alone
            _end(lambda: self._child(process.number, Lifeline(self._alive, says)))
        os.close(says)
        process.pid, process.ready = pid, ready

    def _signal_all(self, number: int) -> None:
        for process in self._processes:
            if process.pid is not None:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(process.pid, number)


def _end(work: Callable[[], int]) -> NoReturn:
    """Do the work of a forked process, and end it there, whatever happens."""
    code = FAILED
    try:
        code = work()
    except BaseException:  # noqa: BLE001 - what called ``fork`` must not go on twice
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
