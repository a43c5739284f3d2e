"""Canvases: the pictures and recordings of a project."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from workroom.ids import BlobKey, CanvasId, UserId


class CanvasKind(StrEnum):
    """What is on a canvas."""

    IMAGE = "image"
    AUDIO = "audio"


@dataclass(frozen=True, slots=True)
class ImageFacts:
    """A picture as it is looked at. ``frames`` is 1 unless it is an animation."""

    width: int
    """Pixels, after turning it the way that the camera noted."""
    height: int
    frames: int


@dataclass(frozen=True, slots=True)
class AudioFacts:
    """A recording as it is heard."""

    duration: float
    """Seconds."""
    sample_rate: int
    """Samples a second, of each channel."""
    channels: int


Facts = ImageFacts | AudioFacts


@dataclass(frozen=True, slots=True)
class Media:
    """A file that was uploaded, and what was found in it. Its bytes never change."""

    media_type: str
    """By content, as ``image/png``."""
    name: str
    """What the uploader called it; never a place on a disk."""
    size: int
    """Bytes."""
    facts: Facts
    key: BlobKey
    """Where the bytes are kept."""

    @property
    def kind(self) -> CanvasKind:
        """Picture or recording."""
        return CanvasKind.IMAGE if isinstance(self.facts, ImageFacts) else CanvasKind.AUDIO


@dataclass(frozen=True, slots=True)
class Canvas:
    """A file in a project. Times are milliseconds since 1970, UTC."""

    id: CanvasId
    media: Media
    author: UserId
    """Who uploaded it."""
    created_at: int


HEAD_BYTES: Final = 12
"""So many bytes of a file tell what it is."""
_HEADS: Final = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"fLaC", "audio/flac"),
    (b"OggS", "audio/ogg"),
    (b"ID3", "audio/mpeg"),
)


def sniffed(head: bytes) -> str | None:
    """The media type of a file that begins with these bytes; None: none that is taken.

    Only a beginning: whether the rest is what it promises, its decoder has to say.
    """
    if head[:4] == b"RIFF":
        return {b"WEBP": "image/webp", b"WAVE": "audio/wav"}.get(head[8:12])
    for begins, media_type in _HEADS:
        if head.startswith(begins):
            return media_type
    return "audio/mpeg" if _is_mp3_frame(head) else None


def _is_mp3_frame(head: bytes) -> bool:
    """Eleven bits of sync, then layer III."""
    return len(head) > 1 and head[0] == 0xFF and head[1] & 0xE6 == 0xE2


LONGEST_NAME: Final = 200
_UNNAMED: Final = "untitled"


def clean_name(raw: str) -> str:
    """What a file is called: the last part of a path, printable, of at most 200 characters.

    A name is shown to people and used for nothing else; so a bad one is mended, not refused.
    """
    last = raw.replace("\\", "/").rpartition("/")[2]
    name = " ".join("".join(c if c.isprintable() else " " for c in last).split())
    if len(name) > LONGEST_NAME:
        stem, dot, ending = name.rpartition(".")
        ending = dot + ending if stem and len(ending) < 10 else ""
        name = name[: LONGEST_NAME - len(ending)].rstrip() + ending
    return name if name.strip(". ") else _UNNAMED
