"""What the good members of a room hear: bytes in, and which events were in them out."""

from __future__ import annotations

import re
import socket
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

import orjson

from bench.wire import CLOSE, PING, TEXT, pong, split

_EDIT: Final = re.compile(rb"\[(\d+)\] edit(\d+)")

Sighting = tuple[str, int, int]
"""``typing``, the user and 0; or ``edit``, the writer and the number of the edit."""


@dataclass(slots=True, eq=False)
class Member:
    """Somebody who only reads."""

    sock: socket.socket
    rest: bytes = b""
    heard: dict[int, int] = field(default_factory=lambda: defaultdict(int))
    """Typing events of this phase, by user."""
    edits: dict[int, int] = field(default_factory=lambda: defaultdict(int))
    """The newest edit seen, by writer."""


@dataclass(frozen=True, slots=True)
class _Reading:
    """What a piece of bytes means to a member who had ``before`` left over."""

    before: bytes
    data: bytes
    rest: bytes
    sightings: tuple[Sighting, ...]


class Ear:
    """All members get the same bytes, so what they mean is found out once for all of them."""

    def __init__(self) -> None:
        self._last = _Reading(b"", b"", b"", ())

    def hear(self, member: Member, data: bytes) -> tuple[Sighting, ...]:
        """What the member learns from this piece. Raises ``ConnectionError`` when it is thrown out.

        The time of arrival is the caller's affair: take it before.
        """
        if not data:
            message = "the server closed a good member's connection"
            raise ConnectionError(message)
        reading = self._last
        if member.rest != reading.before or data != reading.data:
            reading = self._understand(member, data)
        member.rest = reading.rest
        return reading.sightings

    def _understand(self, member: Member, data: bytes) -> _Reading:
        frames, rest = split(member.rest + data if member.rest else data)
        found: list[Sighting] = []
        pinged = False
        for opcode, payload in frames:
            if opcode == TEXT:
                found += _sightings(payload)
            elif opcode == PING:
                pinged = True
                member.sock.send(pong(payload))
            elif opcode == CLOSE:
                message = f"the server closes a good member's connection: {payload!r}"
                raise ConnectionError(message)
        reading = _Reading(member.rest, data, rest, tuple(found))
        if not pinged:
            self._last = reading
        return reading


def _sightings(payload: bytes) -> Iterator[Sighting]:
    if payload.startswith(b'{"type":"typing_'):
        message = orjson.loads(payload)
        yield "typing", message["user"]["id"] if "user" in message else message["user_id"], 0
    elif payload.startswith(b'{"type":"essay_update"'):
        for writer, number in _EDIT.findall(payload):
            yield "edit", int(writer), int(number)
