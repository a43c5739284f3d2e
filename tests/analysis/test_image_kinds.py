"""The same picture in all the ways in which a file can hold it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from media_kit import BLUE, GREEN, RED, WHITE, halves, ignore, picture, png, solid
from workroom.analysis.image import analyze_image
from workroom.analysis.results import ImageResult


def look(path: Path) -> ImageResult:
    return analyze_image(path, ignore)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("it.png", {}),
        ("it.webp", {"lossless": True}),
        ("it.gif", {}),
        ("it.jpg", {"quality": 100, "subsampling": 0}),
    ],
)
def test_every_format_shows_the_same_colours(
    tmp_path: Path, name: str, options: dict[str, Any]
) -> None:
    found = look(picture(tmp_path, halves(WHITE, (0, 0, 0), 16), name, **options))
    assert found.format == {"jpg": "JPEG"}.get(name[3:], name[3:].upper())
    assert [(it.colour, it.share) for it in found.palette] == [("#000000", 0.5), ("#ffffff", 0.5)]
    assert (found.width, found.height, found.animated) == (16, 16, False)


def test_the_name_of_the_file_does_not_matter(tmp_path: Path) -> None:
    assert look(picture(tmp_path, solid(RED)).rename(tmp_path / "it.mp3")).format == "PNG"


@pytest.mark.parametrize("orientation", range(1, 9))
def test_width_and_height_are_those_of_the_picture_as_displayed(
    tmp_path: Path, orientation: int
) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    pixels = np.zeros((4, 6, 3), np.uint8)
    found = look(picture(tmp_path, pixels, "it.jpg", exif=exif))
    assert (found.width, found.height) == ((6, 4) if orientation < 5 else (4, 6))


def test_nonsense_in_the_cameras_notes_harms_nobody(tmp_path: Path) -> None:
    exif = b"Exif\0\0II*\0\x08\0\0\0\xff\xff" + b"\x12\x01" + b"\xff" * 40
    assert look(picture(tmp_path, solid(RED, 16), "it.jpg", exif=exif)).width == 16


def test_transparency_lies_over_white(tmp_path: Path) -> None:
    found = look(picture(tmp_path, halves((*RED, 255), (0, 0, 0, 0))))
    assert [it.colour for it in found.palette] == ["#ff0000", "#ffffff"]
    half = look(picture(tmp_path, solid((0, 0, 0, 51))))
    assert [it.colour for it in half.palette] == ["#cccccc"]


def test_grey_with_transparency_lies_over_white(tmp_path: Path) -> None:
    path = tmp_path / "it.png"
    Image.new("LA", (4, 4), (0, 51)).save(path)
    assert [it.colour for it in look(path).palette] == ["#cccccc"]


def test_a_transparent_colour_of_a_palette_is_white(tmp_path: Path) -> None:
    path = tmp_path / "it.gif"
    image = Image.fromarray(halves(RED, BLUE)).quantize(2)
    image.save(path, transparency=image.getpixel((0, 0)))
    assert {it.colour for it in look(path).palette} == {"#ffffff", "#0000ff"}


def test_a_transparent_colour_without_a_palette_is_white(tmp_path: Path) -> None:
    path = picture(tmp_path, halves(RED, BLUE), transparency=RED)
    assert {it.colour for it in look(path).palette} == {"#ffffff", "#0000ff"}


def test_black_and_white_is_read_as_such(tmp_path: Path) -> None:
    path = tmp_path / "it.png"
    Image.new("1", (8, 8), 1).save(path)
    assert look(path).brightness == 1


def test_four_colours_of_print_become_three_of_light(tmp_path: Path) -> None:
    path = tmp_path / "it.jpg"
    Image.new("CMYK", (16, 16), (0, 255, 255, 0)).save(path, quality=100)
    (swatch,) = look(path).palette
    red, green, blue = bytes.fromhex(swatch.colour[1:])
    assert red > 250
    assert max(green, blue) < 5


def test_16_bits_of_grey_keep_their_brightness(tmp_path: Path) -> None:
    path = tmp_path / "it.png"
    Image.fromarray(np.full((4, 4), 0x8033, np.uint16)).save(path)
    assert [it.colour for it in look(path).palette] == ["#808080"]


def test_16_bits_of_colour_keep_their_colour(tmp_path: Path) -> None:
    path = tmp_path / "it.png"
    row = b"\0" + bytes.fromhex("ff00 8000 0000") * 4
    path.write_bytes(png(4, 4, 16, 2, row * 4))
    assert [it.colour for it in look(path).palette] == ["#ff8000"]


@pytest.mark.parametrize("name", ["it.gif", "it.webp", "it.png"])
def test_of_an_animation_the_first_frame_is_measured_and_that_is_said(
    tmp_path: Path, name: str
) -> None:
    frames = [Image.fromarray(solid(it, 16)) for it in (RED, GREEN, BLUE)]
    path = tmp_path / name
    frames[0].save(path, save_all=True, append_images=frames[1:], lossless=True)
    found = look(path)
    assert found.animated
    assert [it.colour for it in found.palette] == ["#ff0000"]


def test_a_phones_multi_picture_is_a_jpeg(tmp_path: Path) -> None:
    first, second = (Image.fromarray(solid(it, 16)) for it in (WHITE, RED))
    path = tmp_path / "it.jpg"
    first.save(path, format="MPO", save_all=True, append_images=[second])
    found = look(path)
    assert (found.format, found.animated, found.brightness) == ("JPEG", False, 1)


def test_the_same_file_gives_the_same_result(tmp_path: Path) -> None:
    pixels = np.random.default_rng(3).integers(0, 256, (300, 400, 3), np.uint8)
    path = picture(tmp_path, pixels, "it.jpg")
    assert look(path).to_json() == look(path).to_json()
