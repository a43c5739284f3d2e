"""Confirmed edits: pairs who type into their essays, every keystroke stored and acknowledged."""

from __future__ import annotations

import multiprocessing
import statistics
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Final, Self

from bench.crew import Undelivered
from bench.machine import cpu_seconds, device_flushes, pin
from bench.plan import Plan
from bench.servers import Server, workroom
from bench.typing_pool import Outcome, Seat, Shift, TypingPool
from bench.typist import opening_text
from bench.wire import Address, Door
from bench.world import Essay, Wanted, make_world, prose

WORDS: Final = 250
EXTENDED: Final = "workroom.v1"
_WARM_UP: Final = 1.0


@dataclass(frozen=True, slots=True)
class Edits:
    """What came of one way to type. Delays in milliseconds."""

    loop: str
    asked: float | None
    """Edits per second that were sent; None for as many as were answered."""
    acks: float
    """Confirmed edits per second."""
    p50: float
    p99: float
    cpu: float
    """Cores that the server used."""
    cpu_per_edit: float
    """Microseconds."""
    flushes: float
    """Cache flushes per second of all disks: fsyncs, ours and everybody else's."""
    late: int
    """Saves that the load generator itself sent more than 5 ms late."""
    damaged: int
    """Typists who do not find in the server's text what they wrote. Anything but 0 is a defect."""


def measure_edits(plan: Plan, scratch: Path, say: Callable[[str], None]) -> list[Edits]:
    """Raises ``Undelivered`` when an edit was refused or not confirmed."""
    essays = make_world(scratch, [_essay(plan, at) for at in range(plan.essays)])
    shifts = [Shift(plan.edit_seconds, rate) for rate in (None, *plan.edit_rates)]
    with ExitStack() as stack:
        server = stack.enter_context(workroom(scratch)).ready(plan.edit_server_cores)
        office = stack.enter_context(_Office(plan, _seats(server.address, essays)))
        office.work(Shift(_WARM_UP, None))
        found = []
        for shift in shifts:
            found.append(_measured(server, office, shift))
            asked = "as fast as they are confirmed" if shift.rate is None else f"{shift.rate}/s"
            say(f"edits: {asked}")
    return found


def _essay(plan: Plan, at: int) -> Wanted:
    names = tuple(f"Writer {at}-{i}" for i in range(plan.writers))
    return Wanted(opening_text(prose(WORDS, seed=at), plan.writers), names)


def _seats(address: Address, essays: Sequence[Essay]) -> list[Seat]:
    return [
        Seat(
            Door(address, person.path(essay.number), EXTENDED),
            essay.number,
            at,
            f"{essay.number}.{at}",
        )
        for at in range(len(essays[0].writers))
        for essay in essays
        for person in [essay.writers[at]]
    ]


def _measured(server: Server, office: _Office, shift: Shift) -> Edits:
    cpu, flushes = cpu_seconds(server.pid), device_flushes()
    outcomes = office.work(shift)
    cpu, flushes = cpu_seconds(server.pid) - cpu, device_flushes() - flushes
    _check(outcomes)
    delays = sorted(delay * 1000 for outcome in outcomes for delay in outcome.delays)
    seconds = statistics.mean(outcome.seconds for outcome in outcomes)
    return Edits(
        loop="closed" if shift.rate is None else "open",
        asked=shift.rate,
        acks=len(delays) / seconds,
        p50=delays[len(delays) // 2],
        p99=delays[len(delays) * 99 // 100],
        cpu=cpu / seconds,
        cpu_per_edit=cpu / len(delays) * 1e6,
        flushes=flushes / seconds,
        late=sum(outcome.missed for outcome in outcomes),
        damaged=sum(outcome.damaged for outcome in outcomes),
    )


def _check(outcomes: Sequence[Outcome]) -> None:
    refused = [text for outcome in outcomes for text in outcome.refused]
    unanswered = sum(outcome.unanswered for outcome in outcomes)
    if refused or unanswered:
        message = f"{unanswered} edits unanswered, refused: {refused[:3]}"
        raise Undelivered(message)


class _Office:
    """Several processes of typists."""

    def __init__(self, plan: Plan, seats: Sequence[Seat]) -> None:
        context = multiprocessing.get_context("fork")
        self._hands: list[tuple[Any, Connection]] = []
        cores = plan.reader_cores[-2:]
        for at, core in enumerate(cores):
            ours, theirs = context.Pipe()
            process = context.Process(
                target=_type, args=(theirs, seats[at :: len(cores)], core), daemon=True
            )
            process.start()
            self._hands.append((process, ours))
        for failure in [pipe.recv() for _, pipe in self._hands]:
            if failure is not None:
                raise Undelivered(failure)
        self._count = len(cores)

    def work(self, shift: Shift) -> list[Outcome]:
        """All of them at once; ``shift.rate`` is for all of them together."""
        rate = None if shift.rate is None else shift.rate / self._count
        for _, pipe in self._hands:
            pipe.send(Shift(shift.seconds, rate))
        outcomes = [pipe.recv() for _, pipe in self._hands]
        for outcome in outcomes:
            if not isinstance(outcome, Outcome):
                raise Undelivered(outcome)
        return outcomes

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for process, pipe in self._hands:
            pipe.close()
            process.join(5)


def _type(pipe: Connection, seats: Sequence[Seat], core: int | None) -> None:
    if core is not None:
        pin(0, [core])
    try:
        pool = TypingPool(seats)
        pipe.send(None)
        while True:
            pipe.send(pool.work(pipe.recv()))
    except EOFError:
        pool.leave()
    except (OSError, ValueError) as error:
        pipe.send(f"{type(error).__name__}: {error}")
