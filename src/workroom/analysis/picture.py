"""Opening a picture that a stranger made: its size is judged before a pixel is decoded.

Pillow decodes at most the four formats named here, and only the first frame of an animation. A
decoded picture takes 4 bytes a pixel; everything after works on strips of it.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final, Literal, cast

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, UnidentifiedImageError

from workroom.analysis.errors import (
    DECODER_FAULTS,
    AnalysisError,
    DamagedMedia,
    MediaTooLarge,
    UnsupportedMedia,
)
from workroom.analysis.jpeg import count_scans
from workroom.analysis.limits import ImageLimits
from workroom.analysis.png import is_complete

Format = Literal["PNG", "JPEG", "WEBP", "GIF"]

_FORMATS: Final = ("PNG", "JPEG", "WEBP", "GIF")
_STRIP: Final = 1 << 18
"""Pixels of a strip, at most one row more."""
_SIDEWAYS: Final = (5, 6, 7, 8)
"""EXIF orientations that swap width and height."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A decoded picture."""

    image: Image.Image
    format: Format
    width: int
    """As displayed."""
    height: int
    """As displayed."""
    animated: bool

    def strips(self) -> Iterator[NDArray[np.uint8]]:
        """All pixels once, as sRGB over white, in arrays of the shape (n, 3)."""
        width, height = self.image.size
        rows = max(1, _STRIP // width)
        for top in range(0, height, rows):
            strip = self.image.crop((0, top, width, min(top + rows, height)))
            yield np.asarray(_over_white(strip)).reshape(-1, 3)


@contextmanager
def open_picture(path: Path, limits: ImageLimits) -> Iterator[Picture]:
    """Decode the file. Raises AnalysisError; OSError when the file itself cannot be opened."""
    with path.open("rb") as file:
        with _decoding():
            image = Image.open(file, formats=_FORMATS)
        with image:
            _check_size(image, limits)
            if image.format in {"JPEG", "MPO"}:
                _check_scans(file, limits)
            with _decoding():
                picture = _decode(image)
                if image.format == "PNG" and _may_lack_rows(image) and not is_complete(file):
                    raise DamagedMedia("The picture is damaged or incomplete")
            yield picture


def _decode(image: Image.Image) -> Picture:
    animated = image.format != "MPO" and bool(getattr(image, "is_animated", False))
    # A phone's multi-picture file is a JPEG with more JPEGs behind it.
    name = cast("Format", "JPEG" if image.format == "MPO" else image.format)
    image.load()
    width, height = reversed(image.size) if _lies_sideways(image) else image.size
    return Picture(image, name, width, height, animated)


def _may_lack_rows(image: Image.Image) -> bool:
    """Missing rows are zeros. Counting them is slow, so it is done only where that is the end."""
    width, height = image.size
    return bool(image.info.get("interlace")) or not any(
        image.crop((0, height - 1, width, height)).tobytes()
    )


def _lies_sideways(image: Image.Image) -> bool:
    """Whether the camera noted that it was held upright; nonsense in its notes harms nobody."""
    with suppress(*DECODER_FAULTS):
        return image.getexif().get(ExifTags.Base.Orientation) in _SIDEWAYS
    return False


@contextmanager
def _decoding() -> Iterator[None]:
    """Say in our words what the decoder found wrong."""
    try:
        with warnings.catch_warnings():
            # Of big pictures Pillow warns long before our limit; of damaged metadata we need none.
            warnings.simplefilter("ignore")
            yield
    except (AnalysisError, TimeoutError):
        raise
    except UnidentifiedImageError as error:
        raise UnsupportedMedia("This is not a PNG, JPEG, WebP or GIF picture") from error
    except Image.DecompressionBombError as error:
        raise MediaTooLarge("The picture has too many pixels", field="pixels") from error
    except MemoryError as error:
        raise MediaTooLarge("The picture needs too much memory", field="memory") from error
    except DECODER_FAULTS as error:
        raise DamagedMedia("The picture is damaged or incomplete") from error


def _check_size(image: Image.Image, limits: ImageLimits) -> None:
    width, height = image.size
    if width * height > limits.pixels:
        message = f"The picture has {width} x {height} pixels; at most {limits.pixels:,} are read"
        raise MediaTooLarge(message, field="pixels")


def _check_scans(file: IO[bytes], limits: ImageLimits) -> None:
    if count_scans(file, limits.scans) > limits.scans:
        message = f"The picture is stored in more than {limits.scans} passes"
        raise MediaTooLarge(message, field="scans")


def _over_white(strip: Image.Image) -> Image.Image:
    """8 bits a channel, transparency laid over white."""
    if strip.mode.startswith("I;16"):
        values = np.asarray(strip).astype(np.uint16) >> 8
        strip = Image.fromarray(values.astype(np.uint8))
    if strip.has_transparency_data:
        strip = strip.convert("RGBA")
        white = Image.new("RGBA", strip.size, "white")
        return Image.alpha_composite(white, strip).convert("RGB")
    return strip.convert("RGB")
