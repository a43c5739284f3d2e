"""Files that somebody might upload to do harm, or by mistake; made by program, always the same.

``corpus`` gives each by name, with what may become of it: ``accepted``, or the codes of refusals.
Where there are several, decoders differ; what counts is that it is one of them, and soon.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from zipfile import ZipFile

from PIL import Image

from tests.media.good import animation, audio, good_files, image

ACCEPTED = "accepted"
DAMAGED = "damaged_file"
UNSUPPORTED = "unsupported_file"
PIXELS = "too_many_pixels"
LONG = "too_long"
COMPLEX = "too_complex"


@dataclass(frozen=True)
class Hostile:
    """A file, and what may become of it."""

    content: bytes
    ends: frozenset[str]


@cache
def corpus() -> dict[str, Hostile]:
    """All of them, by a file name that says what they claim to be."""
    parts = (_pictures(), _lying_pictures(), _disguised(), _sounds(), _cut_off(), _odd())
    return {name: file for part in parts for name, file in part.items()}


def _file(content: bytes, *ends: str) -> Hostile:
    return Hostile(content, frozenset(ends))


# ---- pictures ----------------------------------------------------------------------------------


def chunk(kind: bytes, body: bytes) -> bytes:
    """One chunk of a PNG."""
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(width: int, height: int, raw: bytes, *extra: bytes, depth: int = 1, mode: int = 0) -> bytes:
    """A PNG with these bytes, packed, for its picture, and further chunks before it."""
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, mode, 0, 0, 0))
    body = chunk(b"IDAT", zlib.compress(raw, 9))
    return b"\x89PNG\r\n\x1a\n" + head + b"".join(extra) + body + chunk(b"IEND", b"")


def flat_png(side: int, *extra: bytes) -> bytes:
    """A black PNG of ``side`` by ``side``: a few bytes a thousand pixels."""
    return png(side, side, bytes((1 + (side + 7) // 8) * side), *extra)


_FRAME = b"\x2c\0\0\0\0\x01\0\x01\0\0\x02\x02\x44\x01\0"
"""An image of one pixel in a GIF."""


def gif(width: int, height: int, frames: int) -> bytes:
    """A GIF of so many frames, each of which changes one pixel."""
    screen = struct.pack("<HHBBB", width, height, 0x80, 0, 0) + b"\0\0\0\xff\xff\xff"
    return b"GIF89a" + screen + _FRAME * frames + b";"


def _bomb(megabytes: int) -> bytes:
    packer = zlib.compressobj(9)
    return b"".join(packer.compress(bytes(2**20)) for _ in range(megabytes)) + packer.flush()


def _pictures() -> dict[str, Hostile]:
    profile = chunk(b"iCCP", b"profile\0\0" + _bomb(64))
    text = chunk(b"zTXt", b"Comment\0\0" + _bomb(4))
    apng = chunk(b"acTL", struct.pack(">II", 2**31 - 1, 0))
    packed = b"\0" * (100 * 2**20)
    return {
        "9000-by-9000.png": _file(flat_png(9_000), PIXELS),
        "13000-by-13000.png": _file(flat_png(13_000), PIXELS),
        "300-frames.gif": _file(gif(1_000, 1_000, 300), PIXELS),
        "100000-frames.gif": _file(gif(1, 1, 100_000), ACCEPTED, COMPLEX),
        "colour-profile-bomb.png": _file(flat_png(64, profile), ACCEPTED, DAMAGED),
        "text-bomb.png": _file(flat_png(64, *[text] * 40), ACCEPTED, DAMAGED),
        "picture-bomb.png": _file(png(64, 64, packed), ACCEPTED, DAMAGED),
        "2-billion-frames.png": _file(flat_png(64, apng), PIXELS, DAMAGED, ACCEPTED),
        "animated.png": _file(animation("PNG", 5), ACCEPTED),
        "animated.webp": _file(animation("WEBP", 5), ACCEPTED),
    }


def passes(extra: int, side: int = 64) -> bytes:
    """A JPEG whose last scan is there so many times more; each costs a pass over the picture."""
    out = BytesIO()
    Image.new("L", (side, side)).save(out, "JPEG", progressive=True)
    content = out.getvalue()
    last = content[content.rindex(b"\xff\xda") : -2]
    return content[:-2] + last * extra + content[-2:]


def _lying_pictures() -> dict[str, Hostile]:
    jpeg = bytearray(image("JPEG"))
    at = jpeg.index(b"\xff\xc0") + 5
    jpeg[at : at + 4] = b"\xff\xff\xff\xff"
    exif = b"Exif\0\0" + b"A" * 65_000
    segments = (b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif) * 150
    webp = struct.pack("<4sI4s4sIB3x", b"RIFF", 30, b"WEBP", b"VP8X", 10, 2) + b"\xff\x3f\0" * 2
    webp += struct.pack("<4sI6s", b"ANIM", 6, b"")
    broken = bytearray(image("PNG"))
    broken[-30] ^= 0xFF
    return {
        "2-billion-wide.png": _file(png(2**31 - 1, 2**31 - 1, b""), PIXELS, DAMAGED),
        "no-width.png": _file(png(0, 10, b""), DAMAGED),
        "300-passes.jpg": _file(passes(300), COMPLEX),
        "film-behind-a-photo.jpg": _file(image("JPEG") + b"\xff\xda\0\2" * 500, ACCEPTED),
        "65535-by-65535.jpg": _file(bytes(jpeg), PIXELS),
        "10-megabytes-of-notes.jpg": _file(
            _after_start(image("JPEG"), segments), ACCEPTED, DAMAGED
        ),
        "16384-by-16384.webp": _file(webp, PIXELS, DAMAGED),
        "no-size.gif": _file(gif(0, 0, 1), DAMAGED, ACCEPTED),
        "flipped-bit.png": _file(bytes(broken), DAMAGED, ACCEPTED),
    }


def _after_start(jpeg: bytes, segments: bytes) -> bytes:
    return jpeg[:2] + segments + jpeg[2:]


# ---- what is no picture at all -------------------------------------------------------------------


def _disguised() -> dict[str, Hostile]:
    page = b"<!DOCTYPE html><script>alert(document.cookie)</script>"
    zipped = BytesIO()
    with ZipFile(zipped, "w") as archive:
        archive.writestr("evil.sh", "rm -rf /")
    comment = b"\xff\xfe" + struct.pack(">H", len(page) + 2) + page
    return {
        "eps.png": _file(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", UNSUPPORTED),
        "svg.png": _file(b'<svg xmlns="http://www.w3.org/2000/svg" onload="x()"/>', UNSUPPORTED),
        "tiff.jpg": _file(image("TIFF"), UNSUPPORTED),
        "page.png": _file(page, UNSUPPORTED),
        "document.jpg": _file(b"%PDF-1.7\n1 0 obj<</Type/Catalog>>endobj", UNSUPPORTED),
        "bitmap.png": _file(image("BMP"), UNSUPPORTED),
        "icon.gif": _file(image("ICO"), UNSUPPORTED),
        "archive.webp": _file(zipped.getvalue(), UNSUPPORTED),
        "program.wav": _file(b"\x7fELF\x02\x01\x01" + bytes(64), UNSUPPORTED),
        "aiff.wav": _file(audio("AIFF"), UNSUPPORTED),
        "avi.wav": _file(b"RIFF" + struct.pack("<I", 100) + b"AVI LIST" + bytes(90), UNSUPPORTED),
        "nothing.png": _file(b"", UNSUPPORTED),
        "one-byte.png": _file(b"\x89", UNSUPPORTED),
        "script-in-a-gif.gif": _file(b"GIF89a/*" + bytes(20) + b"*/=1;alert(1)//;", DAMAGED),
        "zip-behind-a-png.png": _file(image("PNG") + zipped.getvalue(), ACCEPTED),
        "page-in-a-jpeg.html": _file(_after_start(image("JPEG"), comment), ACCEPTED),
    }


# ---- recordings --------------------------------------------------------------------------------


def wav(data: bytes, *, channels: int = 1, rate: int = 44_100, says: int | None = None) -> bytes:
    """A WAV of 16 bits, whose head ``says`` how many bytes of sound there are."""
    size = len(data) if says is None else says
    form = struct.pack(
        "<4sIHHIIHH",
        *(b"fmt ", 16, 1, channels, rate, rate * channels * 2 % 2**32, channels * 2 % 2**16, 16),
    )
    riff = struct.pack("<4sI4s", b"RIFF", (36 + size) % 2**32, b"WAVE")
    return riff + form + struct.pack("<4sI", b"data", size) + data


def _sounds() -> dict[str, Hostile]:
    hour = 3600 * 44_100 * 2
    size = struct.pack(">4B", *(20 * 2**20 >> shift & 0x7F for shift in (21, 14, 7, 0)))
    giant = b"ID3\x04\0\0" + size + bytes(20 * 2**20)
    flac = bytearray(audio("FLAC"))
    flac[21] |= 0x0F
    flac[22:26] = b"\xff" * 4
    return {
        "one-hour-in-44-bytes.wav": _file(wav(b"", says=hour), DAMAGED, LONG),
        "one-hour-in-a-second.wav": _file(wav(bytes(88_200), says=hour), ACCEPTED, LONG),
        "endless.wav": _file(wav(bytes(88_200), says=2**32 - 1), ACCEPTED, LONG, DAMAGED),
        "16-minutes.wav": _file(wav(bytes(16 * 60 * 2_000), rate=1_000), LONG),
        "16-minutes.flac": _file(audio("FLAC", 960, 8_000), LONG),
        "no-channels.wav": _file(wav(bytes(100), channels=0), DAMAGED),
        "65535-channels.wav": _file(wav(bytes(1_000), channels=65_535), DAMAGED),
        "no-rate.wav": _file(wav(bytes(100), rate=0), DAMAGED, LONG),
        "4-gigahertz.wav": _file(wav(bytes(100), rate=2**32 - 1), DAMAGED, ACCEPTED),
        "giant-tag.mp3": _file(giant + good_files()["sound.mp3"][0], ACCEPTED, DAMAGED),
        "only-a-tag.mp3": _file(giant, DAMAGED),
        "noise.mp3": _file(b"\xff\xfb" + bytes(range(256)) * 400, DAMAGED, ACCEPTED),
        "lying-granule.ogg": _file(lying_granule(audio("OGG")), ACCEPTED, DAMAGED, LONG),
        "2-months.flac": _file(bytes(flac), ACCEPTED, DAMAGED, LONG),
    }


def lying_granule(ogg: bytes) -> bytes:
    """An OGG whose last page says that centuries have passed, with the right checksum."""
    lying, at = bytearray(ogg), ogg.rindex(b"OggS")
    lying[at + 6 : at + 14] = struct.pack("<Q", 2**60)
    lying[at + 22 : at + 26] = bytes(4)
    lying[at + 22 : at + 26] = struct.pack("<I", _ogg_checksum(lying[at:]))
    return bytes(lying)


def _ogg_checksum(page: bytes | bytearray) -> int:
    check = 0
    for byte in page:
        check ^= byte << 24
        for _ in range(8):
            check = (check << 1 ^ (0x04C11DB7 if check & 0x80000000 else 0)) & 0xFFFFFFFF
    return check


# ---- broken, and odd but good --------------------------------------------------------------------


def _cut_off() -> dict[str, Hostile]:
    """Every kind without its second half; recordings may be taken as far as they play."""
    found = {}
    for name, (content, media_type) in good_files().items():
        ends = (DAMAGED,) if media_type.startswith("image/") else (DAMAGED, ACCEPTED)
        found[f"half-of-a-{name}"] = _file(content[: len(content) // 2], *ends)
        found[f"head-of-a-{name}"] = _file(content[:16], DAMAGED)
    return found


def _odd() -> dict[str, Hostile]:
    return {
        "print-colours.jpg": _file(image("JPEG", "CMYK"), ACCEPTED),
        "16-bits.png": _file(image("PNG", "I;16"), ACCEPTED),
        "two-colours.png": _file(image("PNG", "1"), ACCEPTED),
        "palette.png": _file(image("PNG", "P", transparency=3), ACCEPTED),
        "grey-and-clear.png": _file(image("PNG", "LA"), ACCEPTED),
        "one-pixel.gif": _file(gif(1, 1, 1), ACCEPTED),
        "thin.png": _file(image("PNG", size=(1, 4_000)), ACCEPTED),
        "8-channels.wav": _file(audio("WAV", channels=8), ACCEPTED),
        "floats.wav": _file(audio("WAV", subtype="DOUBLE"), ACCEPTED),
    }
