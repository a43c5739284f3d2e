"""A word that somebody changes while somebody else deletes it stays, whole."""

import pytest

from workroom.core.text import Change, diff, rebase, signed
from workroom.core.text.merging.wholeness import spared, whole


def merged(base: str, mine: str, theirs: str) -> str:
    """What both make of ``base``."""
    since = diff(base, theirs)
    change = whole(diff(base, mine), since, base)
    assert change.apply(base) == mine
    rebased = rebase(
        change,
        since,
        base=base,
        base_authors="?" * len(base),
        author="a",
        since_authors=signed(since, "b"),
    )
    return rebased.change.apply(theirs)


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


def spared_in(base: str, mine: str, theirs: str, author: str = "b") -> str:
    """What both make of ``base``, where ``theirs`` was first."""
    since = diff(base, theirs)
    authors = signed(since, author)
    change = spared(diff(base, mine), since, authors, base, "a")
    rebased = rebase(
        change,
        since,
        base=base,
        base_authors="?" * len(base),
        author="a",
        since_authors=authors,
    )
    return rebased.change.apply(theirs)


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


@pytest.mark.parametrize(
    ("mine", "expected"),
    [
        ("one four", "one wor3ld four"),  # with the words beside it
        ("one", "one wor3ld"),
        ("one two else four", "one two else wor3ld four"),  # or something in its place
        ("four", "wor3ld four"),
        ("", "wor3ld"),
    ],
)
def test_of_all_that_is_deleted_only_that_word_stays(mine: str, expected: str) -> None:
    text = spared_in("one two world four", mine, "one two wor3ld four")
    assert text.split() == expected.split()


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
