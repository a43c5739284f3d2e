"""Whatever is uploaded, an analysis ends with a result or says in words why there is none."""

from __future__ import annotations

import io
import signal
import zlib
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from hostile_kit import memory_of
from media_kit import RED, Said, chunk, ignore, picture, png, solid
from workroom.analysis.errors import (
    AnalysisError,
    DamagedMedia,
    MediaTooLarge,
    UnsupportedMedia,
)
from workroom.analysis.image import analyze_image
from workroom.analysis.limits import ImageLimits

FORMATS = ["PNG", "JPEG", "WEBP", "GIF"]
quickly = settings(
    max_examples=60,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def refused(path: Path, limits: ImageLimits | None = None) -> AnalysisError:
    with pytest.raises(AnalysisError) as caught:
        analyze_image(path, ignore, limits or ImageLimits())
    return caught.value


def written(folder: Path, data: bytes) -> Path:
    path = folder / "upload"
    path.write_bytes(data)
    return path


def encoded(kind: str, **options: bool | bytes) -> bytes:
    pixels = np.random.default_rng(5).integers(0, 256, (40, 60, 3), np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, kind, **options)
    return buffer.getvalue()


ADAM7 = [
    (0, 0, 8, 8),
    (4, 0, 8, 8),
    (0, 4, 4, 8),
    (2, 0, 4, 4),
    (0, 2, 2, 4),
    (1, 0, 2, 2),
    (0, 1, 1, 2),
]
SAMPLES = {kind: encoded(kind) for kind in FORMATS}


def test_nine_kilobytes_that_claim_81_megapixels_are_not_decoded(tmp_path: Path) -> None:
    rows = (b"\0" + bytes(9000)) * 9000
    path = written(tmp_path, png(9000, 9000, 8, 0, rows))
    assert path.stat().st_size < 100_000
    error, used = memory_of("image", path)
    assert error == (
        "media_too_large: The picture has 9000 x 9000 pixels; at most 50,000,000 are read"
    )
    assert used < 40


@pytest.mark.parametrize("side", [9_500, 13_000, 60_000])
def test_too_many_pixels_are_refused_long_before_and_long_after_the_decoders_own_limit(
    tmp_path: Path, side: int
) -> None:
    error = refused(written(tmp_path, png(side, side, 8, 2, b"")))
    assert isinstance(error, MediaTooLarge)
    assert error.field == "pixels"


def test_the_largest_picture_is_measured_in_4_bytes_a_pixel_and_little_beside(
    tmp_path: Path,
) -> None:
    rows = (b"\0" + bytes(4 * 7000)) * 7000
    error, used = memory_of("image", written(tmp_path, png(7000, 7000, 8, 6, rows)))
    assert error == ""
    assert used < 260


@pytest.mark.parametrize("kind", ["WEBP", "GIF"])
def test_a_canvas_that_is_only_claimed_takes_no_memory(tmp_path: Path, kind: str) -> None:
    data = bytearray(SAMPLES[kind])
    if kind == "GIF":
        data[6:10] = (0xFFFF).to_bytes(2, "little") * 2
    else:
        extended = b"\0\0\0\0" + (16_382).to_bytes(3, "little") * 2
        body = b"WEBP" + b"VP8X" + len(extended).to_bytes(4, "little") + extended + data[12:]
        data = bytearray(b"RIFF" + len(body).to_bytes(4, "little") + body)
    error, used = memory_of("image", written(tmp_path, bytes(data)))
    assert error.startswith(("media_too_large: ", "damaged_media: ", "unsupported_media: "))
    assert used < 40


def test_a_header_that_claims_more_than_there_is_means_damaged(tmp_path: Path) -> None:
    path = written(tmp_path, png(6000, 6000, 8, 2, (b"\0" + bytes(18_000)) * 3))
    error, used = memory_of("image", path)
    assert error == "damaged_media: The picture is damaged or incomplete"
    assert used < 260


@pytest.mark.parametrize("interlaced", [False, True])
@pytest.mark.parametrize("size", [(1, 1), (3, 2), (8, 8), (17, 9), (64, 33)])
@pytest.mark.parametrize(
    ("depth", "kind", "samples"), [(1, 0, 1), (4, 0, 1), (8, 2, 3), (16, 6, 4)]
)
def test_a_black_png_is_whole_only_with_its_last_byte(
    tmp_path: Path,
    interlaced: bool,
    size: tuple[int, int],
    depth: int,
    kind: int,
    samples: int,
) -> None:
    width, height = size
    passes = ADAM7 if interlaced else [(0, 0, 1, 1)]
    parts = [(len(range(x, width, dx)), len(range(y, height, dy))) for x, y, dx, dy in passes]
    total = sum(
        rows * (1 + -(-columns * depth * samples // 8)) for columns, rows in parts if columns
    )
    whole = png(width, height, depth, kind, bytes(total), interlaced=interlaced)
    assert analyze_image(written(tmp_path, whole), ignore).width == width
    short = png(width, height, depth, kind, bytes(total - 1), interlaced=interlaced)
    assert isinstance(refused(written(tmp_path, short)), DamagedMedia)


def test_a_text_that_unpacks_to_gigabytes_is_not_unpacked(tmp_path: Path) -> None:
    packed = zlib.compress(bytes(300_000_000), 9)
    data = png(1, 1, 8, 0, b"\0\0")
    data = data[:33] + chunk(b"zTXt", b"Comment\0\0" + packed) + data[33:]
    error, used = memory_of("image", written(tmp_path, data))
    assert error == "damaged_media: The picture is damaged or incomplete"
    assert used < 40


def test_thousands_of_passes_over_one_picture_are_refused(tmp_path: Path) -> None:
    data = encoded("JPEG", progressive=True)
    last = data.rindex(b"\xff\xda")
    scan = data[last:-2]
    assert analyze_image(written(tmp_path, data[:-2] + scan * 20 + data[-2:]), ignore)
    error = refused(written(tmp_path, data[:-2] + scan * 5_000 + data[-2:]))
    assert isinstance(error, MediaTooLarge)
    assert error.field == "scans"


def test_a_film_behind_a_photo_is_no_pass_nor_are_a_cameras_notes(tmp_path: Path) -> None:
    photo = encoded("JPEG", exif=b"Exif\0\0" + b"\xff\xda" * 500)
    assert analyze_image(written(tmp_path, photo + b"\xff\xda\0\2" * 500), ignore)


def test_of_300_frames_one_is_decoded(tmp_path: Path) -> None:
    frames = [Image.fromarray(solid((it % 256, 0, 0), 200)) for it in range(300)]
    path = tmp_path / "it.gif"
    frames[0].save(path, save_all=True, append_images=frames[1:], optimize=False)
    assert analyze_image(path, ignore).animated


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0" * 100,
        b"<svg xmlns='http://www.w3.org/2000/svg'><rect width='9' height='9'/></svg>",
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\nshowpage\n",
        b"<!doctype html><script>alert(1)</script>",
        b"II*\0\x08\0\0\0",
        b"\x1f\x8b\x08\0",
        b"8BPS\0\x01" + bytes(20),
        b"SIMPLE  =                    T",
    ],
    ids=["nothing", "zeros", "SVG", "EPS", "HTML", "TIFF", "gzip", "PSD", "FITS"],
)
def test_what_is_no_picture_of_the_four_formats_is_told_so(tmp_path: Path, data: bytes) -> None:
    error = refused(written(tmp_path, data))
    assert isinstance(error, UnsupportedMedia)
    assert error.message == "This is not a PNG, JPEG, WebP or GIF picture"


@pytest.mark.parametrize("kind", ["BMP", "TIFF", "PPM", "ICO", "TGA"])
def test_other_formats_are_not_even_tried(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "it.png"
    Image.fromarray(solid(RED, 16)).save(path, kind)
    assert isinstance(refused(path), UnsupportedMedia)


def test_a_page_hidden_behind_a_picture_is_a_picture(tmp_path: Path) -> None:
    path = written(tmp_path, SAMPLES["PNG"] + b"<script>alert(1)</script>")
    assert analyze_image(path, ignore).width == 60


@pytest.mark.parametrize("kind", FORMATS)
def test_a_picture_that_was_cut_off_is_damaged(tmp_path: Path, kind: str) -> None:
    data = SAMPLES[kind]
    error = refused(written(tmp_path, data[: len(data) // 2]))
    assert isinstance(error, DamagedMedia | UnsupportedMedia)


@pytest.mark.parametrize("kind", FORMATS)
@quickly
@given(st.data())
def test_damage_anywhere_gives_a_result_or_a_reason(
    tmp_path: Path, kind: str, data: st.DataObject
) -> None:
    hurt = bytearray(SAMPLES[kind])
    for place in data.draw(st.lists(st.integers(0, len(hurt) - 1), max_size=8)):
        hurt[place] = data.draw(st.integers(0, 255))
    hurt = hurt[: data.draw(st.integers(0, len(hurt)))]
    with suppress(AnalysisError):
        found = analyze_image(written(tmp_path, bytes(hurt)), ignore)
        assert found.width * found.height <= ImageLimits().pixels


def test_a_time_limit_that_strikes_while_decoding_is_no_fault_of_the_picture(
    tmp_path: Path,
) -> None:
    class TimeUp(Exception):
        pass

    def strike(_signal: int, _frame: object) -> None:
        raise TimeUp

    pixels = np.random.default_rng(2).integers(0, 256, (3000, 3000, 3), np.uint8)
    path = picture(tmp_path, pixels, compress_level=1)
    said: Said = []

    def hear(percent: int, message: str) -> None:
        said.append((percent, message))
        signal.setitimer(signal.ITIMER_VIRTUAL, 0.005)  # of work: decoding this takes far longer

    before = signal.signal(signal.SIGVTALRM, strike)
    try:
        with pytest.raises(TimeUp):
            analyze_image(path, hear)
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
    assert said == [(5, "Decoding image...")]


def test_a_limit_is_the_operators(tmp_path: Path) -> None:
    path = picture(tmp_path, solid(RED, 10))
    assert analyze_image(path, ignore, ImageLimits(pixels=100)).width == 10
    assert isinstance(refused(path, ImageLimits(pixels=99)), MediaTooLarge)


def test_a_file_that_is_not_there_is_no_fault_of_the_picture(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        analyze_image(tmp_path / "gone.png", ignore)
