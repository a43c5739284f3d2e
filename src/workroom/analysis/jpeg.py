"""How many scans a JPEG has: passes over the whole picture, each of which costs time.

A progressive JPEG can order thousands of them in a few bytes each; real ones have about ten.
"""

from __future__ import annotations

import mmap
import re
from typing import IO, Final

MOST_SCANS: Final = 100
"""So many are decoded."""
_MARKER: Final = re.compile(rb"\xff([^\x00\x01\xff\xd0-\xd7])")
"""What begins a segment. Within coded data 0xFF is always followed by 0x00 or a restart."""
_SCAN: Final = 0xDA
_END: Final = 0xD9


def count_scans(file: IO[bytes], most: int = MOST_SCANS) -> int:
    """The scans of the first picture in the file; counting ends beyond ``most``.

    Segments are stepped over: a camera's notes, and a film behind the picture, may hold any bytes.
    Raises ValueError for an empty file.
    """
    with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        scans, at = 0, 2
        while scans <= most and (marker := _MARKER.search(content, at)) is not None:
            kind, after = marker[1][0], marker.end()
            if kind == _END:
                break
            scans += kind == _SCAN
            at = after + max(2, int.from_bytes(content[after : after + 2], "big"))
        return scans
