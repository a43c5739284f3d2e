from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from media_kit import (
    BLACK,
    BLUE,
    CYAN,
    GREEN,
    GREY,
    RED,
    WHITE,
    YELLOW,
    Pixels,
    halves,
    seen,
    solid,
)
from workroom.analysis.results import Swatch

quickly = settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
colours = st.tuples(*[st.integers(0, 255)] * 3)


@st.composite
def pictures(draw: st.DrawFn) -> Pixels:
    height, width = draw(st.integers(1, 12)), draw(st.integers(1, 12))
    few = np.array(draw(st.lists(colours, min_size=1, max_size=9)), np.uint8)
    seed = draw(st.integers(0, 2**32 - 1))
    return few[np.random.default_rng(seed).integers(len(few), size=(height, width))]


@pytest.mark.parametrize(
    ("colour", "brightness", "saturation"),
    [
        (BLACK, 0, 0),
        (WHITE, 1, 0),
        (GREY, 0.502, 0),
        (RED, 0.2126, 1),
        (GREEN, 0.7152, 1),
        (BLUE, 0.0722, 1),
        ((200, 100, 50), 0.4614, 0.5882),
    ],
)
def test_brightness_and_saturation_of_one_colour(
    tmp_path: Path, colour: tuple[int, ...], brightness: float, saturation: float
) -> None:
    found = seen(tmp_path, solid(colour))
    assert (found.brightness, found.saturation) == (brightness, saturation)


@pytest.mark.parametrize(
    ("colour", "pleasure", "arousal", "dominance"),
    [
        (BLACK, 0, 0, 0),
        (WHITE, 0.69, -0.31, -0.76),
        (RED, 0.3667, 0.5341, 0.1584),  # 0.69 * 0.2126 + 0.22, -0.31 * 0.2126 + 0.60, ...
        (YELLOW, 0.8602, 0.3124, -0.3851),
        (BLUE, 0.2698, 0.5776, 0.2651),
    ],
)
def test_the_emotion_is_valdez_and_mehrabians_regression(
    tmp_path: Path, colour: tuple[int, ...], pleasure: float, arousal: float, dominance: float
) -> None:
    found = seen(tmp_path, solid(colour)).emotion
    assert (found.pleasure, found.arousal, found.dominance) == (pleasure, arousal, dominance)


@pytest.mark.parametrize(
    ("colour", "label"),
    [(YELLOW, "lively"), (WHITE, "calm"), (BLUE, "tense"), (BLACK, "subdued")],
)
def test_the_mood_is_the_quarter_of_the_plane_and_says_that_it_is_a_heuristic(
    tmp_path: Path, colour: tuple[int, ...], label: str
) -> None:
    found = seen(tmp_path, solid(colour)).mood
    assert found.label == label
    assert found.heuristic


def test_a_picture_near_the_middle_of_the_plane_is_called_balanced(tmp_path: Path) -> None:
    # Brightness 0.5163 and saturation 0.4196: pleasure 0.449 lies between 0 and 0.860, arousal
    # 0.092 between -0.310 and 0.578.
    found = seen(tmp_path, solid((100, 150, 43))).mood
    assert (found.label, found.pleasure, found.arousal) == ("balanced", 0.043, -0.095)


def test_one_colour_is_the_whole_palette(tmp_path: Path) -> None:
    assert seen(tmp_path, solid((18, 52, 86))).palette == [Swatch(colour="#123456", share=1)]


def test_two_halves_are_two_halves_of_the_palette(tmp_path: Path) -> None:
    found = seen(tmp_path, halves((10, 20, 30), (250, 120, 7))).palette
    assert found == [Swatch(colour="#0a141e", share=0.5), Swatch(colour="#fa7807", share=0.5)]


def test_the_palette_shows_the_largest_colour_first_and_misses_no_small_one(tmp_path: Path) -> None:
    pixels = solid(WHITE, 10)
    pixels[0, :3], pixels[5, 5] = RED, BLUE
    found = [(it.colour, it.share) for it in seen(tmp_path, pixels).palette]
    assert found == [("#ffffff", 0.96), ("#ff0000", 0.03), ("#0000ff", 0.01)]


