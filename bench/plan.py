"""How much is measured, and on which cores."""

from __future__ import annotations

from dataclasses import dataclass

from bench.machine import cores


@dataclass(frozen=True, slots=True)
class Plan:
    """Times in seconds."""

    members: tuple[int, ...] = (10, 100, 1000)
    bursts: tuple[int, ...] = (1, 16)
    cycles: int = 5
    seconds: float = 0.8
    """How long each server is measured in each cycle."""
    settle: float = 0.3
    edit_seconds: float = 12.0
    edit_rate: int = 5000
    """Edits per second of the open loop."""
    essays: int = 100
    writers: int = 2
    """Connections in each of these essays."""
    idle: int = 2000
    starts: int = 5
    server_core: int | None = None
    reader_cores: tuple[int | None, ...] = (None, None)


def full() -> Plan:
    """Everything, in less than six minutes."""
    server, readers = _placed()
    return Plan(server_core=server, reader_cores=readers)


def quick() -> Plan:
    """A look at everything in less than a minute; the figures are rough."""
    server, readers = _placed()
    return Plan(
        cycles=2,
        seconds=0.2,
        settle=0.2,
        edit_seconds=3.0,
        idle=500,
        starts=2,
        server_core=server,
        reader_cores=readers,
    )


def _placed() -> tuple[int | None, tuple[int | None, ...]]:
    """The server on one core and the readers on others, as far as there are any."""
    server, *others = cores()
    if not others:
        return None, (None,)
    return server, tuple(others[:3])
