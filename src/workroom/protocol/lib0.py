"""Numbers, byte strings and texts as lib0 encodes them, which y-protocols is made of."""

from __future__ import annotations

from typing import Final

from workroom.errors import InvalidMessage
from workroom.ids import MAX_ID

_SHIFT: Final = 7


def number(value: int) -> bytes:
    """An unsigned number: seven bits to the byte, the lowest first."""
    if value < 0x80:
        return bytes((value,))
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= _SHIFT
    encoded.append(value)
    return bytes(encoded)


def chunk(data: bytes) -> bytes:
    """Bytes (or a text in UTF-8) behind their length."""
    return number(len(data)) + data


class Reader:
    """Reads a message from left to right. Every method raises InvalidMessage when it is cut off."""

    __slots__ = ("_at", "_data")

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def number(self) -> int:
        """An unsigned number of at most 2**53 - 1."""
        data, at = self._data, self._at
        value = shift = 0
        while at < len(data):
            byte = data[at]
            at += 1
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                if value > MAX_ID:
                    break
                self._at = at
                return value
            shift += _SHIFT
            if shift > 56:
                break
        raise InvalidMessage("the message holds a number that is cut off or too large")

    def chunk(self) -> bytes:
        """Bytes behind their length."""
        size = self.number()
        start = self._at
        self._at += size
        if self._at > len(self._data):
            raise InvalidMessage("the message declares more than it holds")
        return self._data[start : self._at]

    @property
    def left(self) -> int:
        """Bytes that were not read yet."""
        return len(self._data) - self._at

    def end(self) -> None:
        """Raise InvalidMessage unless all was read."""
        if self.left:
            raise InvalidMessage(f"{self.left} bytes follow the message")