def test_shades_that_look_alike_are_one_colour_of_the_palette(tmp_path: Path) -> None:
    found = seen(tmp_path, halves((120, 120, 120), (124, 124, 124))).palette
    assert found == [Swatch(colour="#7a7a7a", share=1)]


@pytest.mark.parametrize(
    ("pixels", "value"),
    [
        (solid(GREY), 0),
        (halves(BLACK, WHITE), 0),
        (solid(RED), 85.53),  # 0.3 * hypot(255, 127.5)
        (solid(BLUE), 76.5),  # 0.3 * 255
        (halves(BLUE, YELLOW), 255),  # yellow-blue is -255 or 255: deviation 255, mean 0
        (halves(RED, CYAN), 285.1),  # hypot(255, 127.5): red-green and yellow-blue both swing
    ],
)
def test_colourfulness_is_hasler_and_suesstrunks(
    tmp_path: Path, pixels: Pixels, value: float
) -> None:
    assert seen(tmp_path, pixels).colourfulness == value


def test_the_light_dark_contrast_is_the_deviation_of_brightness(tmp_path: Path) -> None:
    assert seen(tmp_path, halves(BLACK, WHITE)).contrast.light_dark == 0.5
    assert seen(tmp_path, solid(GREY)).contrast.light_dark == 0
    assert seen(tmp_path, halves((51, 51, 51), (153, 153, 153))).contrast.light_dark == 0.2


def test_warm_cold_and_neutral_are_told_by_hue(tmp_path: Path) -> None:
    pixels = np.concatenate([solid(it, 4) for it in (RED, YELLOW, BLUE, GREY)])
    found = seen(tmp_path, pixels).temperature
    assert (found.warm, found.cold, found.neutral) == (0.5, 0.25, 0.25)


def test_the_warm_cold_contrast_is_the_deviation_of_warmth(tmp_path: Path) -> None:
    assert seen(tmp_path, solid(RED)).contrast.warm_cold == 0
    assert seen(tmp_path, halves(BLACK, WHITE)).contrast.warm_cold == 0
    # CIELAB hues of red and cyan: 40.00 and 196.38 degrees; half of cos(10.0) - cos(146.4).
    assert seen(tmp_path, halves(RED, CYAN)).contrast.warm_cold == pytest.approx(0.9088, abs=2e-4)


@quickly
@given(pictures(), st.integers(0, 3), st.booleans())
def test_turning_and_mirroring_change_nothing_but_the_measures(
    tmp_path: Path, pixels: Pixels, turns: int, mirrored: bool
) -> None:
    turned = np.rot90(pixels[:, ::-1] if mirrored else pixels, turns)
    measures = {"width": 0, "height": 0}
    before = seen(tmp_path, pixels).to_json() | measures
    assert seen(tmp_path, np.ascontiguousarray(turned)).to_json() | measures == before


@quickly
@given(pictures())
def test_every_part_of_a_whole_is_counted_once(tmp_path: Path, pixels: Pixels) -> None:
    found = seen(tmp_path, pixels)
    assert sum(round(it.share * 10_000) for it in found.palette) == 10_000
    parts = found.temperature
    assert round((parts.warm + parts.cold + parts.neutral) * 10_000) == 10_000


@quickly
@given(pictures())
def test_the_same_picture_four_times_over_has_the_same_colours(
    tmp_path: Path, pixels: Pixels
) -> None:
    once, often = seen(tmp_path, pixels), seen(tmp_path, np.tile(pixels, (2, 2, 1)))
    assert often.palette == once.palette
    assert often.emotion == once.emotion
    assert often.colourfulness == pytest.approx(once.colourfulness, abs=0.011)


def test_a_picture_of_many_strips_is_measured_to_its_last_row(tmp_path: Path) -> None:
    pixels = np.zeros((1200, 1000, 3), np.uint8)
    pixels[600:] = WHITE
    found = seen(tmp_path, pixels)
    assert (found.brightness, found.contrast.light_dark) == (0.5, 0.5)
    assert [it.share for it in found.palette] == [0.5, 0.5]
