"""The Yjs dialect: y-protocols (sync, awareness, auth) in binary messages, as ``y-websocket`` does.

A message is its kind (a number) and what belongs to it. There are no ids, no acknowledgements, and
one form of refusal, "permission denied", which ``y-websocket`` shows on the console.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

import orjson

from workroom.core import commands, events
from workroom.core.awareness import ClientState
from workroom.core.essays.editors import EditorCommand
from workroom.errors import (
    InvalidMessage,
    RateLimited,
    TooLarge,
    Unavailable,
    WorkroomError,
)
from workroom.ids import RoomKind
from workroom.protocol import essay_inbound as inbound
from workroom.protocol.dialect import Ack, Form, Request, RoomRequest, TokenRequest
from workroom.protocol.frames import binary_frame
from workroom.protocol.lib0 import Reader, chunk, number
from workroom.protocol.reading import read_object, refuse_bad_characters
from workroom.protocol.shapes import reader, string_at, unknown
from workroom.protocol.writing import dump, text_of, told

SYNC, AWARENESS, AUTH, QUERY_AWARENESS = range(4)
"""Kinds of messages."""
STEP_1, STEP_2, UPDATE = range(3)
"""Kinds of sync messages: a state vector, what lacked beyond one, an update."""
PERMISSION_DENIED: Final = 0

MOST_STATES: Final = 1000
"""Entries of one awareness message: editors repeat what they hear of others."""
LARGEST_STATE: Final = 2048
"""Bytes of what one editor shows, as JSON."""
LARGEST_VECTOR: Final = 128 * 1024
"""Bytes of a state vector: about 18,000 copies that ever wrote."""


class YjsDialect:
    """The wire format of ``/yjs/essays/{id}``. Implements ``Dialect``."""

    name = "yjs"
    kind = RoomKind.ESSAY
    max_rooms = 1
    arrival = commands.Join(quiet=True, replica=True)

    def decode(self, text: bytes, form: Form) -> Request:  # noqa: ARG002 - one form for all
        """Read a text message: only ``refresh_token``, as in the essay format, comes so."""
        message, suspicious = read_object(text)
        if suspicious:
            refuse_bad_characters(message)
        action = string_at(message, "action")
        if action != "refresh_token":
            raise unknown(action, field="action", known=("refresh_token",))
        return _read_refresh(message)

    def decode_binary(self, message: bytes) -> Request:
        """Read a message of y-protocols. Raises InvalidMessage, TooLarge."""
        read = Reader(message)
        kind = read.number()
        if kind == SYNC:
            command: _Command = _sync(read)
        elif kind == AWARENESS:
            command = commands.ShowAwareness(tuple(_states(Reader(read.chunk()))))
        elif kind == QUERY_AWARENESS:
            command = commands.QueryAwareness()
        else:
            raise InvalidMessage(f"there is no message of kind {kind} that clients send")
        read.end()
        return RoomRequest(None, command)

    def request_id_of(self, text: bytes) -> str | None:  # noqa: ARG002 - there are none
        """No message has one."""
        return None

    def encode(self, event: events.Event, form: Form) -> bytes | None:  # noqa: ARG002 - as above
        """The message for an event; None where there is none in y-protocols."""
        write = _WRITERS.get(type(event))
        return None if write is None else write(event)

    def encode_ack(self, ack: Ack) -> bytes | None:  # noqa: ARG002 - as above
        """Requests have no ids here."""
        return None

    def encode_error(
        self,
        error: WorkroomError,
        form: Form,  # noqa: ARG002 - as above
        request_id: str | None = None,  # noqa: ARG002 - as above
    ) -> bytes | None:
        """Permission denied, and why; None where the server makes up for it by itself."""
        known = told(error, "essay")
        if isinstance(known, Unavailable | RateLimited):
            return None
        reason = chunk(f"{known.code}: {text_of(known)}".encode())
        return number(AUTH) + number(PERMISSION_DENIED) + reason

    def encode_shutdown(self, form: Form, retry_after: float) -> bytes | None:  # noqa: ARG002
        """The close code says it."""
        return None

    def frame(self, payload: bytes) -> bytes:
        """The frame for a message."""
        return binary_frame(payload)


# From clients

_Command = commands.ApplyUpdate | EditorCommand


def _refresh(asked: inbound.RefreshEssayToken) -> Request:
    return TokenRequest(asked.token)


_read_refresh = reader(inbound.RefreshEssayToken, _refresh)


def _sync(read: Reader) -> commands.Synchronize | commands.ApplyUpdate:
    step, payload = read.number(), read.chunk()
    if step in (STEP_2, UPDATE):
        return commands.ApplyUpdate(payload)
    if step != STEP_1:
        raise InvalidMessage(f"there is no sync message of kind {step}")
    if len(payload) > LARGEST_VECTOR:
        message = f"a state vector holds at most {LARGEST_VECTOR} bytes, this has {len(payload)}"
        raise TooLarge(message)
    return commands.Synchronize(payload)


def _states(read: Reader) -> list[ClientState]:
    count = read.number()
    if count > MOST_STATES:
        message = f"an awareness message holds at most {MOST_STATES} states, this has {count}"
        raise TooLarge(message)
    states = [ClientState(read.number(), read.number(), _state(read.chunk())) for _ in range(count)]
    read.end()
    return states


def _state(text: bytes) -> Mapping[str, Any] | None:
    if len(text) > LARGEST_STATE:
        message = f"an awareness state holds at most {LARGEST_STATE} bytes, this has {len(text)}"
        raise TooLarge(message)
    try:
        state: Any = orjson.loads(text)
        orjson.dumps(state)  # it may be nested more deeply than what can be written again
    except (orjson.JSONDecodeError, TypeError):
        raise InvalidMessage("an awareness state is JSON") from None
    if state is not None and type(state) is not dict:
        raise InvalidMessage("an awareness state is an object, or null")
    return state


# To clients

_STEP_1: Final = number(SYNC) + number(STEP_1)
_STEP_2: Final = number(SYNC) + number(STEP_2)
_UPDATE: Final = number(SYNC) + number(UPDATE)


def _requested(event: events.SyncRequested) -> bytes:
    return _STEP_1 + chunk(event.vector)


def _answered(event: events.SyncAnswered) -> bytes:
    return _STEP_2 + chunk(event.update)


def _patched(event: events.TextPatched) -> bytes:
    return _UPDATE + chunk(event.update)


def _shown(event: events.AwarenessShown) -> bytes:
    entries = [
        number(entry.client)
        + number(entry.clock)
        + chunk(b"null" if entry.state is None else dump(entry.state))
        for entry in event.states
    ]
    return number(AWARENESS) + chunk(number(len(entries)) + b"".join(entries))


_WRITERS: Final[Mapping[type, Callable[[Any], bytes]]] = MappingProxyType(
    {
        events.SyncRequested: _requested,
        events.SyncAnswered: _answered,
        events.TextPatched: _patched,
        events.AwarenessShown: _shown,
    }
)
