"""A gate in front of a Redis server that can double messages, and pass them on in another order."""

from __future__ import annotations

import asyncio
import contextlib
import random
from typing import Final

from workroom.truth.gates import PIECE, Gate, now

_LINES: Final = b"+-:_,#("
_BULKS: Final = b"$=!"
_GROUPS: Final = b"*>~"
_MESSAGE: Final = b"$7\r\nmessage\r\n"
HELD: Final = 0.3
"""Seconds for which messages are held before they are passed on, while they are stirred."""


class BusGate(Gate):
    """What a node hears of the bus comes through here."""

    def __init__(self, name: str, port: int, host: str, chance: random.Random) -> None:
        super().__init__(name, port, host)
        self._chance = chance
        self._stirred_until = 0.0

    def stir(self, seconds: float) -> None:
        """Shuffle messages for a while, and pass half of them on twice."""
        self._stirred_until = now() + seconds

    async def _passes_back(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        held: list[bytes] = []
        stirring = asyncio.ensure_future(self._lets_go(held, writer))
        rest = b""
        try:
            with contextlib.suppress(OSError):
                while data := await reader.read(PIECE):
                    await self._stuck()
                    frames, rest = split(rest + data)
                    stirred = now() < self._stirred_until
                    at_once: list[bytes] = []
                    for frame in frames:
                        (held if stirred and _MESSAGE in frame[:32] else at_once).append(frame)
                    writer.write(b"".join(at_once))
                    await writer.drain()
        finally:
            stirring.cancel()
            writer.transport.abort()

    async def _lets_go(self, held: list[bytes], writer: asyncio.StreamWriter) -> None:
        while True:
            await asyncio.sleep(self._chance.uniform(0, HELD))
            again = [frame for frame in held if self._chance.random() < 0.5]
            frames = [*held, *again]
            held.clear()
            self._chance.shuffle(frames)
            if frames and not writer.is_closing():
                writer.write(b"".join(frames))


def split(data: bytes) -> tuple[list[bytes], bytes]:
    """The complete answers in what a Redis server sent, and what is left."""
    frames, at = [], 0
    while (end := _end(data, at)) is not None:
        frames.append(data[at:end])
        at = end
    return frames, data[at:]


def _end(data: bytes, at: int) -> int | None:
    """Where the answer ends that begins at a place; None when it is not complete."""
    line = data.find(b"\r\n", at)
    if line < 0:
        return None
    kind, after = data[at], line + 2
    if kind in _LINES:
        return after
    size = int(data[at + 1 : line])
    if kind in _BULKS:
        end = after + size + 2 if size >= 0 else after
        return end if end <= len(data) else None
    place: int | None = after
    for _ in range(size if kind in _GROUPS else 2 * size):
        if place is not None:
            place = _end(data, place)
    return place
