"""The worker processes of a run, from outside."""

from __future__ import annotations

import asyncio
import sys
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import orjson

from workroom.errors import WorkroomError
from workroom.truth.plan import Part, to_json

ENDING: Final = 30.0
"""Seconds in which a worker ends that was told to."""


class WorkerDied(WorkroomError):
    """A process with clients ended by itself: a mistake of the tool's."""

    code = "worker_died"


class Worker:
    """One process, and what it reported last."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.report: dict[str, Any] = {}
        self._reading = asyncio.ensure_future(self._read())

    async def _read(self) -> None:
        assert self._process.stdout is not None
        async for line in self._process.stdout:
            self.report = orjson.loads(line)

    async def order(self, order: bytes) -> None:
        """Tell it something. Raises WorkerDied."""
        assert self._process.stdin is not None
        self.check()
        self._process.stdin.write(order + b"\n")
        await self._process.stdin.drain()

    def check(self) -> None:
        """Raises WorkerDied."""
        if self._process.returncode is not None:
            message = f"a process with clients ended with {self._process.returncode}"
            raise WorkerDied(message)

    async def end(self) -> None:
        """Wait until it has ended, or make it."""
        try:
            async with asyncio.timeout(ENDING):
                await self._process.wait()
        finally:
            if self._process.returncode is None:
                self._process.kill()
                await self._process.wait()
            await self._reading


class Crew:
    """All of them."""

    def __init__(self, workers: Sequence[Worker]) -> None:
        self._workers = workers

    @property
    def totals(self) -> Counter[str]:
        """Counts of all workers."""
        totals: Counter[str] = Counter()
        for worker in self._workers:
            for name, value in worker.report.items():
                if isinstance(value, int):
                    totals[name] += value
        return totals

    def check(self) -> None:
        """Raises WorkerDied."""
        for worker in self._workers:
            worker.check()

    async def settle(self) -> None:
        """Nothing new is begun from here on. Raises WorkerDied."""
        for worker in self._workers:
            await worker.order(b"settle")

    def members(self) -> dict[str, tuple[str, bool, str | None]]:
        """Of each client, once they settle: its room, whether it is idle, the text it shows."""
        return {
            name: (room, idle, shown)
            for worker in self._workers
            for name, (room, idle, shown) in worker.report.get("members", {}).items()
        }

    async def end(self) -> None:
        """Have every client write down how it ends. Raises WorkerDied."""
        for worker in self._workers:
            await worker.order(b"end")
        for worker in self._workers:
            await worker.end()


@asynccontextmanager
async def hired(
    parts: Sequence[Part], nodes: Sequence[str], folder: Path, began: float, processes: int
) -> AsyncIterator[Crew]:
    """Processes that live through their parts; they end with the block."""
    workers: list[Worker] = []
    try:
        for number in range(processes):
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "workroom.truth.worker"),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                limit=1 << 26,
            )
            workers.append(Worker(process))
            share = [to_json(part) for part in parts[number::processes]]
            plan = {"nodes": list(nodes), "folder": str(folder), "began": began, "parts": share}
            await workers[-1].order(orjson.dumps(plan))
        yield Crew(workers)
    finally:
        for worker in workers:
            if worker._process.returncode is None:
                worker._process.kill()
            await worker.end()
