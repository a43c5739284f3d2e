"""Diffs that merge well, by example."""

from __future__ import annotations

import random

import pytest

from workroom.core.text.change import Change, Hunk
from workroom.core.text.diff import diff


def hunks(old: str, new: str, caret: int | None = None) -> list[Hunk]:
    change = diff(old, new, caret)
    assert change.apply(old) == new
    return list(change.hunks())


def essay(words: int, seed: int = 1) -> list[str]:
    """Words with stops, as far apart as in a text."""
    choice = random.Random(seed).choice
    syllables = ["ba", "ke", "li", "mo", "nu", "ra", "se", "ti", "vo", "wu"]
    return [
        "".join(choice(syllables) for _ in range(3)) + ("." if at % 12 == 11 else "")
        for at in range(words)
    ]


def test_typing_within_a_word_is_exact_to_the_letter() -> None:
    assert hunks("hello world", "hello worXld") == [Hunk(9, 0, "X")]


def test_a_replacement_is_of_whole_words() -> None:
    assert hunks("the quick fox", "the quiet fox") == [Hunk(4, 5, "quiet")]
    assert hunks("a b, colour.", "a b, couleur.") == [Hunk(5, 6, "couleur")]


def test_a_word_that_only_grew_or_shrank_keeps_its_letters() -> None:
    assert hunks("one two three", "ones two thre") == [Hunk(3, 0, "s"), Hunk(12, 1, "")]


def test_a_word_that_became_another_one_around_the_same_letters_is_replaced() -> None:
    assert hunks("a hat sat", "a habitat sat") == [Hunk(2, 3, "habitat")]
    assert hunks("a hat was", "a habitat is") == [Hunk(2, 3, "habitat"), Hunk(6, 3, "is")]
    assert hunks("a hat sat", "a habitat sat", caret=9) == [Hunk(2, 3, "habitat")]


def test_what_was_typed_into_a_word_at_the_caret_is_exact_to_the_letter() -> None:
    assert hunks("a hat sat", "a habitat sat", caret=8) == [Hunk(4, 0, "bita")]


def test_a_new_word_brings_the_blank_behind_it() -> None:
    assert hunks("the cat sat", "the old cat sat") == [Hunk(4, 0, "old ")]
    assert hunks("the old cat sat", "the cat sat") == [Hunk(4, 4, "")]


@pytest.mark.parametrize(
    ("before", "word", "after"),
    [
        ("c4.14 ", "c0.2 ", "c0.26 c8.25 "),
        ("", "3.1 ", "3.14 is pi"),
        ("as, ", "e.g. ", "e.g.x and so on"),
        ("see ", "a.b ", "a.bc"),
        ("in ", "src/main.py ", "src/main.pyi and"),
        ("at ", "http://a.org/b ", "http://a.org/bc."),
        ("so ", "👍one ", "👍two"),
    ],
)
def test_what_came_or_went_is_what_stands_between_blanks(
    before: str, word: str, after: str
) -> None:
    """It starts like what follows, and a sign within it starts a word as well."""
    with_word, without = before + word + after, before + after
    assert hunks(with_word, without) == [Hunk(len(before), len(word), "")]
    assert hunks(without, with_word) == [Hunk(len(before), 0, word)]


def test_what_went_before_a_sign_starts_a_word() -> None:
    assert hunks("see (b, bc)", "see (bc)") == [Hunk(5, 3, "")]


def test_words_that_came_or_went_at_several_places_are_whole_words() -> None:
    """The letters around them are alike: "alba al|bo" could also be "alb|a al|bo"."""
    words = essay(300)
    before = ["alba", "albo", "alfa"]
    old = " ".join([*words[:100], *before, *words[100:200], *before, *words[200:]])
    after = ["alba", "alfa"]
    new = " ".join([*words[:100], *after, *words[100:200], *before, "new", *words[200:]])
    first = len(" ".join([*words[:100], "alba "]))
    second = len(" ".join([*words[:100], *before, *words[100:200], *before, ""]))
    assert hunks(old, new) == [Hunk(first, 5, ""), Hunk(second, 0, "new ")]
    assert [hunk.deleted for hunk in hunks(new, old)] == [0, 4]
    both = " ".join([*words[:100], *after, *words[100:200], *after, *words[200:]])
    assert [old[at : at + gone] for at, gone, _ in hunks(old, both)] == ["albo ", "albo "]


@pytest.mark.parametrize("caret", [1, 2, 3, 4])
def test_the_caret_says_which_of_equal_letters_was_typed(caret: int) -> None:
    assert hunks("aaa", "aaaa", caret) == [Hunk(caret - 1, 0, "a")]


@pytest.mark.parametrize("caret", [0, 1, 2, 3])
def test_the_caret_says_which_of_equal_letters_was_deleted(caret: int) -> None:
    assert hunks("aaaa", "aaa", caret) == [Hunk(caret, 1, "")]


def test_a_caret_that_is_elsewhere_is_no_help_and_no_harm() -> None:
    assert hunks("the cat sat", "the old cat sat", 0) == [Hunk(4, 0, "old ")]
    assert hunks("aaa", "aaaa", 99) == [Hunk(3, 0, "a")]


def test_two_edits_are_two_hunks() -> None:
    old = "One day the cat sat on the mat and slept"
    new = "One fine day the dog sat on the mat and slept"
    assert hunks(old, new) == [Hunk(4, 0, "fine "), Hunk(12, 3, "dog")]


