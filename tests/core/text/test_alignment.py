"""Common ends and common stretches."""

from __future__ import annotations

import random
from itertools import product

import pytest

from workroom.core.text.alignment import Span, common_prefix, common_suffix, regions, trim

_LETTERS = random.Random(1)
FILLER = " ".join(f"number {n} {_LETTERS.getrandbits(120):x}" for n in range(80))


@pytest.mark.parametrize("same", [0, 1, 63, 64, 65, 127, 191, 192, 193, 500])
def test_common_ends_are_found_to_the_letter(same: int) -> None:
    stretch = FILLER[:same]
    assert common_prefix(stretch + "1x", stretch + "2yz", 0, 0, same + 2) == same
    old, new = "x1" + stretch, "zy2" + stretch
    assert common_suffix(old, new, len(old), len(new), same + 2) == same


@pytest.mark.parametrize("same", [1, 64, 200])
def test_common_ends_stop_at_the_limit(same: int) -> None:
    text = FILLER[:300]
    assert common_prefix(text, text, 0, 0, same) == same
    assert common_suffix(text, text, 300, 300, same) == same
    assert common_prefix(text, text, 0, 0, 0) == common_suffix(text, text, 300, 300, 0) == 0


def test_common_ends_agree_with_counting() -> None:
    letters = ["".join(word) for word in product("ab", repeat=5)]
    for old, new in product(letters, letters):
        slow = next((at for at in range(5) if old[at] != new[at]), 5)
        assert common_prefix(old, new, 0, 0, 5) == slow
        assert common_suffix(old[::-1], new[::-1], 5, 5, 5) == slow


def test_trimming_never_counts_a_letter_twice() -> None:
    assert trim("aaa", "aaaa") == Span(3, 3, 3, 4)
    assert trim("same", "same") == Span(4, 4, 4, 4)
    assert trim("", "new") == Span(0, 0, 0, 3)


def found(old: str, new: str) -> list[tuple[str, str]]:
    spans = list(regions(old, new, trim(old, new)))
    at = there = 0
    for span in spans:  # what lies between the regions is the same in both
        assert old[at : span.x0] == new[there : span.y0]
        at, there = span.x1, span.y1
    assert old[at:] == new[there:]
    return [(old[s.x0 : s.x1], new[s.y0 : s.y1]) for s in spans]


def test_edits_far_apart_are_regions_of_their_own() -> None:
    new = FILLER.replace("number 10 ", "number ten ").replace("number 70 ", "number seventy ")
    assert found(FILLER, new) == [("10", "ten"), ("70", "seventy")]


def test_a_paragraph_that_came_or_went_is_passed_over() -> None:
    paragraph = "An entirely different paragraph, with words that are nowhere else. " * 40
    longer = FILLER[:500] + paragraph + FILLER[500:]
    changed = longer.replace("number 70 ", "number seventy ")
    assert found(FILLER, changed) == [("", paragraph), ("70", "seventy")]
    assert found(changed, FILLER) == [(paragraph, ""), ("seventy", "70")]


def test_a_paragraph_that_moved_is_one_deletion_and_one_insertion() -> None:
    moved = FILLER[:100] + FILLER[600:2000] + FILLER[100:600] + FILLER[2000:]
    pieces = found(FILLER, moved)
    assert len(pieces) == 2
    assert {len(old) for old, _ in pieces} == {len(new) for _, new in pieces} == {0, 500}


def test_texts_without_anything_in_common_are_one_region() -> None:
    assert found("a" * 3000, "b" * 3000) == [("a" * 3000, "b" * 3000)]
    assert found("same", "same") == []


def test_the_best_of_several_agreements_wins() -> None:
    """A phrase that also stands farther on does not draw the comparison there."""
    phrase = "one phrase that stands here more than once"
    old = f"A1 {phrase} B {phrase} C1"
    new = f"A2 {phrase} B {phrase} C2"
    assert found(old, new) == [("1", "2"), ("1", "2")]


def test_the_closer_of_two_far_agreements_wins() -> None:
    one, two = FILLER[:1500], FILLER[1500:3000]
    old = "x" * 1500 + one + "-" + two
    new = "y" * 1400 + one + "+" + two
    assert found(old, new) == [("x" * 1500, "y" * 1400), ("-", "+")]
