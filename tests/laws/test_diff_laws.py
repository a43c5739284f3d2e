"""What a diff promises for any two texts."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from text_strategies import edited, texts, words
from workroom.core.text import Change, Hunk, diff
from workroom.core.text.diff import _at_caret
from workroom.core.text.words import in_word, splits_cluster


@given(edited(), st.integers(0, 40) | st.none())
def test_a_diff_leads_from_the_old_text_to_the_new_one(
    pair: tuple[str, str], caret: int | None
) -> None:
    old, new = pair
    assert diff(old, new, caret).apply(old) == new


@given(texts)
def test_equal_texts_differ_in_nothing(text: str) -> None:
    assert diff(text, text) == Change.keep(len(text))


@given(edited(), st.integers(0, 40) | st.none())
def test_no_hunk_cuts_a_cluster(pair: tuple[str, str], caret: int | None) -> None:
    old, new = pair
    shift = 0
    for at, deleted, inserted in diff(old, new, caret).hunks():
        there = at + shift
        shift += len(inserted) - deleted
        assert not splits_cluster(old, at) and not splits_cluster(old, at + deleted)
        assert not splits_cluster(new, there)
        assert not splits_cluster(new, there + len(inserted))


plain = st.lists(st.sampled_from(["a", "ab ", "the ", "word", "é", ".", "\n", " "])).map("".join)


@given(st.tuples(plain, plain))
@example(("a colour red", "a color green"))
def test_a_replacement_keeps_no_half_word(pair: tuple[str, str]) -> None:
    """Where a hunk deletes and inserts, the letter kept beside it does not continue a word."""
    old, new = pair
    shift = 0
    for at, deleted, inserted in diff(old, new).hunks():
        end, there = at + deleted, at + shift
        shift += len(inserted) - deleted
        if not deleted or not inserted:
            continue
        cut_left = at > 0 and in_word(old[at - 1]) and in_word(old[at]) and in_word(new[there])
        stop = there + len(inserted)
        cut_right = end < len(old) and in_word(old[end])
        cut_right = cut_right and in_word(old[end - 1]) and in_word(new[stop - 1])
        assert not cut_left and not cut_right


@given(st.data(), texts, words)
def test_typing_is_one_insertion_that_ends_at_the_caret(
    data: st.DataObject, old: str, typed: str
) -> None:
    clusters = [at for at in range(len(old) + 1) if not splits_cluster(old, at)]
    at = data.draw(st.sampled_from(clusters))
    new = old[:at] + typed + old[at:]
    whole = not splits_cluster(new, at) and not splits_cluster(new, at + len(typed))
    expected = Change.of(len(old), [Hunk(at, 0, typed)])
    assert diff(old, new, caret=at + len(typed)) == expected or not whole


@given(st.data(), texts)
def test_deleting_is_one_deletion_at_the_caret(data: st.DataObject, old: str) -> None:
    clusters = [at for at in range(len(old) + 1) if not splits_cluster(old, at)]
    start = data.draw(st.sampled_from(clusters))
    end = data.draw(st.sampled_from([at for at in clusters if at >= start]))
    new = old[:start] + old[end:]
    expected = Change.of(len(old), [Hunk(start, end - start, "")])
    assert diff(old, new, caret=start) == expected or splits_cluster(new, start)


@given(texts, texts, st.integers(0, 40), st.integers(0, 40), st.booleans())
def test_what_was_typed_or_deleted_at_the_caret_is_seen_at_once_and_the_same(
    text: str, typed: str, at: int, gone: int, deleted: bool
) -> None:
    at = min(at, len(text))
    old, new = text, text[:at] + typed + text[at:]
    caret = at + len(typed)
    if deleted:
        old, new, caret = text, text[:at] + text[at + gone :], at
    quick = None if old == new else _at_caret(old, new, caret)
    if quick is not None:
        assert quick.apply(old) == new
        assert len(list(quick.hunks())) == 1
