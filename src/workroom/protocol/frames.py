"""WebSocket frames that the server sends (RFC 6455, section 5.2): unmasked and unfragmented.

A frame is built once per event and form, and the same bytes go to every member of the room.
"""

from __future__ import annotations

from typing import Final

_TEXT: Final = 0x81
_BINARY: Final = 0x82
_PING: Final = 0x89


def _frame(first: int, payload: bytes) -> bytes:
    length = len(payload)
    if length < 126:
        return bytes((first, length)) + payload
    if length < 65536:
        return bytes((first, 126)) + length.to_bytes(2, "big") + payload
    return bytes((first, 127)) + length.to_bytes(8, "big") + payload


def text_frame(payload: bytes) -> bytes:
    """One complete text message; ``payload`` is UTF-8."""
    return _frame(_TEXT, payload)


def binary_frame(payload: bytes) -> bytes:
    """One complete binary message."""
    return _frame(_BINARY, payload)


def ping_frame(payload: bytes) -> bytes:
    """A ping; ``payload`` (at most 125 bytes) comes back in the pong."""
    if len(payload) > 125:
        message = "a control frame carries at most 125 bytes"
        raise ValueError(message)
    return _frame(_PING, payload)
