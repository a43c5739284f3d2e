"""The PostgreSQL and the bus that servers share: those of the command line, or our own."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tests.ports.bus_kit import Server as BusServer
from tests.postgres_kit import postgres

from bench.machine import cpu_seconds, offspring, pin

OWN: Final = "own"
"""In place of an address: start one, and end it afterwards."""
DATABASE_HELP: Final = "an empty PostgreSQL database, or 'own'"
REDIS_HELP: Final = "a Redis or Valkey server, or 'own'"


@dataclass(slots=True)
class Stores:
    """Where they are; None for what there is not."""

    database: str | None
    redis: str | None
    _roots: list[int] = field(default_factory=list)

    def cpu_seconds(self) -> float:
        """CPU time so far, of those that were started here."""
        return sum(cpu_seconds(pid) for pid in self._pids())

    def start_own(self, stack: ExitStack, cores: Sequence[int]) -> None:
        """Start what is wanted as ``own``, a database that syncs to the disk; keep it on these."""
        if self.database == OWN:
            server = stack.enter_context(postgres(durable=True, max_connections=100))
            self.database = server.url(asyncio.run(server.new_database()))
            self._roots.append(server.pid)
        if self.redis == OWN:
            bus = stack.enter_context(_own_bus())
            self.redis = bus.url
            assert bus.process is not None
            self._roots.append(bus.process.pid)
        for pid in self._pids() if cores else ():
            pin(pid, cores)  # what they start from now on stays there as well

    def _pids(self) -> Iterator[int]:
        for root in self._roots:
            yield from (root, *offspring(root))


@contextmanager
def stores(database: str | None, redis: str | None, cores: Sequence[int] = ()) -> Iterator[Stores]:
    """Both, ready. Each is an address, ``own``, or None for none."""
    with ExitStack() as stack:
        found = Stores(database, redis)
        found.start_own(stack, cores)
        yield found


@contextmanager
def _own_bus() -> Iterator[BusServer]:
    with tempfile.TemporaryDirectory(prefix="workroom-bus-") as folder:
        bus = BusServer(Path(folder))
        asyncio.run(bus.start())
        try:
            yield bus
        finally:
            bus.kill()