def test_ten_edits_all_over_an_essay_stay_ten_small_hunks() -> None:
    words = essay(1500)
    changed = list(words)
    for site in range(10):
        changed[site * 150 + 7] = f"edit{site}"
    found = hunks(" ".join(words), " ".join(changed))
    assert [hunk.inserted for hunk in found] == [f"edit{site}" for site in range(10)]
    assert all(hunk.deleted <= 7 for hunk in found)


def test_a_region_of_many_edits_is_compared_word_by_word() -> None:
    words = essay(200)
    changed = [word if at % 3 else f"x{at}" for at, word in enumerate(words)]
    found = hunks(" ".join(words), " ".join(changed))
    assert len(found) == 67
    assert all(hunk.deleted <= 7 for hunk in found)


def test_a_moved_paragraph_is_one_deletion_and_one_insertion() -> None:
    words = [*(f"w{at}" for at in range(400))]
    moved = words[:50] + words[150:300] + words[50:150] + words[300:]
    found = hunks(" ".join(words), " ".join(moved))
    assert len(found) == 2 and not found[0].inserted and not found[1].deleted


def test_a_text_written_anew_is_one_hunk() -> None:
    old, new = " ".join(essay(300)), " ".join(essay(301, seed=2))
    assert hunks(old, new) == [Hunk(0, len(old), new)]


def test_a_long_text_changed_everywhere_is_compared_by_sentences_first() -> None:
    words = essay(6000)
    changed = [word if at % 24 < 18 or at % 2 else word[::-1] for at, word in enumerate(words)]
    found = hunks(" ".join(words), " ".join(changed))
    assert 700 < len(found) < 900
    assert max(hunk.deleted for hunk in found) <= 8


def test_a_long_text_written_anew_is_one_hunk() -> None:
    old, new = " ".join(essay(4000)), " ".join(essay(4000, seed=2))
    assert hunks(old, new) == [Hunk(0, len(old), new)]


def test_a_long_passage_without_sentences_is_replaced_as_a_whole() -> None:
    old, new = " ".join(essay(4000)).replace(".", ""), " ".join(essay(4000, 2)).replace(".", "")
    found = hunks(f"Same. {old}. Same.", f"Same. {new}. Same.")
    assert found == [Hunk(6, len(old), new)]


def test_a_passage_among_others_that_is_too_long_to_compare_is_replaced_as_a_whole() -> None:
    """Between sentences that agree, a monster of 4,000 words is not compared word by word."""
    old, new = " ".join(essay(4000)).replace(".", ""), " ".join(essay(4000, 2)).replace(".", "")
    found = hunks(f"One old. Same. {old}. Yes.", f"One new. Same. {new}. Yes.")
    assert found == [Hunk(4, 3, "new"), Hunk(15, len(old), new)]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("cafe", "cafe\u0301", [Hunk(3, 1, "e\u0301")]),
        ("a👩\u200d👩b", "a👩\u200d👩\u200d👧b", [Hunk(1, 3, "👩\u200d👩\u200d👧")]),
        ("🇩🇪", "🇩🇰", [Hunk(0, 2, "🇩🇰")]),
        ("ok 👍", "ok 👍🏽", [Hunk(3, 1, "👍🏽")]),
        ("a\r\nb", "a\nb", [Hunk(1, 2, "\n")]),
    ],
)
def test_a_cluster_is_replaced_as_a_whole(old: str, new: str, expected: list[Hunk]) -> None:
    assert hunks(old, new) == expected


def test_clusters_widened_until_they_meet_are_one_hunk() -> None:
    """Both people of the pair change, the joiner between them stays: it cannot stand alone."""
    assert hunks("今👩\u200d👧日", "今👨\u200d👦日") == [Hunk(1, 3, "👨\u200d👦")]


@pytest.mark.parametrize(
    ("old", "new"),
    [("👍old", "new👍"), ("old👍", "new👍"), ("👍old👍", "new👍"), ("❤\ufe0f☎", "x❤\ufe0f☂")],
)
def test_a_word_with_an_emoji_is_replaced_with_it(old: str, new: str) -> None:
    """Else the emoji of the new word would be that of the old one, and go with it."""
    assert hunks(f"one {old} two", f"one {new} two") == [Hunk(4, len(old), new)]


def test_a_very_long_word_changed_at_both_ends_is_replaced_as_one_word() -> None:
    long = "".join(essay(150)).replace(".", "")
    assert hunks(f"a b{long}c d", f"a y{long}z d") == [Hunk(2, len(long) + 2, f"y{long}z")]
    assert hunks(f"a {long} d", f"a y{long}z d") == [Hunk(2, 0, "y"), Hunk(2 + len(long), 0, "z")]


def test_a_long_word_between_two_edits_is_not_counted_twice() -> None:
    long = "".join(essay(150)).replace(".", "")
    old = f"one {long} two"
    assert hunks(old, f"1 {long} 2") == [Hunk(0, 3, "1"), Hunk(len(old) - 3, 3, "2")]
    assert hunks(f"b{long} two", f"c{long}{long} tow")[0].inserted == f"c{long}{long}"


def test_scripts_without_blanks_are_compared_letter_by_letter() -> None:
    assert hunks("今日は天気がいい", "今日は雨がいい") == [Hunk(3, 2, "雨")]
    assert hunks("今日は天気がいい。", "明日は天気が悪い。") == [Hunk(0, 1, "明"), Hunk(6, 1, "悪")]


def test_nothing_and_everything() -> None:
    assert diff("", "") == Change.keep(0)
    assert hunks("", "new") == [Hunk(0, 0, "new")]
    assert hunks("old", "") == [Hunk(0, 3, "")]
