"""Deliveries per CPU-second: one event to many members, alone and in bursts, side by side."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from bench.crew import Crew, Publisher, Undelivered
from bench.loads import AUTHOR, TYPIST, EssayLoad, Load, TypingLoad, essay_text
from bench.machine import cpu_seconds
from bench.plan import Plan
from bench.reader import Arm
from bench.servers import Server, baseline, workroom
from bench.wire import Door
from bench.world import Essay, Wanted, make_world

READERS: Final = 100
"""Users who read; each of them has several tabs open when there are more members."""
EXTENDED: Final = "workroom.v1"
WARM_UP: Final = 2


@dataclass(slots=True)
class Run:
    """One server over one cell: a figure for each cycle."""

    rates: list[float] = field(default_factory=list)
    """Deliveries per CPU-second."""
    busy: list[float] = field(default_factory=list)
    """Share of a core that the server used."""
    deliveries: int = 0


@dataclass(slots=True)
class Cell:
    """One kind of event, to so many members, so many at once."""

    event: str
    size: float
    members: int
    burst: int
    runs: dict[str, Run] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Stand:
    """A server with its members and its way to publish."""

    server: Server
    publish_door: Callable[[Load], Door]
    member_door: Callable[[int], Door]
    messages: Callable[[Load, int], Sequence[bytes]]

    @property
    def name(self) -> str:
        """The server's name, which is the group of its members too."""
        return self.server.name


def measure_fanout(plan: Plan, crew: Crew, scratch: Path, say: Callable[[str], None]) -> list[Cell]:
    """Every cell of the plan. Raises ``Undelivered`` when a member did not get everything."""
    content = essay_text()
    essay = make_world(scratch, [Wanted(content, (AUTHOR, TYPIST), READERS)])[0]
    cells: list[Cell] = []
    with ExitStack() as stack:
        stands = [
            _workroom_stand(stack.enter_context(workroom(scratch)), essay),
            _baseline_stand(stack.enter_context(baseline("websockets_server", "websockets"))),
            _baseline_stand(stack.enter_context(baseline("starlette_app", "starlette"))),
        ]
        for stand in stands:
            stand.server.ready(plan.server_cores)
        loads = [TypingLoad(essay), EssayLoad(essay)]
        for load in loads:
            _learn(load, stands[0])
        present = 0
        for members in plan.members:
            for stand in stands:
                doors = [stand.member_door(at) for at in range(present, members)]
                crew.connect(stand.name, doors)
            present = members
            time.sleep(plan.settle)
            for load in loads:
                small = isinstance(load, TypingLoad)
                for burst in plan.bursts + (plan.long_bursts if small else ()):
                    cells.append(_cell(plan, crew, stands, load, members, burst))
                    say(f"fan-out: {load.name} to {members}, {burst} at once")
        for stand in stands:
            crew.close(stand.name)
    return cells


def _workroom_stand(server: Server, essay: Essay) -> Stand:
    readers = essay.readers
    return Stand(
        server,
        lambda load: Door(server.address, essay.writers[load.writer].path(essay.number), EXTENDED),
        lambda at: Door(server.address, readers[at % len(readers)].path(essay.number)),
        lambda load, count: load.asks(count),
    )


def _baseline_stand(server: Server) -> Stand:
    return Stand(
        server,
        lambda _: Door(server.address, "/publish"),
        lambda _: Door(server.address, "/listen"),
        lambda load, count: load.payloads(count),
    )


def _learn(load: Load, stand: Stand) -> None:
    publisher, member = Publisher(stand.publish_door(load)), Publisher(stand.member_door(0))
    publisher.drain(wait=0.5)
    member.drain()
    load.learn(publisher, member)
    for each in (publisher, member):
        each.close()


def _cell(
    plan: Plan, crew: Crew, stands: Sequence[Stand], load: Load, members: int, burst: int
) -> Cell:
    cell = Cell(load.name, load.size, members, burst, {stand.name: Run() for stand in stands})
    publishers = {stand.name: Publisher(stand.publish_door(load)) for stand in stands}
    time.sleep(plan.settle)
    for _ in range(plan.cycles):
        for stand in stands:
            segment = _Segment(crew, stand, load, publishers[stand.name], burst, plan.eager)
            segment.measure(plan.seconds, cell.runs[stand.name], members)
    for publisher in publishers.values():
        publisher.close()
    return cell


@dataclass(slots=True)
class _Segment:
    """One server at work for one moment."""

    crew: Crew
    stand: Stand
    load: Load
    publisher: Publisher
    burst: int
    eager: bool
    rounds: int = 0

    def measure(self, seconds: float, run: Run, members: int) -> None:
        """Publish for so long, and add what came of it to ``run``."""
        load, group, pid = self.load, self.stand.name, self.stand.server.pid
        self.publisher.drain()
        self.crew.arm(Arm(group, self.burst, load.prefixes, load.read_size, self.eager))
        self._publish(WARM_UP)
        cpu, started = cpu_seconds(pid), time.perf_counter()
        while (elapsed := time.perf_counter() - started) < seconds:
            self._publish(2)
        cpu = cpu_seconds(pid) - cpu
        deliveries = (self.rounds - WARM_UP) * self.burst * members
        run.rates.append(deliveries / cpu)
        run.busy.append(cpu / elapsed)
        run.deliveries += deliveries
        self._check(members)

    def _publish(self, rounds: int) -> None:
        """Rounds come in pairs, so that nobody is left typing."""
        for _ in range(rounds):
            self.publisher.send(self.stand.messages(self.load, self.burst))
            self.crew.wait()
            self.rounds += 1
        if self.rounds % 64 == 0:
            self.publisher.drain()

    def _check(self, members: int) -> None:
        counted = self.crew.tally(self.stand.name)
        expected = [self.rounds * self.burst] * members
        if counted.counts != expected or counted.lost:
            message = f"{self.stand.name}: expected {expected[0]} frames each, got {counted.counts}"
            raise Undelivered(message)
        last = set(counted.last)
        if len(last) != 1 or not self.load.is_newest(last.pop()):
            message = f"{self.stand.name}: a member's last event is not the one published last"
            raise Undelivered(message)
