"""Highlights against an oracle that knows every letter by name."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from text_strategies import changes
from workroom.core.text import (
    Anchor,
    Change,
    Highlight,
    HighlightSet,
    Side,
    attach,
    move,
    move_all,
)

# Letters with names: 漢-like code points of which no two are the same. What is typed is Latin.
NAMED = "".join(chr(0x4E00 + number) for number in range(40))


@st.composite
def typed_changes(draw: DrawFn, text: str) -> Change:
    """A change of ``text`` that brings no named letter."""
    change = draw(changes(text))
    return Change.of(
        len(text), [(at, gone, "x" * len(words)) for at, gone, words in change.hunks()]
    )


@st.composite
def ranges(draw: DrawFn) -> tuple[int, int]:
    start = draw(st.integers(0, len(NAMED)))
    return start, draw(st.integers(start, len(NAMED)))


@given(st.data(), ranges())
def test_a_highlight_covers_just_the_letters_of_its_own_that_are_left(
    data: st.DataObject, span: tuple[int, int]
) -> None:
    text, highlight = NAMED, attach(NAMED, *span)
    covered = highlight.quote
    for _ in range(3):
        change = data.draw(typed_changes(text))
        new = change.apply(text)
        after = move(highlight, change, text, new)
        survivors = [letter for letter in text[highlight.start : highlight.end] if letter in new]
        now = new[after.start : after.end]
        assert [letter for letter in now if letter in NAMED] == [
            letter for letter in survivors if letter in NAMED
        ]
        assert 0 <= after.start <= after.end <= len(new)
        assert after.orphaned == (covered != "" and after.start == after.end)
        highlight, text, covered = after, new, now or covered


@given(st.data(), ranges())
def test_the_anchor_says_what_has_become_of_the_words(
    data: st.DataObject, span: tuple[int, int]
) -> None:
    highlight = attach(NAMED, *span)
    assert highlight.anchor is Anchor.EXACT
    change = data.draw(typed_changes(NAMED))
    new = change.apply(NAMED)
    after = move(highlight, change, NAMED, new)
    same = new[after.start : after.end] == highlight.quote
    if after.orphaned:
        assert after.anchor is Anchor.ORPHANED and highlight.quote
    elif not same:
        assert after.anchor is Anchor.CHANGED
    else:
        assert after.anchor is (Anchor.EXACT if after.start == highlight.start else Anchor.MOVED)


@given(st.data(), ranges())
def test_undo_brings_a_highlight_back_to_its_words(
    data: st.DataObject, span: tuple[int, int]
) -> None:
    highlight = attach(NAMED, *span)
    change = data.draw(typed_changes(NAMED))
    new = change.apply(NAMED)
    after = move(highlight, change, NAMED, new)
    back = move(after, change.invert(NAMED), new, NAMED)
    if not highlight.is_point:
        assert (back.start, back.end, back.anchor) == (*span, Anchor.EXACT)


@given(st.data(), st.lists(ranges(), max_size=6))
def test_moving_all_is_moving_each_and_names_only_those_that_changed(
    data: st.DataObject, spans: list[tuple[int, int]]
) -> None:
    highlights = {number: attach(NAMED, *span) for number, span in enumerate(spans)}
    change = data.draw(typed_changes(NAMED))
    new = change.apply(NAMED)
    moved = move_all(highlights, change, NAMED, new)
    for number, highlight in highlights.items():
        assert moved.get(number, highlight) == move(highlight, change, NAMED, new)
        assert moved.get(number) != highlight


@given(st.data(), st.lists(ranges(), max_size=80))
def test_a_set_moves_through_many_edits_as_each_of_its_highlights_would(
    data: st.DataObject, spans: list[tuple[int, int]]
) -> None:
    """Among them some that are put in, taken away and put elsewhere on the way."""
    text, each = NAMED, {number: attach(NAMED, *span) for number, span in enumerate(spans)}
    together = HighlightSet(each)
    for _ in range(data.draw(st.integers(1, 8))):
        key = data.draw(st.integers(0, 90))
        if data.draw(st.booleans()):
            each.pop(key, None)
            together = together.put(key, None)
        else:
            start = data.draw(st.integers(0, len(text)))
            each[key] = attach(text, start, data.draw(st.integers(start, len(text))))
            together = together.put(key, each[key])
        change = data.draw(typed_changes(text))
        new = change.apply(text)
        before, together = together, together.moved(change, text, new)
        after = {key: move(highlight, change, text, new) for key, highlight in each.items()}
        assert together.settled() == after
        assert {key: together[key] for key in together} == after
        differ = {k for k in after if after[k] != each[k]}
        known = data.draw(st.sets(st.integers(0, 90)))
        assert set(together.differing(before)) == differ
        assert set(together.differing(before, known)) == differ - known
        assert (together is before) == (after == each)
        text, each = new, after


@given(st.data(), st.lists(ranges(), max_size=80))
def test_a_set_moves_with_those_who_type_on_as_each_of_its_highlights_would(
    data: st.DataObject, spans: list[tuple[int, int]]
) -> None:
    """Most edits are at one of two carets, some are taken back, and not always somebody looks."""
    text, each = NAMED, {number: attach(NAMED, *span) for number, span in enumerate(spans)}
    together = seen = HighlightSet(each)
    shown = each
    edges = [0, *(edge for span in spans for edge in span)]
    carets = [data.draw(st.sampled_from(edges)) for _ in range(2)]
    earlier = text, each, together, carets
    for _ in range(data.draw(st.integers(1, 30))):
        at = data.draw(st.sampled_from([carets[0], *carets]))
        kinds = ["type", "type", "before", "erase", "replace", "any", "note", "take back"]
        kind = data.draw(st.sampled_from(kinds))
        if kind == "note":
            earlier = text, each, together, carets
            continue
        if kind == "take back":
            text, each, together, carets = earlier
            continue
        change = {
            "type": Change.of(len(text), [(at, 0, "xy")]),
            "before": Change.of(len(text), [(max(0, at - 1), 0, "x")]),
            "erase": Change.of(len(text), [(max(0, at - 1), min(at, 1), "")]),
            "replace": Change.of(len(text), [(max(0, at - 1), min(at, 1), "x"[: min(at, 1)])]),
            "any": data.draw(typed_changes(text)),
        }[kind]
        new = change.apply(text)
        after = {key: move(highlight, change, text, new) for key, highlight in each.items()}
        before, together = together, together.moved(change, text, new)
        assert (together is before) == (after == each)
        text, each = new, after
        carets = [change.map(caret, Side.AFTER) for caret in carets]
        if data.draw(st.booleans()):
            differ = {key for key in each if each[key] != shown[key]}
            assert set(together.differing(seen)) == differ
            assert set(together.differing(seen, differ)) == set()
            seen, shown = together, each
        if data.draw(st.booleans()):
            assert together.settled() == {key: together[key] for key in together} == each
    assert together.settled() == each


@given(st.data(), ranges())
def test_a_highlight_survives_the_log(data: st.DataObject, span: tuple[int, int]) -> None:
    change = data.draw(typed_changes(NAMED))
    highlight = move(attach(NAMED, *span), change, NAMED, change.apply(NAMED))
    assert Highlight.decode(highlight.encode()) == highlight
