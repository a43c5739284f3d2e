"""What callers can rely on: JSON, schema, progress, and a server that loads no decoder."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from jsonschema import Draft202012Validator

from media_kit import (
    RATE,
    RED,
    Said,
    clicks,
    halves,
    heard,
    ignore,
    noise,
    picture,
    recording,
    seen,
    sine,
    solid,
    stereo,
)
from workroom.analysis.audio import analyze_audio
from workroom.analysis.image import analyze_image
from workroom.analysis.progress import Progress
from workroom.analysis.results import Mood, json_schema

SCHEMA = json_schema()


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    assert not Draft202012Validator(SCHEMA).is_valid({"kind": "image"})


@pytest.mark.parametrize(
    "make",
    [
        lambda folder: seen(folder, solid(RED)),
        lambda folder: seen(folder, halves((0, 0, 0, 0), (1, 2, 3, 4))),
        lambda folder: heard(folder, np.zeros(RATE)),
        lambda folder: heard(folder, np.array([1e-30])),
        lambda folder: heard(folder, np.array([2.0**31])),
        lambda folder: heard(folder, stereo(sine(-20))),
        lambda folder: heard(folder, clicks(239)),
        lambda folder: heard(folder, noise(2, 1e-6)),
    ],
)
def test_every_result_is_plain_finite_json_of_the_schema(
    tmp_path: Path, make: Callable[[Path], object]
) -> None:
    result = make(tmp_path).to_json()  # type: ignore[attr-defined]
    assert json.loads(json.dumps(result, allow_nan=False)) == result
    Draft202012Validator(SCHEMA).validate(result)
    assert result["version"] == 1
    assert result["note"]
    assert all(re.search(r"\d{4}", source) for source in result["sources"])


def test_a_value_out_of_its_range_cannot_be_made() -> None:
    for wrong in (1.01, float("nan")):
        with pytest.raises(ValueError, match="pleasure"):
            Mood(label="calm", pleasure=wrong, arousal=0)


def test_a_picture_is_reported_from_its_decoding_to_its_end(tmp_path: Path) -> None:
    said: Said = []
    pixels = np.zeros((1000, 1500, 3), np.uint8)
    analyze_image(picture(tmp_path, pixels), lambda *it: said.append(it))
    assert [message for _, message in stages(said)] == [
        "Decoding image...",
        "Measuring colours...",
        "Finding the main colours...",
        "Comparing warm and cold...",
        "Done",
    ]
    assert said[-1] == (100, "Done")
    assert len([it for it in said if it[1] == "Measuring colours..."]) > 5


def test_a_recording_is_reported_as_far_as_it_was_heard(tmp_path: Path) -> None:
    said: Said = []
    analyze_audio(recording(tmp_path, stereo(sine(-20, 64))), lambda *it: said.append(it))
    assert [message for _, message in stages(said)] == [
        "Opening audio...",
        "Processing audio...",
        "Estimating the tempo...",
        "Drawing the waveform...",
        "Done",
    ]
    assert said[-1] == (100, "Done")
    percents = [percent for percent, message in said if message == "Processing audio..."]
    assert len(percents) > 10
    # Blocks of equal length take the bar equally far.
    assert max(later - sooner for sooner, later in pairwise(percents)) <= 7


def test_progress_never_falls_and_says_nothing_twice() -> None:
    said: Said = []
    progress = Progress(lambda *it: said.append(it))
    progress.tell(50, "a")
    progress.tell(20, "a")
    progress.tell(20, "b")
    progress.part(0, 200, 9, "b")
    progress.part(0, 100, -1, "b")
    assert said == [(50, "a"), (50, "b"), (100, "b")]


def test_who_is_told_may_stop_the_analysis(tmp_path: Path) -> None:
    class Cancelled(Exception):
        pass

    def cancel(percent: int, _message: str) -> None:
        if percent > 30:
            raise Cancelled

    with pytest.raises(Cancelled):
        analyze_image(picture(tmp_path, solid(RED)), cancel)
    with pytest.raises(Cancelled):
        analyze_audio(recording(tmp_path, sine(-20)), cancel)


def test_both_can_be_measured_again_in_the_same_process(tmp_path: Path) -> None:
    path = picture(tmp_path, solid(RED))
    sound = recording(tmp_path, sine(-20))
    first = analyze_image(path, ignore), analyze_audio(sound, ignore)
    assert (analyze_image(path, ignore), analyze_audio(sound, ignore)) == first


def test_the_server_starts_without_any_decoder() -> None:
    program = (
        "import sys, workroom.app, workroom.cli, workroom.analysis.results,"
        " workroom.analysis.errors, workroom.analysis.limits;"
        "print([it for it in ('numpy', 'soundfile', 'PIL', 'workroom.analysis.image')"
        " if it in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=280, check=True
    )
    assert done.stdout == "[]\n"


def stages(said: Said) -> Said:
    """The first report of each message."""
    return [it for at, it in enumerate(said) if at == 0 or said[at - 1][1] != it[1]]
