"""A word that somebody changes while somebody else deletes it stays, whole."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workroom.core.text import Change, diff, rebase, signed
from workroom.core.text.merging.wholeness import LONGEST, spared, whole


def both(base: str, mine: Change, since: Change, author: str = "b") -> str:
    """What two changes of ``base`` come to, of which ``since`` was first."""
    rebased = rebase(
        mine,
        since,
        base=base,
        base_authors="?" * len(base),
        author="a",
        since_authors=signed(since, author),
    )
    return rebased.change.apply(since.apply(base))


def merged(base: str, mine: str, theirs: str) -> str:
    """What both make of ``base``, where ``mine`` keeps its words whole."""
    since = diff(base, theirs)
    change = whole(diff(base, mine), since, base)
    assert change.apply(base) == mine
    return both(base, change, since)


@pytest.mark.parametrize(
    ("mine", "expected"),
    [
        ("one two wor3ld four", "one two wor3ld four"),  # within
        ("one two worlds four", "one two worlds four"),  # typed on at its end
        ("one two underworld four", "one two underworld four"),
        ("one two wold four", "one two wold four"),  # a letter less
        ("one two worked wild four", "one two worked wild four"),  # two in its place
        ("one two world, four", "one two , four"),  # the comma is no part of it
    ],
)
def test_who_changes_a_word_keeps_it_though_others_delete_it(mine: str, expected: str) -> None:
    assert merged("one two world four", mine, "one two four") == expected


_BETWEEN = [" ", ". ", ", ", " (", ") ", "\n\n", ".\n"]
_PIECES = st.lists(
    st.tuples(st.sampled_from(["one", "to", "three"]), st.sampled_from(_BETWEEN)), min_size=2
)


def sparing(base: str, mine: Change, since: Change, author: str = "b") -> str:
    """What both come to, where ``mine`` spares the words that ``author`` worked on in ``since``."""
    return both(base, spared(mine, since, signed(since, author), base, "a"), since, author)


def spared_in(base: str, mine: str, theirs: str, author: str = "b") -> str:
    """The same of texts."""
    return sparing(base, diff(base, mine), diff(base, theirs), author)


@pytest.mark.parametrize(
    ("theirs", "expected"),
    [
        ("one two wor3ld four", "one two wor3ld four"),  # within
        ("one two worlds four", "one two worlds four"),  # typed on at its end
        ("one two underworld four", "one two underworld four"),
        ("one two worked wild four", "one two worked wild four"),  # two in its place
        ("one two world, four", "one two , four"),  # the comma is no part of it
        ("one two world new four", "one two new four"),  # nor is another word
        ("one two new world four", "one two new four"),
        ("one two wold four", "one two four"),  # nothing is left that needs the word
    ],
)
@pytest.mark.parametrize("mine", ["one two four", "one two  four"])
def test_a_word_that_others_changed_is_not_deleted_by_who_had_it_as_it_was(
    mine: str, theirs: str, expected: str
) -> None:
    text = spared_in("one two world four", mine, theirs)
    assert text.split() == expected.split()


TWO = "It rained. Who cares? (No world does.) Nobody, but us.\n\nThird."


@pytest.mark.parametrize(
    ("words", "kept", "expected"),
    [
        (" world", "wor3ld", "(No wor3ld does.)"),
        ("world ", "wor3ld", "(No wor3ld does.)"),
        ("No world ", "wor3ld", "(wor3ld does.)"),
        (" (No world does.)", "wor3ld", "cares? wor3ld Nobody,"),
        ("(No world does.) ", "wor3ld", "cares? wor3ld Nobody,"),
        ("Who cares? (No world does.) ", "wor3ld", "rained. wor3ld Nobody,"),
        (", but us", "us3e", "Nobody us3e."),
        (" Nobody, but us.", "No3body", "does.) No3body\n\nThird"),
        ("Nobody, but us.\n\n", "u3s", "does.) u3s\n\nThird"),
        (" Who cares? (No world does.) Nobody, but us.", "wor3ld", "rained. wor3ld\n\nThird"),
        (TWO, "wor3ld", "wor3ld"),
    ],
)
def test_of_all_that_is_deleted_only_that_word_stays_with_blanks_around_it(
    words: str, kept: str, expected: str
) -> None:
    theirs = TWO.replace(kept.replace("3", "").removesuffix("e"), kept, 1)
    at = TWO.index(words)
    mine = Change.one(len(TWO), at, len(words), "")
    assert expected in sparing(TWO, mine, diff(TWO, theirs))


@given(_PIECES, st.data())
def test_whatever_is_deleted_around_such_words_no_two_are_glued(
    pieces: list[tuple[str, str]], data: st.DataObject
) -> None:
    base = "".join(word + mark for word, mark in pieces)
    starts = [sum(map(len, sum(pieces[:nth], ()))) for nth in range(len(pieces))]
    touched = data.draw(st.sets(st.sampled_from(range(len(pieces)))))
    since = Change.of(len(base), [(starts[nth] + 1, 0, "X") for nth in sorted(touched)])
    first = data.draw(st.sampled_from(range(len(pieces))))
    last = data.draw(st.sampled_from(range(first, len(pieces))))
    start, end = starts[first], starts[last] + len(pieces[last][0])
    with_mark = data.draw(st.sampled_from(["none", "before", "behind"]))
    if with_mark == "before" and first:
        start -= len(pieces[first - 1][1])
    elif with_mark == "behind":
        end += len(pieces[last][1])
    text = sparing(base, Change.one(len(base), start, end - start, ""), since)
    words = re.findall(r"\w+", text)
    assert set(words) <= set(re.findall(r"\w+", since.apply(base)))
    assert sum("X" in word for word in words) == len(touched)
    assert not re.search(r"[.,)]\w", text)


def test_who_has_put_something_in_place_of_a_word_does_not_get_it_back_as_it_is_typed_on() -> None:
    assert spared_in("one word four", "one else four", "one words four").split()[1] == "else"
    assert "word" not in spared_in("one word four", "one else four", "one words four").split()


def test_who_deletes_a_word_deletes_what_they_had_put_into_it_elsewhere() -> None:
    text = spared_in("one two world four", "one two four", "one two wor3ld four", author="a")
    assert "world" not in text and "wor3ld" not in text


def test_a_word_that_both_replaced_is_there_as_each_of_them_wrote_it() -> None:
    text = merged("one word four", "one woXYrd four", "one else four")
    assert text.split() in (["one", "else", "woXYrd", "four"], ["one", "woXYrd", "else", "four"])


def test_what_is_typed_behind_a_word_does_not_bring_back_what_replaced_it() -> None:
    assert "word" not in merged("one word four", "one words four", "one else four").split()


def test_a_word_that_stays_is_changed_letter_by_letter() -> None:
    base = "one two four"
    change = diff(base, "one twoo four")
    assert whole(change, Change.keep(len(base)), base) == change


def test_two_changes_within_one_word_are_left_alone() -> None:
    base = "one antidote four"
    mine = Change.of(len(base), [(5, 0, "X"), (9, 0, "Y")])
    assert whole(mine, diff(base, "one four"), base).apply(base) == mine.apply(base)


@pytest.mark.parametrize(("letters", "stays"), [(LONGEST, True), (LONGEST + 1, False)])
def test_what_is_longer_than_any_word_is_none(letters: int, stays: bool) -> None:
    base = f"one {'a' * letters}{'b' * letters} two"
    theirs = base.replace("ab", "aXb")
    assert ("aXb" in spared_in(base, "one two", theirs)) == stays
    assert ("aXb" in merged(base, theirs, "one two")) == stays
