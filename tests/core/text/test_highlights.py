"""Highlights by example; the laws are in ``tests/laws/test_highlight_laws.py``."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from workroom.core.text.change import Change, Hunk
from workroom.core.text.diff import diff
from workroom.core.text.highlights.highlight import Anchor, Highlight, attach
from workroom.core.text.highlights.highlight_set import HighlightSet, move, move_all

TEXT = "hello world again"


class Page:
    """An essay with one highlight, which people then write on."""

    def __init__(self, text: str, words: str) -> None:
        self.text = text
        at = text.index(words)
        self.highlight = attach(text, at, at + len(words))

    def becomes(self, text: str) -> Page:
        self._move(diff(self.text, text), text)
        return self

    def changes(self, *hunks: tuple[int, int, str]) -> Page:
        change = Change.of(len(self.text), hunks)
        self._move(change, change.apply(self.text))
        return self

    def _move(self, change: Change, text: str) -> None:
        self.highlight = move(self.highlight, change, self.text, text)
        self.text = text

    @property
    def state(self) -> tuple[str, Anchor]:
        return self.text[self.highlight.start : self.highlight.end], self.highlight.anchor


@pytest.fixture
def page() -> Page:
    return Page(TEXT, "world")


def test_a_new_highlight_remembers_its_words_and_what_stands_around_them() -> None:
    highlight = attach(TEXT, 6, 11)
    assert (highlight.quote, highlight.prefix, highlight.suffix) == ("world", "hello ", " again")
    assert highlight.anchor is Anchor.EXACT and not highlight.is_point


@pytest.mark.parametrize(("start", "end"), [(-1, 3), (4, 3), (0, 18)])
def test_a_highlight_must_be_within_the_text(start: int, end: int) -> None:
    with pytest.raises(ValueError, match="highlight needs"):
        attach(TEXT, start, end)


@pytest.mark.parametrize(
    ("text", "words", "anchor"),
    [
        ("hello woXrld again", "woXrld", Anchor.CHANGED),
        ("hello XXworld again", "world", Anchor.MOVED),
        ("hello worldXX again", "world", Anchor.EXACT),
        ("oh hello world again", "world", Anchor.MOVED),
        ("lo world again", "world", Anchor.MOVED),
        ("hello world", "world", Anchor.EXACT),
        ("hello wor again", "wor", Anchor.CHANGED),
        ("hello wrold again", "wrold", Anchor.CHANGED),
        ("hello earth again", "", Anchor.ORPHANED),
        ("hello  again", "", Anchor.ORPHANED),
        ("", "", Anchor.ORPHANED),
    ],
)
def test_a_highlight_stays_with_its_words(
    page: Page, text: str, words: str, anchor: Anchor
) -> None:
    assert page.becomes(text).state == (words, anchor)


def test_a_highlight_grows_although_its_words_are_in_it_several_times() -> None:
    assert Page("aaaaaaaaaa", "aaaaa").changes((1, 2, "aaa")).state == ("aaaaaa", Anchor.CHANGED)


def test_a_replacement_that_reaches_over_an_edge_cuts_the_highlight_there() -> None:
    assert Page(TEXT, "world").changes((3, 5, "X")).state == ("rld", Anchor.CHANGED)
    assert Page(TEXT, "world").changes((8, 5, "X")).state == ("wo", Anchor.CHANGED)


def test_a_word_rewritten_at_the_edge_of_a_highlight_stays_part_of_it() -> None:
    assert Page(TEXT, "hello world").becomes("hullo world again").state[0] == "hullo world"
    assert Page(TEXT, "hello world").becomes("hello globe again").state[0] == "hello globe"


def test_several_edits_at_once_move_both_ends() -> None:
    page = Page("one two three four five", "two three four")
    assert page.becomes("1 one two 3 four").state == ("two 3 four", Anchor.CHANGED)
    page = Page("one two three four five", "three")
    assert page.changes((0, 3, ""), (8, 0, "!"), (13, 0, "?")).state == ("three", Anchor.MOVED)


def test_a_changed_highlight_is_itself_again_when_its_words_are(page: Page) -> None:
    page.becomes("hello woXrld again").becomes(TEXT)
    assert page.state == ("world", Anchor.EXACT)


def test_a_highlight_that_was_cut_is_whole_again_when_the_rest_comes_back() -> None:
    page = Page(TEXT, "hello world")
    assert page.becomes("hello again").state == ("hello ", Anchor.CHANGED)
    assert page.becomes("hello world again").state == ("hello world", Anchor.EXACT)
    assert page.becomes("world again").state == ("world", Anchor.CHANGED)
    assert page.becomes("oh hello world again").state == ("hello world", Anchor.MOVED)


def test_an_orphan_comes_back_with_its_words(page: Page) -> None:
    page.becomes("hello  again").becomes("well hello  again")
    assert page.state == ("", Anchor.ORPHANED)
    assert page.becomes("well hello world again").state == ("world", Anchor.MOVED)


def test_an_orphan_comes_back_when_its_words_are_typed_again(page: Page) -> None:
    page.becomes("hello  again")
    for typed in ("w", "wo", "wor", "worl"):
        assert page.becomes(f"hello {typed} again").highlight.orphaned
    assert page.becomes("hello world again").state == ("world", Anchor.EXACT)


def test_an_orphan_comes_back_with_the_words_that_it_had_last(page: Page) -> None:
    page.becomes("hello woXrld again").becomes("hello  again")
    assert page.highlight.lost == "woXrld"
    assert page.becomes("hello woXrld again").state == ("woXrld", Anchor.CHANGED)
    assert page.highlight.lost == ""


def test_an_orphan_does_not_settle_on_the_same_words_elsewhere(page: Page) -> None:
    far = "so much later in the same text, where nobody would look for it"
    page.becomes(f"hello  again {far} {far}.")
    page.becomes(f"hello  again {far} {far} the world.")
    assert page.state == ("", Anchor.ORPHANED)


def test_an_orphan_does_not_settle_nearby_in_other_surroundings(page: Page) -> None:
    page.becomes("hello  again")
    assert page.becomes("hello  again, new world of ours").state == ("", Anchor.ORPHANED)


def test_an_orphan_comes_back_nearby_in_the_same_surroundings() -> None:
    page = Page("First comes one thing. Then the other thing comes. Done.", "the other thing")
    page.becomes("First comes one thing. Done.")
    page.changes((0, 0, "Then the other thing comes. "))
    assert page.state == ("", Anchor.ORPHANED)  # only the words behind it are as they were
    page = Page("First comes one thing. Then the other thing comes. Done.", "the other thing")
    page.becomes("First comes one thing. Done.").changes((23, 0, "Now: "), (28, 0, ""))
    page.changes((28, 0, "Then the other thing comes. "))
    assert page.state == ("the other thing", Anchor.MOVED)


def test_an_orphan_is_no_part_of_a_word(page: Page) -> None:
    page.becomes("hello  again")
    assert page.becomes("hello underworld again").highlight.orphaned
    assert page.becomes("hello  again").becomes("hello worldly again").highlight.orphaned


def test_an_orphan_picks_the_place_where_it_was() -> None:
    page = Page("see the cat and the cat and the cat sleep", "the cat and the cat sleep")
    page.highlight = attach(page.text, 16, 23)
    assert page.text[16:23] == "the cat"
    page.becomes("see sleep").becomes("see the cat and the cat and the cat sleep")
    assert page.state == ("the cat", Anchor.EXACT)


def test_a_word_replaced_by_words_that_hold_it_keeps_its_highlight() -> None:
    page = Page("see ab cd ef there", "cd")
    assert page.changes((4, 8, "xx ab cd ef yy")).state == ("cd", Anchor.MOVED)


def test_an_orphan_moves_with_the_text_around_it(page: Page) -> None:
    page.becomes("hello  again").becomes("oh hello  again")
    assert page.highlight.start == page.highlight.end == 9
    page.changes((8, 3, "-"))
    assert (page.highlight.start, page.highlight.orphaned) == (8, True)
    before = page.highlight
    assert page.changes((13, 0, "!")).highlight is before


def test_a_deleted_paragraph_brings_all_its_highlights_back() -> None:
    paragraph = "Many words that matter, in one paragraph that goes. "
    text = f"Before it. {paragraph}After it."
    places = [(13, 18), (27, 33), (35, 37), (11, 63)]
    marks = {at: attach(text, *place) for at, place in enumerate(places)}
    without = "Before it. After it."
    gone = move_all(marks, diff(text, without), text, without)
    assert all(mark.orphaned for mark in gone.values()) and len(gone) == 4
    assert move_all(gone, diff(without, text), without, text) == marks


def test_a_point_is_a_place_and_never_orphaned() -> None:
    page = Page(TEXT, "")
    page.highlight = attach(TEXT, 6, 6)
    assert page.highlight.is_point
    assert page.changes((0, 0, "oh ")).highlight.start == 9
    assert page.changes((9, 0, "big ")).highlight.start == 9  # typed right at it: to its right
    assert page.changes((7, 6, "X")).highlight.start == 7
    assert page.changes((0, 8, "")).highlight.start == 0
    assert page.highlight.anchor is Anchor.MOVED and page.highlight.start == page.highlight.end


def test_a_point_among_several_edits_is_moved_by_those_before_it() -> None:
    page = Page(TEXT, "")
    page.highlight = attach(TEXT, 8, 8)
    assert page.changes((0, 2, ""), (7, 0, "X"), (9, 1, "")).highlight.start == 7


def test_only_those_that_change_are_named() -> None:
    marks = {
        "hello": attach(TEXT, 0, 5),
        "world": attach(TEXT, 6, 11),
        "again": attach(TEXT, 12, 17),
    }
    new = "hello woXrld again"
    moved = move_all(marks, diff(TEXT, new), TEXT, new)
    assert moved.keys() == {"world", "again"}
    assert moved["again"] == replace(marks["again"], start=13, end=18)
    swapped = "hello woXld again"
    assert move_all(marks, Change.of(17, [Hunk(8, 1, "X")]), TEXT, swapped).keys() == {"world"}


def test_a_change_that_changes_nothing_moves_nothing() -> None:
    marks = {1: attach(TEXT, 0, 5)}
    assert move_all(marks, Change.keep(17), TEXT, TEXT) == {}
    assert move_all(marks, Change.of(17, [Hunk(0, 5, "hello")]), TEXT, TEXT) == {}
    assert move_all({}, Change.of(17, [Hunk(0, 0, "x")]), TEXT, f"x{TEXT}") == {}


def test_the_log_holds_a_plain_dictionary() -> None:
    highlight = attach(TEXT, 6, 11)
    assert highlight.encode() == {
        "start": 6,
        "end": 11,
        "quote": "world",
        "prefix": "hello ",
        "suffix": " again",
        "orphaned": False,
        "origin": 6,
        "changed": False,
        "lost": "",
    }
    assert Highlight.decode(highlight.encode()) == highlight


@pytest.mark.parametrize(
    "raw",
    [
        None,
        {},
        attach(TEXT, 6, 11).encode() | {"more": 1},
        attach(TEXT, 6, 11).encode() | {"start": "6"},
        attach(TEXT, 6, 11).encode() | {"start": True},
        attach(TEXT, 6, 11).encode() | {"orphaned": 0},
        attach(TEXT, 6, 11).encode() | {"start": -1},
        attach(TEXT, 6, 11).encode() | {"end": 5},
        attach(TEXT, 6, 11).encode() | {"origin": -1},
    ],
)
def test_garbage_in_the_log_is_refused(raw: object) -> None:
    with pytest.raises(ValueError, match="highlight"):
        Highlight.decode(raw)


# ---- never on other letters than its own ---------------------------------------------------------


def test_a_highlight_takes_in_no_letters_that_stood_beside_it() -> None:
    page = Page("a fox and fox and it", "fox and")
    page.highlight = attach(page.text, 2, 9)
    page.changes((5, 5, " "))  # of "fox and fox and it", the first "and fox" goes
    assert page.text == "a fox fox and it" or page.state[1] is Anchor.CHANGED
    page = Page("more was thesis thesis house", "more was thesis")
    assert page.changes((9, 7, "")).state == ("more was ", Anchor.CHANGED)


def test_a_cut_highlight_is_whole_again_when_the_rest_is_typed_letter_by_letter() -> None:
    page = Page(TEXT, "hello world")
    for text in ("hello worl again", "hello wor again", "hello w again", "hello again"):
        page.becomes(text)
    assert page.state[1] is Anchor.CHANGED
    page.changes((6, 0, "w"))
    for nth, letter in enumerate("orld "):
        page.changes((7 + nth, 0, letter))
    assert page.text == TEXT
    assert page.state == ("hello world", Anchor.EXACT)


def test_an_orphan_does_not_take_a_neighbour_for_a_part_of_its_own() -> None:
    page = Page("I saw the cat cat sleep", "the cat")
    page.changes((6, 8, "")).changes((6, 0, "the "))
    assert page.text == "I saw the cat sleep"
    assert page.state == ("", Anchor.ORPHANED)
    page.changes((10, 0, "cat "))
    assert page.state == ("the cat", Anchor.EXACT)


def test_an_orphan_among_equal_words_that_all_came_back_stays_one() -> None:
    row = "and so it went on, day after day, and so it went on, day after day, "
    text = f"It rained. {row * 4}Then the sun came out at last, and all was well again."
    at = text.index("went on", 120)
    page = Page(text, "It")
    page.highlight = attach(text, at, at + 7)
    start, end = text.index("and so"), text.index("Then")
    page.changes((start, end - start, ""))
    page.changes((start, 0, f"{row * 5}"))
    assert page.state == ("", Anchor.ORPHANED)


def test_an_orphan_does_not_settle_on_what_a_restore_wrote_in_its_hole() -> None:
    """Which brought its own words back somewhere else."""
    hers = "This is not her thesis paragraph, quick as it was, because nobody ever read it. "
    text = f"{hers}The evidence was brown. And so the house went on, as houses do."
    page = Page(text, "g").changes((0, len(hers), ""))
    page.changes((0, 0, "A thesis paragraph. "), (len(page.text), 0, hers))
    assert page.text.startswith("A thesis paragraph. The") and page.text.endswith(hers)
    assert page.state == ("", Anchor.ORPHANED)


def test_an_orphan_comes_back_with_its_words_although_a_little_was_written_elsewhere() -> None:
    page = Page(TEXT, "world").becomes("hello  again")
    page.changes((0, 0, "well "), (6, 0, "world"), (12, 0, " and again"))
    assert page.text == "well hello world again and again"
    assert page.state == ("world", Anchor.MOVED)


def test_an_orphan_comes_back_where_all_its_surroundings_do_however_much_is_written() -> None:
    before, after = "So it was said in the old house. ", " And nobody knew why it should be."
    page = Page(f"{before}Words.{after}", "Words.").changes((33, 6, ""))
    page.changes((0, 0, "Many of them, indeed. " * 5), (33, 0, "Words."))
    assert page.state == ("Words.", Anchor.MOVED)


def test_a_hole_takes_in_all_that_is_written_there() -> None:
    page = Page(TEXT, "world").changes((6, 5, "")).changes((6, 0, "my ")).changes((9, 0, "own"))
    assert page.state == ("", Anchor.ORPHANED)
    assert (page.highlight.left, page.highlight.right) == (0, 6)
    assert page.changes((9, 3, "world")).state == ("", Anchor.ORPHANED)
    page.changes((6, 8, "")).changes((6, 0, "world"))
    assert page.state == ("world", Anchor.EXACT)


def test_who_typed_beside_a_highlight_and_goes_on_near_it_moves_all_as_each_would_move() -> None:
    """At each of the places where chunks of highlights meet, and some letters around them."""
    text = "some words of an essay, over and over. " * 8
    spans = [(at, at + at % 4) for at in range(0, len(text) - 4, 5)]
    each = {key: attach(text, *span) for key, span in enumerate(spans)}
    for caret in range(70, 170):
        typed = Change.of(len(text), [(caret, 0, "x")])
        there = typed.apply(text)
        after = {key: move(one, typed, text, there) for key, one in each.items()}
        together = HighlightSet(each).moved(typed, text, there)
        for place in range(caret - 2, caret + 5):
            more = Change.of(len(there), [(place, 0, "y")])
            end = more.apply(there)
            assert together.moved(more, there, end).settled() == {
                key: move(one, more, there, end) for key, one in after.items()
            }


def test_highlights_keep_the_order_in_which_they_came_wherever_they_stand() -> None:
    """Which of them are looked for first, when words come back, must not depend on their chunks."""
    text = "word " * 400
    keys = random.Random(1).sample(range(200), 200)
    known: HighlightSet[int] = HighlightSet({})
    for key in keys:
        known = known.put(key, attach(text, key * 10, key * 10 + 4))
    known = known.put(keys[0], attach(text, 0, 9)).put(keys[1], None)
    ranks = {key: rank for key, (_, rank) in known._places.items()}
    assert sorted(ranks, key=lambda key: ranks[key]) == [keys[0], *keys[2:]]
