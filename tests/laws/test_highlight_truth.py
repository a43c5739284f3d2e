"""Highlights under the edits of an essay's life, against the oracle of the benchmarks.

``HIGHLIGHT_EDITS`` makes it as many as wanted; a million take some minutes.
"""

from __future__ import annotations

import os
import random

import pytest
from bench.highlight_oracle import Hunk, Page, run

from workroom.core.text import attach

EDITS = int(os.environ.get("HIGHLIGHT_EDITS", "6000"))
SEEDS = 3


@pytest.mark.timeout(60 + EDITS / 50)
@pytest.mark.parametrize("seed", range(SEEDS))
def test_no_highlight_is_silently_wrong(seed: int) -> None:
    faults: list[str] = []
    counts = run(seed, EDITS // SEEDS, on_wrong=faults.append)
    assert faults == []
    assert counts["edits"] >= EDITS // SEEDS
    assert counts["returned"] > 0


@pytest.mark.timeout(120)
@pytest.mark.parametrize(("seed", "edits"), [(70072, 1_600), (70163, 2_800)])
def test_no_highlight_settles_on_what_a_restore_wrote_in_its_hole(seed: int, edits: int) -> None:
    """As it once did here, while the same restore brought its own words back somewhere else."""
    faults: list[str] = []
    counts = run(seed, edits, on_wrong=faults.append)
    assert faults == []
    assert counts["returned"] > 0


def _page() -> tuple[Page, list[str]]:
    page = Page.opened(random.Random(0), 200, 1)
    faults: list[str] = []
    page.on_wrong = faults.append
    return page, faults


def _shifted(page: Page, by: int) -> None:
    mark = page.highlights[0]
    aside = attach(page.version.text, mark.start + by, mark.end + by)
    page.highlights = page.highlights.put(0, aside)


def test_the_oracle_sees_a_highlight_beside_its_letters() -> None:
    page, faults = _page()
    _shifted(page, 1)
    page.edit([Hunk(0, 0, "x", [next(page.names)])], guessed=False)
    assert len(faults) == 1


def test_the_oracle_sees_a_highlight_that_stayed_behind() -> None:
    page, faults = _page()
    page.edit([Hunk(0, 0, "x", [next(page.names)])], guessed=False)
    assert faults == []
    _shifted(page, -1)
    page.edit([Hunk(0, 1, "", [])], guessed=False)
    assert len(faults) == 1
