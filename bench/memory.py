"""Resident memory of idle connections: authenticated, subscribed, and silent."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.crew import Crew
from bench.machine import rss_kib
from bench.plan import Plan
from bench.servers import Server, baseline, workroom
from bench.wire import Door
from bench.world import Wanted, make_world, prose

WORDS: Final = 250
PEOPLE: Final = 20
"""Readers of each essay; each has one connection."""
_FIRST: Final = 20
"""Connections that come before the first reading: what the first ones load is not theirs."""


@dataclass(frozen=True, slots=True)
class Memory:
    """KiB of a server, before and with so many idle connections."""

    server: str
    connections: int
    before: int
    after: int

    @property
    def each(self) -> float:
        """KiB for each connection."""
        return (self.after - self.before) / self.connections


def measure_memory(
    plan: Plan, crew: Crew, scratch: Path, say: Callable[[str], None]
) -> list[Memory]:
    """Workroom first, then the baselines."""
    count = (plan.idle + _FIRST) // PEOPLE
    wanted = [Wanted(prose(WORDS, seed=at), ("Emma Brown",), PEOPLE) for at in range(count)]
    essays = make_world(scratch, wanted)
    paths = [person.path(essay.number) for essay in essays for person in essay.readers]
    figures = []
    with ExitStack() as stack:
        server = stack.enter_context(workroom(scratch)).ready()
        figures.append(_measured(crew, server, paths, plan.calm))
    for module, name in (("websockets_server", "websockets"), ("starlette_app", "starlette")):
        with baseline(module, name) as server:
            doors = ["/listen"] * len(paths)
            figures.append(_measured(crew, server.ready(), doors, plan.calm))
    say("memory of idle connections")
    return figures


def _measured(crew: Crew, server: Server, paths: list[str], calm: float) -> Memory:
    doors = [Door(server.address, path) for path in paths]
    crew.connect("idle", doors[:_FIRST])
    time.sleep(calm)
    before = rss_kib(server.pid)
    crew.connect("idle", doors[_FIRST:])
    time.sleep(calm)
    after = rss_kib(server.pid)
    crew.close("idle")
    return Memory(server.name, len(doors) - _FIRST, before, after)
