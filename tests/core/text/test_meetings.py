"""Where an editor's insertion touches what others wrote, by example."""

from __future__ import annotations

import pytest

from workroom.core.text import Change, Hunk, YText, edges, meetings
from workroom.core.text.yjs.meetings import Edge


def touching(before: str, authors: str, *hunks: tuple[int, int, str]) -> list[Edge]:
    return edges(Change.of(len(before), [Hunk(*each) for each in hunks]), before, authors, "j")


@pytest.mark.parametrize(
    ("hunk", "expected"),
    [
        ((3, 0, "x"), [Edge(3, is_left=True)]),
        ((4, 0, "x"), [Edge(5, is_left=False)]),
        ((1, 0, "x"), [Edge(1, is_left=True), Edge(2, is_left=False)]),
        ((3, 1, "xy"), [Edge(3, is_left=True), Edge(5, is_left=False)]),
        ((3, 0, " x"), []),
        ((0, 0, "x "), []),
        ((1, 1, ""), []),
    ],
)
def test_the_ends_of_an_insertion_that_touch_words_of_others(
    hunk: tuple[int, int, str], expected: list[Edge]
) -> None:
    assert touching("one two", "eeeeeee", hunk) == expected


def test_own_words_are_touched_without_a_look_and_a_word_typed_on_too() -> None:
    assert touching("one two", "jjjjjjj", (1, 0, "x")) == []
    assert touching("one two", "jeejjjj", (1, 0, "x")) == []
    assert touching("one two", "ejjjjjj", (1, 0, "x")) == [Edge(1, is_left=True)]


def test_an_update_with_hundreds_of_ends_is_left_as_it_is() -> None:
    text = "a " * 400
    hunks = [(2 * at + 1, 0, "x") for at in range(400)]
    assert touching(text, "e" * 800, *hunks) == []


def test_two_who_begin_an_empty_text_are_kept_apart() -> None:
    here, there = YText(client_id=1), YText(client_id=2)
    here.edit(Change.of(0, [(0, 0, "one")]))
    update = there.edit(Change.of(0, [(0, 0, "two")]))
    change, done = here.receive(update)
    assert here.text == "onetwo"
    met = edges(change, "one", "eee", "j")
    assert meetings(met, here.text, here.state(), done) == [3]
