"""Small good files of every kind that is taken, made by the libraries that read them."""

from __future__ import annotations

from functools import cache
from io import BytesIO
from typing import Any

import numpy as np
import soundfile
from PIL import Image

RATE = 22_050

Samples = np.ndarray[Any, np.dtype[np.float64]]


def tone(seconds: float = 2.0, rate: int = RATE, channels: int = 1) -> Samples:
    """A tone that fades."""
    at = np.arange(int(seconds * rate)) / rate
    wave: Samples = np.sin(at * 2 * np.pi * 440) * 0.8 * (1 - at / seconds)
    return np.stack([wave] * channels, axis=1)


def audio(
    form: str, seconds: float = 2.0, rate: int = RATE, channels: int = 1, **more: Any
) -> bytes:
    """A recording in one of libsndfile's formats."""
    out = BytesIO()
    soundfile.write(out, tone(seconds, rate, channels), rate, format=form, **more)
    return out.getvalue()


def image(form: str, mode: str = "RGB", size: tuple[int, int] = (64, 48), **more: Any) -> bytes:
    """A picture in one of Pillow's formats: a gradient."""
    red = Image.linear_gradient("L").resize(size)
    picture = Image.merge("RGB", (red, red.transpose(Image.Transpose.ROTATE_180), red))
    out = BytesIO()
    picture.convert(mode).save(out, form, **more)
    return out.getvalue()


def animation(form: str, frames: int, size: tuple[int, int] = (8, 8)) -> bytes:
    """Frames of different greys."""
    pictures = [
        Image.new("RGB", size, (number * 40 % 256, number % 256, 90)) for number in range(frames)
    ]
    out = BytesIO()
    pictures[0].save(out, form, save_all=True, append_images=pictures[1:])
    return out.getvalue()


@cache
def good_files() -> dict[str, tuple[bytes, str]]:
    """Content and media type of one file of each kind, by its usual name."""
    return {
        "picture.png": (image("PNG"), "image/png"),
        "picture.jpg": (image("JPEG"), "image/jpeg"),
        "picture.webp": (image("WEBP"), "image/webp"),
        "picture.gif": (image("GIF"), "image/gif"),
        "sound.wav": (audio("WAV"), "audio/wav"),
        "sound.flac": (audio("FLAC"), "audio/flac"),
        "sound.ogg": (audio("OGG"), "audio/ogg"),
        "sound.mp3": (audio("MP3"), "audio/mpeg"),
    }
