"""Pictures and recordings that the tests make, byte by byte where need be."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from numpy.typing import NDArray
from PIL import Image

from workroom.analysis.audio import analyze_audio
from workroom.analysis.image import analyze_image
from workroom.analysis.results import AudioResult, ImageResult

Pixels = NDArray[np.uint8]
Samples = NDArray[np.float64]
Said = list[tuple[int, str]]

RATE = 48_000
WHITE, BLACK, GREY = (255, 255, 255), (0, 0, 0), (128, 128, 128)
RED, GREEN, BLUE = (255, 0, 0), (0, 255, 0), (0, 0, 255)
YELLOW, CYAN = (255, 255, 0), (0, 255, 255)


def ignore(_percent: int, _message: str) -> None:
    """For tests that do not care about progress."""


def halves(left: tuple[int, ...], right: tuple[int, ...], size: int = 8) -> Pixels:
    pixels = np.empty((size, size, len(left)), np.uint8)
    pixels[:, : size // 2] = left
    pixels[:, size // 2 :] = right
    return pixels


def solid(colour: tuple[int, ...], size: int = 8) -> Pixels:
    return halves(colour, colour, size)


def picture(folder: Path, pixels: Pixels, name: str = "picture.png", **options: Any) -> Path:
    path = folder / name
    Image.fromarray(pixels).save(path, **options)
    return path


def seen(folder: Path, pixels: Pixels) -> ImageResult:
    return analyze_image(picture(folder, pixels), ignore)


def png(
    width: int, height: int, depth: int, kind: int, rows: bytes, *, interlaced: bool = False
) -> bytes:
    """A PNG of any header over any data. ``kind`` is PNG's colour type."""
    header = struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, interlaced)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(rows, 9)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*it) for it in chunks)


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def seconds(length: float, rate: int = RATE) -> Samples:
    """The moments of the samples."""
    return np.arange(round(length * rate)) / rate


def sine(dbfs: float, length: float = 5, hertz: float = 997, rate: int = RATE) -> Samples:
    """A tone of which a full-scale one has 0 dBFS."""
    return 10 ** (dbfs / 20) * np.sin(2 * np.pi * hertz * seconds(length, rate))


def stereo(samples: Samples) -> Samples:
    return np.stack([samples, samples], axis=1)


def noise(length: float, level: float = 0.1, rate: int = RATE, seed: int = 1) -> Samples:
    return np.random.default_rng(seed).normal(0, level, round(length * rate))


def clicks(bpm: float, length: float = 12, rate: int = RATE) -> Samples:
    """Short knocks, evenly spaced, over a breath of noise."""
    samples = noise(length, 0.001, rate)
    knock = 0.5 * sine(0, 0.01, 1000, rate) * np.exp(-np.arange(round(0.01 * rate)) / 100)
    for moment in np.arange(0.1, length - 0.1, 60 / bpm):
        start = round(moment * rate)
        samples[start : start + len(knock)] += knock
    return samples


def recording(
    folder: Path,
    samples: Samples,
    name: str = "recording.wav",
    rate: int = RATE,
    subtype: str | None = None,
) -> Path:
    """Written second by second: the Vorbis encoder takes no more at once."""
    path = folder / name
    channels = 1 if samples.ndim == 1 else samples.shape[1]
    if name.endswith(".wav"):
        subtype = subtype or "FLOAT"
    with soundfile.SoundFile(path, "w", rate, channels, subtype) as file:
        for start in range(0, len(samples), rate):
            file.write(samples[start : start + rate])
    return path


def heard(folder: Path, samples: Samples, rate: int = RATE) -> AudioResult:
    return analyze_audio(recording(folder, samples, rate=rate), ignore)
