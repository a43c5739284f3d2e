"""A run: load and faults for a while, then quiet, then the truth."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from workroom.truth.checker import check
from workroom.truth.crew import Crew, hired
from workroom.truth.faults import Breaker, Fault, schedule
from workroom.truth.history import SUFFIX, History
from workroom.truth.plan import Load, Room, cast
from workroom.truth.rest import Unusable, furnish, people_of, read_state, rest, write_finals
from workroom.truth.stage import Stage
from workroom.truth.violations import Verdict

QUIET: Final = 90.0
"""Seconds within which all must have the same, when nobody writes any more."""
LOOK: Final = 0.5


@dataclass(frozen=True, slots=True)
class Script:
    """What a run is: with the same seed, the same people, words and faults."""

    seed: int
    seconds: float
    load: Load
    faults_every: float
    """Seconds between two faults of servers, on average; 0: none."""
    processes: int


@dataclass(frozen=True, slots=True)
class Progress:
    """How a run stands."""

    phase: str
    seconds: float
    totals: Counter[str]
    faults: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run came to."""

    verdict: Verdict
    seconds: float
    settled: float | None
    """Seconds until all had the same; None: not within ``QUIET``."""
    faults: Sequence[Fault]


Show = Callable[[Progress], None]


async def run(stage: Stage, script: Script, folder: Path, show: Show) -> Outcome:
    """Run, and check. Raises WorkroomError when the run itself fails."""
    people = await people_of(stage.nodes[0], stage.tokens)
    rooms = await furnish(stage.nodes[0], people, script.load.rooms)
    parts = cast(script.load, people, rooms, script.seed)
    began = time.time()
    faults = schedule(script.seed, script.seconds, script.faults_every, stage.scene.kinds())
    broken = History(folder / f"faults{SUFFIX}", began, e="faults")
    breaker = Breaker(stage.scene, broken)
    async with hired(parts, stage.doors, folder, began, script.processes) as crew:
        await _breaks(
            breaker, faults, script, lambda phase: _show(show, phase, began, crew, breaker)
        )
        quiet_since = time.time()
        await crew.settle()
        settled = await _agree(
            crew, stage, rooms, lambda phase: _show(show, phase, began, crew, breaker)
        )
        ended = time.time()
        await crew.end()
    broken.close()
    finals = History(folder / f"final{SUFFIX}", began, e="final")
    await write_finals(stage.nodes, rooms, people[0].token, finals)
    finals.close()
    show(Progress("checking", time.time() - began, Counter(), breaker.done))
    verdict = await asyncio.to_thread(_checked, folder)
    return Outcome(verdict, ended - began, ended - quiet_since if settled else None, faults)


def _checked(folder: Path) -> Verdict:
    return check(folder.glob(f"*{SUFFIX}"))


def _show(show: Show, phase: str, began: float, crew: Crew, breaker: Breaker) -> None:
    crew.check()
    show(Progress(phase, time.time() - began, crew.totals, breaker.done))


async def _breaks(
    breaker: Breaker, faults: Sequence[Fault], script: Script, tell: Callable[[str], None]
) -> None:
    """Load and faults, until the time is over and everything is mended."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    breaking = asyncio.ensure_future(breaker.breaks(faults, began))
    try:
        while loop.time() < began + script.seconds or not breaking.done():
            tell("load and faults")
            await asyncio.sleep(LOOK)
            if breaking.done():
                breaking.result()
    finally:
        breaking.cancel()
        with suppress(asyncio.CancelledError, Exception):
            await breaking


async def _agree(
    crew: Crew, stage: Stage, rooms: Sequence[Room], tell: Callable[[str], None]
) -> bool:
    """Wait until every client has what every node has; whether that came."""
    until = time.time() + QUIET
    while time.time() < until:
        tell("settling")
        members = crew.members()
        if members and all(idle for _, idle, _ in members.values()):
            with suppress(Unusable):
                texts = [await _texts(node, rooms, stage.tokens[0]) for node in stage.nodes]
                shown = [(room, text) for room, _, text in members.values()]
                if all(each[room] == text for each in texts for room, text in shown):
                    return True
        await asyncio.sleep(LOOK)
    return False


async def _texts(node: str, rooms: Sequence[Room], token: str) -> dict[str, str | None]:
    async with rest(node) as asked:
        states = [await read_state(asked, room, token) for room in rooms]
    return {state["room"]: state.get("hash") for state in states}
