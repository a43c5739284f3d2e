"""Looking into files that users send."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from workroom.core.canvas import Facts


@dataclass(frozen=True, slots=True)
class Finding:
    """What a file is."""

    media_type: str
    facts: Facts
    preview: bytes
    """A small WebP picture; of a recording, its waveform as JSON."""


class MediaInspector(Protocol):
    """Decodes one file, whole, under limits."""

    async def inspect(self, descriptor: int, media_type: str) -> Finding:
        """Read the file behind a descriptor, which begins like one of ``media_type``.

        Raises UnsupportedFile, DamagedFile, TooManyPixels, TooLong, TooComplex (all with the field
        ``file``), and Unavailable when it cannot be done now.
        """
