"""What is broken on purpose, and when: a schedule by a seed, and how it is carried out.

Only what the tool started itself is ever ended or paused. Links are gates of the tool's own.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from workroom.errors import WorkroomError
from workroom.truth.bus_gate import BusGate
from workroom.truth.gates import Gate
from workroom.truth.history import History
from workroom.truth.services import Node, Postgres, Redis, Service

_Thing = TypeVar("_Thing")

LONG: Final = 30.0
"""Seconds of the long pauses."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing to be broken. Times are seconds; ``at`` counts from the beginning."""

    at: float
    what: str
    which: float
    """0 to 1: which of those that it can happen to."""
    seconds: float

    def __str__(self) -> str:
        return f"{self.at:8.1f} s  {self.what} ({self.seconds:.1f} s)"


@dataclass(frozen=True, slots=True)
class Scene:
    """What there is to be broken."""

    nodes: Sequence[Node] = ()
    doors: Sequence[Gate] = ()
    """In front of the nodes."""
    buses: Sequence[BusGate] = ()
    databases: Sequence[Gate] = ()
    """Between each node and those."""
    redis: Redis | None = None
    postgres: Postgres | None = None

    def kinds(self) -> dict[str, int]:
        """The faults that can happen here, and how often each of them compared to the others."""
        found = {
            "kill node": 6 * len(self.nodes),
            "pause node": 3 * len(self.nodes),
            "pause node for long": bool(self.nodes),
            "cut clients off": 6 * len(self.doors),
            "let clients wait": 6 * len(self.doors),
            "cut the bus off": 5 * len(self.buses),
            "let the bus wait": 4 * len(self.buses),
            "stir the bus": 6 * len(self.buses),
            "cut the database off": 4 * len(self.databases),
            "let the database wait": 4 * len(self.databases),
        }
        if self.redis is not None:
            found |= {
                "kill redis": 3,
                "flush redis": 3,
                "pause redis": 2,
                "pause redis for long": 1,
            }
        if self.postgres is not None:
            more = {"stop postgres": 3, "kill postgres": 2, "pause postgres": 2}
            found |= {**more, "pause postgres for long": 1}
        return {what: weight for what, weight in found.items() if weight}


def schedule(seed: int, seconds: float, every: float, kinds: dict[str, int]) -> list[Fault]:
    """The faults of a run: one every so many seconds, on average, until shortly before the end."""
    if not kinds or not every:
        return []
    chance = random.Random(f"faults {seed}")
    names, faults, at = list(kinds), [], 0.0
    while (at := at + chance.expovariate(1 / every)) < seconds:
        what = chance.choices(names, [kinds[name] for name in names])[0]
        lasts = LONG if what.endswith("for long") else chance.uniform(0.2, 6.0)
        faults.append(Fault(at, what, chance.random(), lasts))
    return faults


class Breaker:
    """Carries out a schedule, one fault after the other for each thing that can be broken."""

    def __init__(self, scene: Scene, history: History) -> None:
        self._scene = scene
        self._history = history
        self._busy: set[object] = set()
        self.done = 0

    async def breaks(self, faults: Sequence[Fault], began: float) -> None:
        """Until all is done, and mended. Raises DidNotStart."""
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.TaskGroup() as group:
                for fault in faults:
                    await asyncio.sleep(max(0.0, began + fault.at - loop.time()))
                    group.create_task(self._break(fault))
        except* WorkroomError as failed:
            failures = failed
        else:
            return
        raise failures.exceptions[0]

    async def _break(self, fault: Fault) -> None:
        target, work = self._work(fault)
        if target in self._busy:
            return  # it is broken already
        self._busy.add(target)
        self._history.note("fault", what=fault.what, seconds=round(fault.seconds, 1))
        self.done += 1
        try:
            await work(fault.seconds)
        finally:
            self._busy.discard(target)

    def _work(self, fault: Fault) -> tuple[object, Callable[[float], Awaitable[None]]]:
        scene = self._scene
        what = fault.what.removesuffix(" for long")
        match what.split():
            case ["kill", "node"]:
                node = _one(scene.nodes, fault)
                return node, lambda seconds: _kill(node, seconds)
            case ["pause", "node"]:
                node = _one(scene.nodes, fault)
                return node, lambda seconds: _pause(node, seconds)
            case ["stop" | "kill" | "pause", "postgres"] if scene.postgres is not None:
                return scene.postgres, _how(scene.postgres, what)
            case ["flush" | "kill" | "pause", "redis"] if scene.redis is not None:
                return scene.redis, _how(scene.redis, what)
            case [how, *words]:
                gates: Sequence[Gate] = scene.doors if "clients" in words else scene.buses
                if "database" in words:
                    gates = scene.databases
                gate = _one(gates, fault)
                return gate, lambda seconds: _on_gate(gate, how, seconds)
        raise ValueError(fault.what)


def _one(things: Sequence[_Thing], fault: Fault) -> _Thing:
    return things[int(fault.which * len(things))]


def _how(service: Service, what: str) -> Callable[[float], Awaitable[None]]:
    async def work(seconds: float) -> None:
        if what.startswith("pause"):
            await _pause(service, seconds)
        elif isinstance(service, Redis) and what.startswith("flush"):
            await service.flush()
        elif isinstance(service, Postgres) and what.startswith("stop"):
            service.stop_at_once()
            await asyncio.sleep(seconds)
            await service.start()
        else:
            await _kill(service, seconds)

    return work


async def _kill(service: Service, seconds: float) -> None:
    service.kill()
    await asyncio.sleep(min(seconds, 2.0))
    await service.start()


async def _pause(service: Service, seconds: float) -> None:
    service.pause()
    try:
        await asyncio.sleep(seconds)
    finally:
        service.resume()


async def _on_gate(gate: Gate, how: str, seconds: float) -> None:
    if isinstance(gate, BusGate) and how == "stir":
        gate.stir(seconds)
    elif how == "cut":
        gate.part(seconds)
    else:
        gate.stall(seconds)
    await asyncio.sleep(seconds)
