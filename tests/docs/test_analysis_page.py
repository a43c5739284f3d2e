from __future__ import annotations

import re
from typing import Any

import pytest

from docs_kit import read, rows
from workroom.analysis import errors
from workroom.analysis.audio import SOURCES as OF_SOUND
from workroom.analysis.image import SOURCES as OF_IMAGES
from workroom.analysis.limits import AudioLimits, ImageLimits
from workroom.analysis.results import json_schema

PAGE = read("docs", "analysis.md")
LISTED = rows(PAGE)
SCHEMA = json_schema()


def leaves(schema: dict[str, Any], name: str = "") -> dict[str, dict[str, Any]]:
    """Every value of a result by its dotted name, with its schema."""
    if "$ref" in schema:
        return leaves(SCHEMA["$defs"][schema["$ref"].rpartition("/")[2]], name)
    if "anyOf" in schema:
        (real,) = [it for it in schema["anyOf"] if it != {"type": "null"}]
        return leaves(real, name)
    if "items" in schema and name != "sources":
        return leaves(schema["items"], f"{name}[]")
    if "properties" in schema:
        inner = schema["properties"].items()
        dot = "." if name else ""
        found = [leaves(value, f"{name}{dot}{key}") for key, value in inner]
        return {key: value for each in found for key, value in each.items()}
    return {name: schema}


VALUES = {
    name: value
    for result in ("ImageResult", "AudioResult")
    for name, value in leaves(SCHEMA["$defs"][result]).items()
}


def test_every_value_is_on_the_page_and_nothing_else() -> None:
    codes = {it.code for it in errors.AnalysisError.__subclasses__()}
    assert set(LISTED) == set(VALUES) | codes


@pytest.mark.parametrize("name", [it for it in VALUES if "minimum" in VALUES[it]])
def test_every_range_is_the_real_one(name: str) -> None:
    stated = re.match(r"(-?[\d.]+) to (-?[\d.]+)", LISTED[name][0])
    low, high = VALUES[name]["minimum"], VALUES[name].get("maximum")
    if stated is None:
        assert (low, high) in {(0, None), (1, None), (0, 400), (-400, 400)}
    else:
        assert float(stated[1]) == low
        assert high is None or float(stated[2]) == high


def test_every_source_of_the_results_is_named() -> None:
    for source in (*OF_IMAGES, *OF_SOUND):
        for word in re.findall(r"\b(?:[A-Z][a-z]+|BS\.1770-5|R 128|\d{4})\b", source):
            assert word.lower() in PAGE.lower(), (source, word)


def test_the_limits_are_the_real_ones() -> None:
    assert (ImageLimits().pixels, ImageLimits().scans) == (50_000_000, 100)
    assert (AudioLimits().seconds, AudioLimits().samples) == (15 * 60, 400_000_000)
    for stated in ("50 megapixels", "100 passes", "15 minutes", "400 million"):
        assert stated in LISTED["media_too_large"][0]
