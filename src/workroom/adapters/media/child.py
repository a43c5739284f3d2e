"""The process in which one file is decoded: ``python -m workroom.adapters.media.child LIMITS``.

The file is its standard input; the answer, one line of JSON and behind it the preview, its standard
output. What the file makes a decoder do happens here, under limits of memory, processor and time
that the kernel keeps, and costs nobody anything else (``docs/decisions/0012``).
"""

from __future__ import annotations

import json
import os
import resource
import signal
import sys
import warnings
from typing import Any, Final, NamedTuple

PREVIEW_PIXELS: Final = 480
"""The longer side of a preview; pages show it at half that size or less."""
PREVIEW_PEAKS: Final = 480
"""Points of a waveform."""
_PEAKS_A_SECOND: Final = 100
"""How finely a recording of unknown length is looked at."""
_SAMPLES_AT_ONCE: Final = 1 << 19
_AUDIO_TYPES: Final = {
    "WAV": "audio/wav",
    "WAVEX": "audio/wav",
    "FLAC": "audio/flac",
    "OGG": "audio/ogg",
    "MP3": "audio/mpeg",
}


class Limits(NamedTuple):
    """What one file may cost. Bytes and seconds."""

    media_type: str
    """What the first bytes say; decides which decoder sees the file."""
    pixels: int
    audio_seconds: float
    memory: int
    cpu_seconds: int
    seconds: int


