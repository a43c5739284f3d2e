"""What it would have taken somebody to make one text of another."""

from __future__ import annotations

import pytest

from workroom.core.text.alignment import Allowance
from workroom.core.text.change import Change
from workroom.core.text.diff import diff
from workroom.core.text.merging.pricing import deletions, least, retyped, within, work

BASE = "one two three four"


def price(
    text: str, caret: int | None = None, *, authors: str = "a" * 18, since_last: float = 9.0
) -> float:
    return work(
        diff(BASE, text, caret),
        authors=authors,
        author="a",
        text=text,
        caret=caret,
        since_last=since_last,
    )


def test_more_letters_cost_more() -> None:
    assert price("one two three four five") < price("one two three four five six")


def test_work_at_the_caret_is_cheaper_than_work_that_the_caret_cannot_have_done() -> None:
    text = "one new two three four"
    assert price(text, 7) < price(text) < price(text, 0)


@pytest.mark.parametrize("caret", [7, 8])
def test_a_caret_behind_the_blank_after_a_word_is_still_at_the_word(caret: int) -> None:
    assert price("one new three four", caret) < price("one new three four")


def test_a_caret_before_what_was_typed_did_not_type_it() -> None:
    text = "one new two three four"
    assert price(text, 4) > price(text, 7)


def test_to_delete_what_others_wrote_is_dearer() -> None:
    assert price("one three four", authors="b" * 18) > price("one three four")


def test_to_select_more_takes_hardly_more() -> None:
    one, three = price("two three four"), price("four")
    assert one < three < 3 * one


def test_of_ones_own_a_long_paragraph_is_selected_like_one_twice_as_long() -> None:
    def cleared(letters: int, author: str) -> float:
        whole = Change.one(letters, 0, letters, "")
        return work(whole, authors=author * letters, author="a", text="", caret=0, since_last=9.0)

    assert cleared(200, "a") == cleared(400, "a")
    assert cleared(200, "b") < cleared(400, "b")


def test_two_places_within_a_moment_are_dearer_than_after_a_while() -> None:
    text = "one! two three four!"
    assert price(text, since_last=0.1) > price(text, since_last=2.0)
    assert price("one! two three four", since_last=0.1) == price("one! two three four")


@pytest.mark.parametrize(
    ("text", "caret"),
    [("one two three four five", 23), ("two three four", 0), ("one 2 three four", 5), ("", 0)],
)
def test_no_work_costs_less_than_the_least_for_its_lengths(text: str, caret: int) -> None:
    assert least(len(BASE), len(text)) <= price(text, caret)


def test_words_that_the_client_has_had_are_not_typed_again() -> None:
    change = diff("one", "one lightning strikes")
    plenty = 10**6
    assert retyped(change, "one", ["one lightning"], Allowance(plenty)) > 0
    assert retyped(change, "one", ["one thunder"], Allowance(plenty)) == 0
    assert retyped(change, "one lightning strikes", ["lightning"], Allowance(plenty)) == 0


def test_the_search_for_words_typed_again_has_a_bound() -> None:
    change = diff("one", "one lightning")
    assert retyped(change, "one", ["lightning" + "x" * 1000], Allowance(1000)) == 0


def test_one_deletion_can_be_part_of_another() -> None:
    fewer = deletions(diff(BASE, "one three four"), BASE)
    more = deletions(diff(BASE, "one four"), BASE)
    assert fewer is not None and more is not None
    assert within(fewer, more) and not within(more, fewer)
    assert within([], fewer)


def test_a_lot_of_deletions_is_not_compared() -> None:
    long = "word " * 500
    assert deletions(diff(long, ""), long) is None
