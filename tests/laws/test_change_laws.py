"""The algebra of changes."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from text_strategies import changes, runs_of_changes, texts, words
from workroom.core.text import Change, Hunk, Side
from workroom.core.text.change import _compose


@given(runs_of_changes(2))
def test_a_composed_change_does_what_its_parts_do(case: tuple[str, list[Change]]) -> None:
    text, (first, then) = case
    assert first.compose(then).apply(text) == then.apply(first.apply(text))


@given(runs_of_changes(3))
def test_compose_is_associative(case: tuple[str, list[Change]]) -> None:
    _, (a, b, c) = case
    assert a.compose(b).compose(c) == a.compose(b.compose(c))


@given(runs_of_changes(1))
def test_a_change_and_its_inverse_leave_the_text_as_it_was(case: tuple[str, list[Change]]) -> None:
    text, (change,) = case
    inverse = change.invert(text)
    assert inverse.apply(change.apply(text)) == text
    assert inverse.invert(change.apply(text)) == change


@given(runs_of_changes(1))
def test_lengths_are_those_of_the_texts(case: tuple[str, list[Change]]) -> None:
    text, (change,) = case
    assert (change.before, change.after) == (len(text), len(change.apply(text)))
    assert not change.is_empty or change.apply(text) == text


@given(runs_of_changes(1))
def test_encoding_and_decoding_gives_the_same_change(case: tuple[str, list[Change]]) -> None:
    _, (change,) = case
    assert Change.decode(change.encode()) == change


@given(runs_of_changes(1))
def test_positions_never_change_places(case: tuple[str, list[Change]]) -> None:
    text, (change,) = case
    before = [change.map(at, Side.BEFORE) for at in range(len(text) + 1)]
    after = [change.map(at, Side.AFTER) for at in range(len(text) + 1)]
    assert before == sorted(before) and after == sorted(after)
    assert all(left <= right for left, right in zip(before, after, strict=True))
    assert before[0] >= 0 and after[-1] <= change.after


@given(runs_of_changes(1))
def test_a_position_stays_beside_the_letter_that_it_belongs_to(
    case: tuple[str, list[Change]],
) -> None:
    _, (change,) = case
    kept = _kept_letters(change)
    for at in kept:
        assert change.map(at, Side.AFTER) == kept[at]
        assert change.map(at + 1, Side.BEFORE) == kept[at] + 1


@given(st.data(), texts)
def test_there_is_one_normal_form(data: st.DataObject, text: str) -> None:
    """However the same edit is put together, the result is equal."""
    change = data.draw(changes(text))
    one_by_one = Change.keep(len(text))
    shift = 0
    for at, deleted, inserted in change.hunks():
        length = len(text) + shift
        for hunk in (Hunk(at + shift, deleted, ""), Hunk(at + shift, 0, inserted)):
            one_by_one = one_by_one.compose(Change.of(length, [hunk]))
            length += len(hunk.inserted) - hunk.deleted
        shift = length - len(text)
    assert one_by_one == change == Change.of(len(text), change.hunks())
    _assert_normal(change)


def _kept_letters(change: Change) -> dict[int, int]:
    """Where each letter that survives is: old position to new position."""
    kept: dict[int, int] = {}
    old = new = 0
    for op in change.ops:
        if isinstance(op, str):
            new += len(op)
        elif op > 0:
            kept.update(zip(range(old, old + op), range(new, new + op), strict=True))
            old, new = old + op, new + op
        else:
            old -= op
    return kept


def _assert_normal(change: Change) -> None:
    """Nothing is empty, and only these may follow each other."""
    allowed = {"keep": {"insert", "delete"}, "insert": {"delete", "keep"}, "delete": {"keep"}}
    assert all(change.ops)
    for op, following in pairwise(change.ops):
        assert _kind(following) in allowed[_kind(op)]


def _kind(op: int | str) -> str:
    return "insert" if isinstance(op, str) else "keep" if op > 0 else "delete"


@given(st.data(), texts, st.just("") | words)
def test_one_place_written_out_is_the_same_change(
    data: st.DataObject, text: str, inserted: str
) -> None:
    at = data.draw(st.integers(0, len(text)))
    deleted = data.draw(st.integers(0, len(text) - at))
    expected = Change.of(len(text), [(at, deleted, inserted)])
    assert Change.one(len(text), at, deleted, inserted) == expected
    assert expected.only_hunk == (Hunk(at, deleted, inserted) if inserted or deleted else None)


@given(st.data(), runs_of_changes(1), words)
def test_a_keystroke_is_composed_as_any_other_change(
    data: st.DataObject, case: tuple[str, list[Change]], typed: str
) -> None:
    text, (first,) = case
    after = first.apply(text)
    keystroke = Change.one(len(after), data.draw(st.integers(0, len(after))), 0, typed)
    assert first.compose(keystroke) == _compose(first, keystroke)
    for length in (len(after) - 1, len(after) + 1):
        if length >= 0:
            with pytest.raises(ValueError, match="later change"):
                first.compose(Change.one(length, length // 2, 0, typed))
