"""Who takes part in a run: said once, by a seed, and handed to the worker processes as JSON."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final, Literal

Kind = Literal["essay", "project", "plain", "yjs"]


@dataclass(frozen=True, slots=True)
class Person:
    """A user of the server. ``token`` stays out of histories and reports."""

    user: int
    token: str


@dataclass(frozen=True, slots=True)
class Room:
    """A room that was made for the run."""

    kind: Literal["essay", "project"]
    number: int

    @property
    def name(self) -> str:
        """As in histories."""
        return f"{self.kind}/{self.number}"


@dataclass(frozen=True, slots=True)
class Part:
    """One client. Times are seconds."""

    name: str
    kind: Kind
    room: Room
    person: Person
    seed: str
    writes: bool
    slow: bool
    """It reads slowly now and then, through a small window."""
    think: float
    """Between two requests, on average."""
    trouble: float
    """Between two faults that it makes by itself, on average; 0: it makes none."""


@dataclass(frozen=True, slots=True)
class Load:
    """How much of what."""

    clients: int
    rooms: int
    think: float
    trouble: float


MIX: Final[Sequence[tuple[Kind, bool]]] = (
    *(("essay", True), ("essay", True), ("yjs", True), ("essay", False)),
    *(("plain", False), ("essay", True), ("yjs", True), ("essay", True)),
)
"""The clients of an essay, over and over: what they speak, and whether they write the text."""


def cast(load: Load, people: Sequence[Person], rooms: Sequence[Room], seed: int) -> list[Part]:
    """All clients of a run.

    Every fourth room is a project. A plain client that writes the text has an essay of its own, the
    last one: what it deletes must not be open to interpretation.
    """
    chance = random.Random(seed)
    places = [0] * len(rooms)
    alone = next((room for room in reversed(rooms) if room.kind == "essay"), None)
    parts = []
    for number in range(load.clients):
        at = number % len(rooms)
        kind, writes = _role(rooms[at], places[at], alone=rooms[at] is alone)
        places[at] += 1
        part = Part(
            name=f"c{number}",
            kind=kind,
            room=rooms[at],
            person=people[number % len(people)],
            seed=f"{seed}/{number}/{chance.random()}",
            writes=writes,
            slow=number % 5 == 3,
            think=load.think,
            trouble=load.trouble,
        )
        parts.append(part)
    return parts


def _role(room: Room, place: int, *, alone: bool) -> tuple[Kind, bool]:
    if room.kind == "project":
        return "project", True
    if alone:
        return ("plain", True) if place == 0 else (MIX[place % len(MIX)][0], False)
    return MIX[place % len(MIX)]


def to_json(part: Part) -> dict[str, Any]:
    """For a worker process."""
    return asdict(part)


def from_json(given: dict[str, Any]) -> Part:
    """What ``to_json`` wrote."""
    return Part(**{**given, "room": Room(**given["room"]), "person": Person(**given["person"])})
