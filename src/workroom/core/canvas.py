"""Canvases: the pictures and recordings of a project."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

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
