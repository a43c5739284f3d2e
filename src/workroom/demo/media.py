"""A picture and a recording of the harbour, made by the program itself: always the same ones.

In plain Python, because the server that furnishes the demo shall not carry libraries for it.
"""

from __future__ import annotations

import math
import struct
import zlib
from array import array
from collections.abc import Iterable
from io import BytesIO
from itertools import pairwise
from typing import Final
from wave import open as open_wave

WIDTH: Final = 960
HEIGHT: Final = 600
_HORIZON: Final = 360
RATE: Final = 22_050
SECONDS: Final = 8

_Colour = tuple[int, int, int]
_SKY: Final = ((0.0, (18, 28, 66)), (0.45, (92, 74, 122)), (0.75, (214, 122, 110)))
_DAWN: Final = (1.0, (255, 198, 124))
_SUN: Final = (620, 318, 46)
"""Middle and radius."""
_HILLS: Final = (52, 46, 84)
_HULLS: Final = ((150, 404, 120, (34, 30, 58)), (420, 436, 170, (24, 22, 46)))
"""Bow, waterline, length and colour of each boat."""


def picture() -> bytes:
    """The harbour at five in the morning: a PNG."""
    rows = [bytearray(WIDTH * 3) for _ in range(HEIGHT)]
    for y in range(_HORIZON):
        rows[y][:] = bytes(_blend((*_SKY, _DAWN), y / _HORIZON)) * WIDTH
    _sun(rows)
    _hills(rows)
    _water(rows)
    for boat in _HULLS:
        _boat(rows, *boat)
    return _png(rows)


def _blend(stops: Iterable[tuple[float, _Colour]], at: float) -> _Colour:
    """The colour at a place between 0 and 1 of a gradient."""
    for (low, first), (high, last) in pairwise(stops):
        if at <= high:
            part = (at - low) / (high - low)
            red, green, blue = (round(a + (b - a) * part) for a, b in zip(first, last, strict=True))
            return red, green, blue
    return 0, 0, 0


def _paint(row: bytearray, left: int, right: int, colour: _Colour) -> None:
    left, right = max(0, left), min(WIDTH, right)
    if left < right:
        row[left * 3 : right * 3] = bytes(colour) * (right - left)


def _sun(rows: list[bytearray]) -> None:
    x, y, radius = _SUN
    for dy in range(-radius, radius + 1):
        if y + dy < _HORIZON:
            half = round(math.sqrt(radius * radius - dy * dy))
            _paint(rows[y + dy], x - half, x + half, (255, 236, 190))


def _hills(rows: list[bytearray]) -> None:
    for x in range(WIDTH):
        height = 34 + 18 * math.sin(x / 97) + 9 * math.sin(x / 31 + 1)
        for y in range(_HORIZON - round(height), _HORIZON):
            _paint(rows[y], x, x + 1, _HILLS)


def _water(rows: list[bytearray]) -> None:
    """The sky upside down and darker, drawn apart by waves; under the sun, its way."""
    depth = HEIGHT - _HORIZON
    for y in range(_HORIZON, HEIGHT):
        near = (y - _HORIZON) / depth
        colour = _blend(((0.0, (190, 116, 112)), (0.4, (84, 66, 112)), (1.0, (14, 20, 50))), near)
        _paint(rows[y], 0, WIDTH, colour)
        wave = math.sin(y * 0.9) * math.sin(y * 0.23)
        half = round(_SUN[2] * (0.5 + near) * abs(wave))
        shift = round(14 * math.sin(y * 0.5) * near)
        _paint(rows[y], _SUN[0] + shift - half, _SUN[0] + shift + half, (255, 206, 148))


def _boat(rows: list[bytearray], bow: int, line: int, length: int, colour: _Colour) -> None:
    for dy in range(length // 6):
        inset = dy * dy // (length // 6)
        _paint(rows[line - length // 6 + dy], bow + inset, bow + length - inset, colour)
    mast = bow + length // 2
    for dy in range(length):
        row = rows[line - length // 6 - dy]
        _paint(row, mast - 1, mast + 2, colour)
        _paint(row, mast + 4, mast + 4 + (length - dy) // 3, (232, 200, 178))


def _png(rows: list[bytearray]) -> bytes:
    raw = b"".join(b"\0" + row for row in rows)
    header = struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 2, 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(raw, 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in parts
    )


def recording() -> bytes:
    """The harbour at noon: waves on the quay, and two strokes of the harbour's bell. A WAV."""
    samples = array("h", bytes(2 * RATE * SECONDS))
    noise, low = 12_345, 0.0
    for n in range(len(samples)):
        at = n / RATE
        noise = (noise * 1_103_515_245 + 12_345) & 0x7FFF_FFFF
        low += 0.08 * (noise / 0x3FFF_FFFF - 1 - low)
        swell = 0.25 + 0.75 * math.sin(math.pi * at / 4) ** 2
        samples[n] = round(32_767 * 0.75 * (low * swell + _bell(at - 1) + _bell(at - 4.5)))
    out = BytesIO()
    with open_wave(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(samples.tobytes())
    return out.getvalue()


_PARTIALS: Final = (
    (523.25, 0.5, 1.1),
    (1046.5, 0.25, 1.8),
    (1254.0, 0.15, 2.6),
    (1568.0, 0.1, 3.4),
)
"""Of a bell: pitch, strength, and how fast each dies away."""


def _bell(at: float) -> float:
    """A stroke at 0, between -1 and 1."""
    if not 0 <= at < 3.5:
        return 0.0
    return sum(
        strength * math.exp(-decay * at) * math.sin(2 * math.pi * pitch * at)
        for pitch, strength, decay in _PARTIALS
    )
