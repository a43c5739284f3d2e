"""Whether a PNG holds all the rows that its header promises.

The decoder takes a stream that ends in good order but too early for a whole picture, and leaves the
rest black. That would be measured like the picture itself.
"""

from __future__ import annotations

import struct
import zlib
from typing import IO, Final

_SAMPLES: Final = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
"""Of a pixel, by PNG's colour type."""
_PASSES: Final = (
    (0, 0, 8, 8),
    (4, 0, 8, 8),
    (0, 4, 4, 8),
    (2, 0, 4, 4),
    (0, 2, 2, 4),
    (1, 0, 2, 2),
    (0, 1, 1, 2),
)
"""First column and row of each pass of an interlaced picture, and the steps to the next."""
_PIECE: Final = 1 << 16


def is_complete(file: IO[bytes]) -> bool:
    """Unpack the rows, only to count them. Raises zlib.error, struct.error and KeyError."""
    file.seek(8)
    expected, found = 1, 0
    inflate = zlib.decompressobj()
    while found < expected and len(head := file.read(8)) == 8:
        length, name = struct.unpack(">I4s", head)
        after = file.tell() + length + 4
        if name == b"IHDR":
            expected = _expected(file.read(13))
        while name == b"IDAT" and found < expected and length > 0:
            piece = file.read(min(length, _PIECE))
            length = length - len(piece) if piece else 0
            while piece and found < expected:
                found += len(inflate.decompress(piece, 16 * _PIECE))
                piece = inflate.unconsumed_tail
        file.seek(after)
    return found >= expected


def _expected(header: bytes) -> int:
    """Bytes of all rows, each with the byte that names its filter."""
    width, height, depth, kind, _, _, interlaced = struct.unpack(">IIBBBBB", header)
    bits = depth * _SAMPLES[kind]
    if not interlaced:
        return int(height * (1 + (width * bits + 7) // 8))
    total = 0
    for left, top, across, down in _PASSES:
        columns, rows = -(-(width - left) // across), -(-(height - top) // down)
        total += max(rows, 0) * (1 + (columns * bits + 7) // 8) if columns > 0 else 0
    return total
