"""A canvas as clients are told of it, over the WebSocket and by REST alike."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

from pydantic import Field

from workroom.core.canvas import ImageFacts
from workroom.protocol.essay_parts import Person
from workroom.protocol.shapes import OPEN, Count, Id, PlainShape, Timestamp
from workroom.protocol.writing import timestamp

if TYPE_CHECKING:
    # Loads all that the server knows of texts, and clients need none of it to read a canvas.
    from workroom.core.events import CanvasShown

MEDIA_TYPES: Final = (
    "image/png",
    "image/jpeg",
    "image/webp",
    "image/gif",
    "audio/wav",
    "audio/flac",
    "audio/ogg",
    "audio/mpeg",
)


class Canvas(PlainShape):
    """A picture or a recording of a project."""

    model_config = OPEN

    id: Id
    project_id: Id
    kind: Literal["image", "audio"]
    media_type: Literal[MEDIA_TYPES]  # type: ignore[valid-type]
    """By content, whatever the name says."""
    name: str
    """What the uploader called the file."""
    size: Count
    """Bytes."""
    width: Count | None
    """Pixels, turned the way that the camera noted; null for recordings, as are the next two."""
    height: Count | None
    frames: Count | None
    """1 unless it is an animation."""
    duration: Annotated[float, Field(ge=0)] | None
    """Seconds; null for pictures, as are the next two."""
    sample_rate: Count | None
    channels: Count | None
    author: Person
    """Who uploaded it."""
    created_at: Timestamp


def canvas_fields(canvas: CanvasShown) -> dict[str, Any]:
    """The values of ``Canvas``."""
    media, author = canvas.media, canvas.author
    facts = media.facts
    picture, recording = (facts, None) if isinstance(facts, ImageFacts) else (None, facts)
    return {
        "id": canvas.id,
        "project_id": canvas.project_id,
        "kind": media.kind.value,
        "media_type": media.media_type,
        "name": media.name,
        "size": media.size,
        "width": picture and picture.width,
        "height": picture and picture.height,
        "frames": picture and picture.frames,
        "duration": recording and recording.duration,
        "sample_rate": recording and recording.sample_rate,
        "channels": recording and recording.channels,
        "author": {"id": author.id, "name": author.name, "role": author.role.value},
        "created_at": timestamp(canvas.created_at),
    }