class _Refused(Exception):
    """The file is not taken; ``code`` says why, the message in words."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


Answer = tuple[dict[str, Any], bytes]


def main() -> None:
    """Decode the file and say what it is."""
    limits = Limits(*json.loads(sys.argv[1]))
    _confine(limits)
    os.lseek(0, 0, os.SEEK_SET)
    try:
        facts, preview = _image(limits) if _is_image(limits) else _audio(limits)
    except _Refused as refusal:
        facts, preview = {"code": refusal.code, "message": str(refusal)}, b""
    except MemoryError:
        facts, preview = {"code": "too_complex", "message": "takes too much memory to decode"}, b""
    except ImportError:
        raise  # a library is missing: that is not the file's fault
    except Exception:  # noqa: BLE001 - decoders raise whatever they stumble over
        facts, preview = {"code": "damaged_file", "message": "is damaged or incomplete"}, b""
    with open(1, "wb", closefd=False) as out:
        out.write(json.dumps(facts).encode() + b"\n" + preview)


def _confine(limits: Limits) -> None:
    """Give up all that decoding does not need. A thing that cannot be limited here stays free."""
    signal.alarm(limits.seconds)
    os.nice(5)
    for what, most in (
        (resource.RLIMIT_AS, limits.memory),
        (resource.RLIMIT_CPU, limits.cpu_seconds),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        _, hard = resource.getrlimit(what)
        if hard == resource.RLIM_INFINITY or most <= hard:
            resource.setrlimit(what, (most, most))


def _is_image(limits: Limits) -> bool:
    return limits.media_type.startswith("image/")


# ---- pictures ----------------------------------------------------------------------------------


def _image(limits: Limits) -> Answer:
    from PIL import Image

    from workroom.analysis.jpeg import MOST_SCANS, count_scans

    Image.MAX_IMAGE_PIXELS = limits.pixels
    warnings.simplefilter("error", Image.DecompressionBombWarning)
    decoder = limits.media_type.removeprefix("image/").upper()
    with open(0, "rb", closefd=False) as file:
        try:
            image = Image.open(file, formats=[decoder])
        except (Image.DecompressionBombError, Image.DecompressionBombWarning):
            message = f"has more than {limits.pixels} pixels"
            raise _Refused("too_many_pixels", message) from None
        # A camera's JPEG may hold further views of the same picture: they are no animation.
        frames = 1 if decoder == "JPEG" else getattr(image, "n_frames", 1)
        if image.width * image.height * frames > limits.pixels:
            message = f"has more than {limits.pixels} pixels in its {frames} frames"
            raise _Refused("too_many_pixels", message)
        if decoder == "JPEG" and count_scans(file) > MOST_SCANS:
            message = f"is stored in more than {MOST_SCANS} passes"
            raise _Refused("too_complex", message)
        image.seek(0)
        width, height = image.size
        small = _small(image)
        orientation = _orientation(image)
        if orientation in (5, 6, 7, 8):
            width, height = height, width
        facts = {
            "media_type": limits.media_type,
            "width": width,
            "height": height,
            "frames": frames,
        }
        return facts, _webp(_turned(small, orientation))


def _small(image: Any) -> Any:
    """The first frame, whole but small, in colours that a preview can hold."""
    if image.mode == "I" or image.mode.startswith("I;16"):
        # 16 bits of grey: converting alone would take all that is brighter than 255 for white.
        image = image.convert("I").point(lambda grey: grey / 256).convert("L")
    elif image.mode in ("P", "PA", "1"):
        image = image.convert("RGBA" if "transparency" in image.info else "RGB")
    image.thumbnail((PREVIEW_PIXELS, PREVIEW_PIXELS), reducing_gap=2.0)
    if image.mode not in ("RGB", "RGBA"):
        image = image.convert("RGBA" if "A" in image.getbands() else "RGB")
    return image


def _orientation(image: Any) -> int:
    """How the camera was held, 1 to 8; known for sure only when the picture was decoded."""
    try:
        return int(image.getexif().get(0x0112, 1))
    except Exception:  # noqa: BLE001 - notes of a camera that cannot be read turn nothing
        return 1


def _turned(image: Any, orientation: int) -> Any:
    from PIL.Image import Transpose

    turns = {
        2: Transpose.FLIP_LEFT_RIGHT,
        3: Transpose.ROTATE_180,
        4: Transpose.FLIP_TOP_BOTTOM,
        5: Transpose.TRANSPOSE,
        6: Transpose.ROTATE_270,
        7: Transpose.TRANSVERSE,
        8: Transpose.ROTATE_90,
    }
    return image.transpose(turns[orientation]) if orientation in turns else image


def _webp(image: Any) -> bytes:
    from io import BytesIO

    out = BytesIO()
    image.save(out, "WEBP", quality=80, method=4, exif=b"", icc_profile=None)
    return out.getvalue()


# ---- recordings --------------------------------------------------------------------------------


def _audio(limits: Limits) -> Answer:
    import soundfile

    try:
        file = soundfile.SoundFile(0, closefd=False)
    except soundfile.LibsndfileError:
        raise _Refused("damaged_file", "is damaged, or its head is") from None
    media_type = _AUDIO_TYPES.get(file.format)
    if media_type is None:
        raise _Refused("unsupported_file", "is a recording of another kind than it begins as")
    frames, peaks = _listen(file, limits)
    if frames == 0:
        raise _Refused("damaged_file", "holds no sound")
    duration = round(frames / file.samplerate, 3)
    facts = {
        "media_type": media_type,
        "duration": duration,
        "sample_rate": file.samplerate,
        "channels": file.channels,
    }
    preview = {"duration": duration, "peaks": peaks}
    return facts, json.dumps(preview, separators=(",", ":")).encode()


def _listen(file: Any, limits: Limits) -> tuple[int, list[float]]:
    """How many frames there really are, and the loudest of each part of them (0 to 1)."""
    import numpy as np

    most = int(limits.audio_seconds * file.samplerate)
    step = max(1, file.samplerate // _PEAKS_A_SECOND)
    at_once = max(1, _SAMPLES_AT_ONCE // (step * file.channels)) * step
    frames, found = 0, []
    while len(block := file.read(at_once, dtype="float32", always_2d=True)):
        frames += len(block)
        if frames > most:
            message = f"is longer than {limits.audio_seconds:g} seconds"
            raise _Refused("too_long", message)
        loud = np.nan_to_num(np.abs(block).max(axis=1), nan=0.0, posinf=1.0)
        found.append(np.maximum.reduceat(loud, np.arange(0, len(loud), step)))
    if not found:
        return 0, []
    peaks = np.minimum(np.concatenate(found), 1.0)
    starts = np.unique(np.linspace(0, len(peaks), PREVIEW_PEAKS, endpoint=False).astype(int))
    return frames, [round(float(peak), 3) for peak in np.maximum.reduceat(peaks, starts)]


if __name__ == "__main__":
    main()
