"""What a wire format has to offer: messages in, commands out; events in, messages out.

It never decides.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from enum import IntEnum
from typing import Any, Protocol

from workroom.core.commands import Command, Join
from workroom.core.events import Event
from workroom.core.values import value
from workroom.errors import WorkroomError
from workroom.ids import RoomId, RoomKind


class Form(IntEnum):
    """How much a connection is told: the documented messages alone, or all (``workroom.v1``)."""

    PLAIN = 0
    EXTENDED = 1


SUBPROTOCOL = "workroom.v1"
"""The WebSocket subprotocol by which a client asks for the extended form."""


@value
class RoomRequest:
    """A command for a room; None: the one in the address.

    An ``AddFeedback`` carries id 0: the service gives it a real one.
    """

    room: RoomId | None
    command: Command
    request_id: str | None = None


@value
class TokenRequest:
    """``refresh_token``: go on with this token."""

    token: str = field(repr=False)
    request_id: str | None = None


Request = RoomRequest | TokenRequest


@value
class Ack:
    """The answer to a request of an extended connection that was carried out."""

    request_id: str
    room: RoomId | None
    seq: int | None
    details: Mapping[str, Any]
    """Further fields, as ``feedback_id``; plain JSON values."""


class Dialect(Protocol):
    """One wire format. Stateless; one instance serves all connections."""

    name: str
    """``essay``, ``project`` or ``yjs``: a label in logs and metrics."""
    kind: RoomKind
    max_rooms: int
    """How many rooms one connection may be in."""
    arrival: Join
    """How a connection enters the room in its address.

    With ``replica``, a client cannot take back what it sent: it is read more slowly where others
    are refused, asked again where the store failed, and closed when the room refuses an update.
    """

    def decode(self, text: bytes, form: Form) -> Request:
        """Read one text message.

        Raises InvalidJson, InvalidMessage (``field`` names the place), UnknownAction, TooLarge. Use
        ``request_id_of`` to find out which request an error answers.
        """

    def decode_binary(self, message: bytes) -> Request:
        """Read one binary message. Raises InvalidMessage, TooLarge."""

    def request_id_of(self, text: bytes) -> str | None:
        """The ``request_id`` of a message that could not be decoded, where one can be found."""

    def encode(self, event: Event, form: Form) -> bytes | None:
        """The message for an event; None when this form has none for it."""

    def encode_ack(self, ack: Ack) -> bytes | None:
        """The answer to a request that was carried out (extended form only).

        None where requests have no ids.
        """

    def encode_error(
        self, error: WorkroomError, form: Form, request_id: str | None = None
    ) -> bytes | None:
        """The message for an error; None when there is none for it.

        ``request_id`` is repeated in the extended form.
        """

    def encode_shutdown(self, form: Form, retry_after: float) -> bytes | None:
        """What every connection is told before the server closes it to restart.

        ``retry_after`` (seconds) is when to come back, for the extended form.
        """

    def frame(self, payload: bytes) -> bytes:
        """The frame for a message."""
