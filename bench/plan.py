"""How much is measured, and on which cores."""

from __future__ import annotations

from dataclasses import dataclass, replace

from bench.machine import cores


@dataclass(frozen=True, slots=True)
class Plan:
    """Times in seconds."""

    members: tuple[int, ...] = (10, 100, 1000)
    bursts: tuple[int, ...] = (1, 16)
    long_bursts: tuple[int, ...] = (64,)
    """More bursts of small events: more than a server may care to handle in one turn."""
    cycles: int = 5
    seconds: float = 0.8
    """How long each server is measured in each cycle."""
    settle: float = 0.3
    eager: bool = False
    """Whether the readers are woken by every frame; see ``reader.py``."""
    edit_seconds: float = 6.0
    """How long each way of typing is measured."""
    edit_rates: tuple[int, ...] = (2000, 5000)
    """Edits per second, one after the other, of the open loops."""
    essays: int = 100
    writers: int = 2
    """Connections in each of these essays."""
    save_batches: int = 12
    idle: int = 2000
    calm: float = 3.0
    """How long idle connections are left alone before memory is read."""
    starts: int = 5
    server_cores: tuple[int, ...] = ()
    """Where the servers are kept during the fan-out; anywhere if empty."""
    edit_server_cores: tuple[int, ...] = ()
    """The same for the edits, where a second thread of the server writes to the disk."""
    reader_cores: tuple[int | None, ...] = (None, None)


def full() -> Plan:
    """Everything, in less than six minutes."""
    return _placed(Plan())


def quick() -> Plan:
    """A look at everything in less than a minute; the figures are rough."""
    small = Plan(
        long_bursts=(),
        cycles=2,
        seconds=0.12,
        settle=0.1,
        edit_seconds=1.5,
        save_batches=3,
        idle=300,
        calm=1.0,
        starts=2,
    )
    return _placed(small)


def _placed(plan: Plan) -> Plan:
    """The servers on other cores than the load generator, as far as there are any."""
    first, *others = cores()
    if not others:
        return plan
    mine = (first, *others[:-2])
    return replace(
        plan, server_cores=(first,), edit_server_cores=mine, reader_cores=tuple(others[:3])
    )
