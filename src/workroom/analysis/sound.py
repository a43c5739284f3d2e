"""Opening a recording that a stranger made, and reading it block by block.

A header may claim anything: the limits are checked on what it claims, and again on what is decoded.
Memory holds a few blocks, however long the recording is.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
import soundfile
from numpy.typing import NDArray

from workroom.analysis.errors import (
    DECODER_FAULTS,
    AnalysisError,
    DamagedMedia,
    EmptyMedia,
    MediaTooLarge,
    UnsupportedMedia,
)
from workroom.analysis.limits import AudioLimits

Format = Literal["WAV", "FLAC", "OGG", "MP3"]
Samples = NDArray[np.float32]
"""Of one channel, (n,), or of all, (channels, n); 1.0 is full scale."""

_NAMES: Final[dict[str, Format]] = {
    "WAV": "WAV",
    "WAVEX": "WAV",
    "RF64": "WAV",
    "FLAC": "FLAC",
    "OGG": "OGG",
    "MP3": "MP3",
}
"""The decoder's formats that are read, and what they are called here."""
_RATES: Final = (4_000, 384_000)
"""Hz."""
_CHANNELS: Final = 8
"""As many as there are agreed places for loudspeakers."""
_LOUDEST: Final = 2.0**31
"""Samples stored as floats may be whole numbers of 32 bits by mistake; beyond is no sound."""
_UNKNOWN: Final = 2**62
"""From here on the decoder's number of frames means that it was not told, as in a stream."""
_STEPS: Final = 32
"""Steps of 0.1 s in a block, at most."""
_SAMPLES: Final = 1 << 19
"""Frames times channels of a block, as far as at least four steps fit."""


class _Stream(soundfile.SoundFile):  # type: ignore[misc] # comes without types
    """Read once, from its beginning to its end."""

    def seekable(self) -> bool:
        """Never: after each read a seek would follow, which fails where the length is unknown."""
        return False


@dataclass(frozen=True, slots=True)
class Sound:
    """An open recording."""

    file: Any
    format: Format
    rate: int
    """Frames a second."""
    channels: int
    limits: AudioLimits

    @property
    def step(self) -> int:
        """Frames of 0.1 s."""
        return round(self.rate / 10)

    @property
    def block(self) -> int:
        """Frames of a block, a whole number of steps."""
        return self.step * max(4, min(_STEPS, _SAMPLES // (self.step * self.channels)))

    @property
    def claimed(self) -> int:
        """Frames, if the header is right; 0 if it does not say."""
        frames = int(self.file.frames)
        return frames if frames < _UNKNOWN else 0

    def blocks(self) -> Iterator[Samples]:
        """All frames once; every block but the last is ``block`` long. Raises AnalysisError."""
        frames, length = 0, self.block
        while length == self.block:
            channels = self._read()
            length = channels.shape[1]
            frames += length
            _check_length(frames, self)
            if length:
                _check_values(channels)
                yield channels
        if not frames:
            raise EmptyMedia("The recording holds no sound at all")
        if self.format == "FLAC" and frames < self.claimed:
            raise DamagedMedia("The recording ends before its end")

    def _read(self) -> Samples:
        with _decoding():
            frames = self.file.read(self.block, dtype="float32", always_2d=True)
        return np.ascontiguousarray(frames.T)


@contextmanager
def open_sound(path: Path, limits: AudioLimits) -> Iterator[Sound]:
    """Open the file. Raises AnalysisError; OSError when the file itself cannot be opened."""
    with path.open("rb", buffering=0) as stream:
        if not _is_known(stream):
            raise UnsupportedMedia("This is not a WAV, FLAC, OGG or MP3 recording")
        with _decoding():
            # By descriptor: from a name, the decoder would draw its own conclusions.
            file = _Stream(stream.fileno(), closefd=False)
        with file:
            yield _checked(file, limits)


def _is_known(stream: FileIO) -> bool:
    """Whether it begins like one of the formats, so that no other decoder is ever tried."""
    start = stream.read(12)
    stream.seek(0)
    if start[:4] in {b"RIFF", b"RF64"}:
        return start[8:] == b"WAVE"
    layer_of_mpeg = len(start) > 1 and start[0] == 0xFF and start[1] & 0xE6 == 0xE2
    return start[:4] in {b"fLaC", b"OggS"} or start[:3] == b"ID3" or layer_of_mpeg


def _checked(file: Any, limits: AudioLimits) -> Sound:
    if file.format not in _NAMES:
        raise UnsupportedMedia("This is not a WAV, FLAC, OGG or MP3 recording")
    rate, channels = int(file.samplerate), int(file.channels)
    if not _RATES[0] <= rate <= _RATES[1]:
        message = f"The recording has {rate} samples a second; {_RATES[0]} to {_RATES[1]} are read"
        raise UnsupportedMedia(message, field="sample_rate")
    if channels > _CHANNELS:
        message = f"The recording has {channels} channels; at most {_CHANNELS} are read"
        raise UnsupportedMedia(message, field="channels")
    sound = Sound(file, _NAMES[file.format], rate, channels, limits)
    _check_length(sound.claimed, sound)
    return sound


def _check_values(channels: Samples) -> None:
    # Written so that what is not a number is refused as well.
    if not (channels.max() <= _LOUDEST and channels.min() >= -_LOUDEST):
        raise DamagedMedia("The recording holds values that are no sound")


def _check_length(frames: int, sound: Sound) -> None:
    limits = sound.limits
    if frames > limits.seconds * sound.rate:
        message = f"The recording is longer than {limits.seconds / 60:g} minutes"
        raise MediaTooLarge(message, field="seconds")
    if frames * sound.channels > limits.samples:
        message = f"The recording has more than {limits.samples:,} samples in all its channels"
        raise MediaTooLarge(message, field="samples")


@contextmanager
def _decoding() -> Iterator[None]:
    """Say in our words what the decoder found wrong."""
    try:
        yield
    except (AnalysisError, TimeoutError):
        raise
    except MemoryError as error:
        raise MediaTooLarge("The recording needs too much memory", field="memory") from error
    except DECODER_FAULTS as error:
        raise DamagedMedia("The recording is damaged or incomplete") from error
