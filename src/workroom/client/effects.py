"""What the pure parts want done: the shell carries these out in order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

from workroom.client.errors import Problem
from workroom.client.wire import Json


@dataclass(frozen=True, slots=True)
class AskToken:
    """Ask the program for a token; answer with ``token`` or ``no_token``."""


@dataclass(frozen=True, slots=True)
class Open:
    """Open a connection with this token."""

    token: str


@dataclass(frozen=True, slots=True)
class Drop:
    """Let go of the socket; nothing of it is to be heard any more."""


@dataclass(frozen=True, slots=True)
class Send:
    """Write this message."""

    message: Json


@dataclass(frozen=True, slots=True)
class Timer:
    """Call ``timer(room, name)`` after so many seconds, instead of what was set before."""

    room: int | None
    """None: a timer of the connection."""
    name: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Answer:
    """A request has its answer: what the ``ack`` told, or why it was not done."""

    room: int
    request_id: str
    answer: Json | Problem


@dataclass(frozen=True, slots=True)
class Tell:
    """Something happened in a room."""

    room: int
    event: Any
    """One of the classes in ``events``."""


@dataclass(frozen=True, slots=True)
class Gone:
    """A room is closed for good."""

    room: int
    problem: Problem


Effect: TypeAlias = AskToken | Open | Drop | Send | Timer | Answer | Tell | Gone
