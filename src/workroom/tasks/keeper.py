"""Keeps the embedded broker and worker running, and ends them with the server.

The server starts this as ``python -m workroom.tasks.keeper`` and holds its standard input, on which
it sends one line of JSON: the command of each process. When that input ends (the server stopped, or
was killed) everything started here is ended. What dies before is started again, at first at once,
then after longer and longer pauses. If this process is killed, the kernel ends what it started
(Linux).

A private broker is alone on its socket: whoever starts one there takes the socket from the one
before, and that one, when it ends, removes it. So a keeper that is given a lock file begins when no
other keeper has it: after a server that was killed a moment ago, or beside one on the same data.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import json
import os
import signal
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from workroom.tasks.parent import die_with_parent

LONGEST_PAUSE: Final = 10.0
"""Seconds between two starts of what dies at once, at most."""
LIVES: Final = 20.0
"""A process that lived so long is started again at once."""
POLITE: Final = 3.0
"""Seconds that a process has to end before it is killed."""
LOCK_EVERY: Final = 0.1
"""Seconds between two attempts to get the lock."""


@dataclass(frozen=True, slots=True)
class Job:
    """A process to keep: its command, what ends it politely, and for which socket it waits."""

    name: str
    command: list[str]
    ends_by: int
    needs_socket: str | None = None
    nice: int = 0


def jobs_of(line: bytes) -> list[Job]:
    """The jobs that one line of JSON names."""
    return [Job(**each) for each in json.loads(line)]


async def keep(jobs: list[Job], stopping: asyncio.Event) -> None:
    """Run the jobs until ``stopping``; the last one is ended first."""
    keepers = []
    for job in jobs:
        stop = asyncio.Event()
        keepers.append((stop, asyncio.ensure_future(_keep_one(job, stop))))
    await stopping.wait()
    for stop, running in reversed(keepers):
        stop.set()
        await running


async def wait_alone(lock: int, stopping: asyncio.Event) -> None:
    """Until this keeper alone has the open lock file; or ``stopping`` is set."""
    waits = False
    while not stopping.is_set() and not _locked(lock):
        if not waits:
            _say("another server has the broker on this data; waiting until it has ended")
            waits = True
        await _set_within(stopping, LOCK_EVERY)


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


async def _keep_one(job: Job, stop: asyncio.Event) -> None:
    pause = 0.0
    loop = asyncio.get_running_loop()
    while not await _set_within(stop, pause):
        if job.needs_socket is not None and not await _answers(job.needs_socket):
            pause = 0.1
            continue
        began = loop.time()
        process = await _start(job)
        ended = asyncio.ensure_future(process.wait())
        stopped = asyncio.ensure_future(stop.wait())
        await asyncio.wait((ended, stopped), return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()
        if stop.is_set():
            await _end(process, job)
            return
        _say(f"{job.name} ended with {process.returncode}; starting it again")
        _kill_group(process.pid)  # its children, if it had any
        lived = loop.time() - began
        pause = 0.0 if lived > LIVES else min(max(pause * 2, 0.25), LONGEST_PAUSE)


async def _start(job: Job) -> asyncio.subprocess.Process:
    def prepare() -> None:
        die_with_parent()
        os.nice(job.nice)

    # This process has one thread, so preparing the child between fork and exec is safe.
    return await asyncio.create_subprocess_exec(
        *job.command, stdin=asyncio.subprocess.DEVNULL, start_new_session=True, preexec_fn=prepare
    )


async def _end(process: asyncio.subprocess.Process, job: Job) -> None:
    with contextlib.suppress(ProcessLookupError):
        process.send_signal(job.ends_by)
    try:
        async with asyncio.timeout(POLITE):
            await process.wait()
    except TimeoutError:
        pass
    _kill_group(process.pid)
    await process.wait()


def _kill_group(pid: int) -> None:
    """Kill what is left of a process and its children; each was started in a group of its own."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


async def _answers(path: str) -> bool:
    """Somebody listens on the Unix socket."""
    try:
        _, writer = await asyncio.open_unix_connection(path)
    except OSError:
        return False
    writer.close()
    return True


async def _set_within(event: asyncio.Event, seconds: float) -> bool:
    if seconds <= 0:
        return event.is_set()
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
    return event.is_set()


def _say(text: str) -> None:
    sys.stderr.write(f"workroom worker: {text}\n")
    sys.stderr.flush()


async def _main(lock: int | None) -> None:
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    line = await reader.readline()
    if not line:
        return
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    watching = asyncio.ensure_future(_watch(reader, stopping))
    if lock is not None:
        await wait_alone(lock, stopping)
    if not stopping.is_set():
        await keep(jobs_of(line), stopping)
    watching.cancel()


async def _watch(reader: asyncio.StreamReader, stopping: asyncio.Event) -> None:
    """The server holds the other end: its end is ours."""
    while await reader.read(4096):
        pass
    stopping.set()


def program(lock: Path | None) -> list[str]:
    """The command that starts a keeper; ``lock``: the file that only one of them may have."""
    named = [] if lock is None else [str(lock)]
    return [sys.executable, "-m", "workroom.tasks.keeper", *named]


if __name__ == "__main__":
    os.umask(0o077)
    with contextlib.ExitStack() as stack:
        named = [stack.enter_context(Path(each).open("ab")) for each in sys.argv[1:2]]
        asyncio.run(_main(named[0].fileno() if named else None))
