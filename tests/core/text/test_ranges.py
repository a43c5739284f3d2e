from __future__ import annotations

from workroom.core.text.mirror import Version
from workroom.core.text.ranges import meant


def versions(*texts: str) -> list[Version]:
    """The newest first."""
    return [Version(text, "", seq) for seq, text in reversed(list(enumerate(texts[::-1])))]


def test_the_newest_text_is_taken_that_the_range_cuts_no_word_of() -> None:
    newest, before, oldest = versions("abcdefgh one", "abcd one", "one two")
    assert meant([newest, before, oldest], 0, 3) == oldest
    assert meant([newest, before, oldest], 5, 8) == before
    assert meant([newest, before, oldest], 9, 12) == newest


def test_a_range_that_cuts_words_of_all_is_one_of_the_newest() -> None:
    newest, before = versions("Well, running", "running")
    assert meant([newest, before], 1, 3) == newest


def test_a_text_that_is_too_short_is_left_out() -> None:
    newest, before = versions("one", "one two")
    assert meant([newest, before], 5, 6) == before
    assert meant([newest], 5, 6) is None


def test_edges_are_of_utf_16_units() -> None:
    newest, before = versions("\U0001f600 one two", "one two")
    assert meant([newest, before], 3, 6) == newest
    assert meant([newest, before], 4, 7) == before
