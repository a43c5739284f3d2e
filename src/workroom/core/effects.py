"""What the shell must do for a room, in the order given."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Any

from workroom.core.commands import Origin
from workroom.core.entries import Entry
from workroom.core.events import Event
from workroom.core.signals import Signal
from workroom.core.values import value
from workroom.errors import WorkroomError
from workroom.ids import ConnectionId, UserId


@value
class Broadcast:
    """Tell everyone in the room, but for one user's connections or for some connections."""

    event: Event
    except_user: UserId | None = None
    except_connections: frozenset[ConnectionId] = frozenset()


@value
class Send:
    """Tell one connection."""

    connection: ConnectionId
    event: Event


@value
class Probe:
    """Ask a connection, behind what it has been told, whether that has arrived.

    ``number`` comes back with the answer (``Room.arrived``).
    """

    connection: ConnectionId
    number: int


@value
class Admit:
    """The connection follows the room from here on: what comes after reaches it."""

    connection: ConnectionId


@value
class Dismiss:
    """The connection no longer follows the room. ``refusal`` is told to it first, if any."""

    connection: ConnectionId
    refusal: WorkroomError | None = None


@value
class Acknowledge:
    """The command of ``origin`` is done, and durable. ``details`` go into the answer."""

    origin: Origin
    seq: int
    details: Mapping[str, Any] = field(default_factory=dict)
    unchanged: bool = False
    """It left nothing in the log, where it could have: perhaps it was done before."""


@value
class Refuse:
    """The command of ``origin`` was not carried out."""

    origin: Origin
    error: WorkroomError


@value
class Share:
    """The other nodes are to hear this of the room (``Room.heard``); it may get lost."""

    signal: Signal


Effect = Broadcast | Send | Probe | Admit | Dismiss | Acknowledge | Refuse | Share


@value
class Outcome:
    """What a command led to: entries to store, and what to do now.

    What must wait until the entries are durable is given by the room's ``committed``.
    """

    entries: tuple[Entry, ...] = ()
    effects: tuple[Effect, ...] = ()
