"""Two people at once, by example; the laws are in ``tests/laws/test_rebase_laws.py``."""

from __future__ import annotations

import pytest

from workroom.core.text.change import Change, Hunk
from workroom.core.text.diff import diff
from workroom.core.text.rebase import Rebased, rebase, signed

ME, ANA, BEN, NOBODY = "m", "a", "b", "\0"


def merge(
    base: str,
    mine: str | list[Hunk],
    *heads: tuple[str, str | list[Hunk]],
    authors: str | None = None,
    join: bool = False,
) -> tuple[str, Rebased]:
    """Merge my text with what others made of the base, one after the other: (author, text)."""
    head = base
    since = since_authors = Change.keep(len(base))
    for author, then in heads:
        change = _change(head, then)
        head = change.apply(head)
        since = since.compose(change)
        since_authors = since_authors.compose(signed(change, author))
    own = _change(base, mine)
    result = rebase(
        own,
        since,
        base=base,
        base_authors=authors or NOBODY * len(base),
        author=ME,
        since_authors=since_authors,
        join=join,
    )
    merged = result.change.apply(head)
    assert merged == result.bridge.apply(own.apply(base))
    return merged, result


def _change(text: str, then: str | list[Hunk]) -> Change:
    return diff(text, then) if isinstance(then, str) else Change.of(len(text), then)


def test_edits_at_two_places_are_both_there() -> None:
    merged, _ = merge("the cat sat", "the fat cat sat", (ANA, "the cat sat down"))
    assert merged == "the fat cat sat down"


def test_what_others_typed_inside_of_what_i_deleted_stays() -> None:
    merged, _ = merge("one two three", "one three", (ANA, "one two half three"))
    assert merged == "one half three"


def test_a_blank_that_is_needed_between_two_words_is_rather_kept_than_put_back() -> None:
    """A blank in place of a blank would be a change, and part what others put around it."""
    four = [Hunk(4, 3, "four")]
    five = [Hunk(9, 0, "five ")]
    merged, result = merge("one two three", "one three", (ANA, four), (BEN, five))
    assert merged == "one four five three"
    assert result.change == Change.keep(len(merged))
    assert result.bridge_authors.apply(ME * 9) == "mmmmaaaa\0bbbbbmmmmm"


def test_what_i_typed_inside_of_what_others_deleted_stays() -> None:
    merged, _ = merge("one two three", "one two half three", (ANA, "one three"))
    assert merged == "one half three"


def test_what_both_deleted_is_gone_once() -> None:
    merged, result = merge("one two three", "one", (ANA, "one two"))
    assert merged == "one"
    assert result.change == Change.of(7, [Hunk(3, 4, "")])


def test_two_words_at_one_place_are_both_whole() -> None:
    merged, _ = merge("start end", "start mine end", (ANA, "start theirs end"))
    assert merged == "start theirs mine end"


def test_two_words_typed_at_the_very_end_get_a_blank_between_them() -> None:
    merged, result = merge("start ", "start mine", (ANA, "start theirs"))
    assert merged == "start theirs mine"
    assert result.seams == (12,)
    assert result.change == Change.of(12, [Hunk(12, 0, " mine")])


def test_the_order_that_glues_no_words_is_taken() -> None:
    merged, result = merge("", "mine ", (ANA, "theirs"))
    assert merged == "mine theirs" and result.seams == ()
    merged, result = merge("", " mine", (ANA, "theirs"))
    assert merged == "theirs mine" and result.seams == ()


def test_a_word_that_is_being_typed_is_not_torn_by_a_word_put_right_behind_it() -> None:
    """My letter continues "wor"; theirs begins a word of its own, and a blank parts them."""
    merged, _ = merge("wor", "word", (ANA, [Hunk(3, 0, " new")]))
    assert merged == "word new"


def test_a_word_that_others_are_typing_is_not_torn_by_mine() -> None:
    merged, _ = merge("wor", [Hunk(3, 0, " new")], (ANA, "word"))
    assert merged == "word new"


def test_my_word_goes_behind_what_i_have_just_written() -> None:
    merged, _ = merge("a ", [Hunk(2, 0, "two ")], (ME, "a one "))
    assert merged == "a one two "


def test_my_word_stays_with_the_word_of_mine_before_it() -> None:
    mine = [Hunk(2, 0, "next, ")]
    assert merge("a ", mine, (ANA, "a other "), authors="mm")[0] == "a next, other "
    assert merge("a ", mine, (ANA, "a other "), authors="bb")[0] == "a other next, "


def test_my_letters_go_on_with_my_word_before_a_sign_of_theirs() -> None:
    assert merge("wor", "word", (ANA, [Hunk(3, 0, "!")]))[0] == "word!"


def test_letters_that_go_on_with_my_unfinished_word_may_touch_it() -> None:
    assert merge("", "ld", (ME, "wor"), join=True)[0] == "world"
    assert merge("", "ld", (ME, "wor"), join=False)[0] == "wor ld"


def test_my_insertion_goes_between_two_authors_where_it_glues_nothing() -> None:
    merged, result = merge("", "mine ", (ANA, "one "), (BEN, [Hunk(4, 0, "two")]))
    assert merged == "one mine two" and result.seams == ()


def test_words_that_others_have_glued_stay_as_they_made_them() -> None:
    assert merge("", "mine", (ANA, "one"), (BEN, [Hunk(3, 0, "two")]))[0] == "onetwo mine"


def test_a_deletion_that_makes_words_touch_gets_a_blank() -> None:
    """I delete the comma, Ana deletes the blank behind it: neither wanted "onetwo"."""
    merged, result = merge("one, two", [Hunk(3, 1, "")], (ANA, [Hunk(4, 1, "")]))
    assert merged == "one two" and result.seams == (3,)


def test_a_stop_stays_at_its_word() -> None:
    assert merge("End", "End.", (ANA, [Hunk(3, 0, " Next")]))[0] == "End. Next"
    assert merge("End", [Hunk(3, 0, " Next")], (ANA, "End."))[0] == "End. Next"
    assert merge("Wor", "Wor.", (ANA, "Word"))[0] == "Word."


def test_a_stop_is_followed_by_a_blank() -> None:
    assert merge("a. b", [Hunk(2, 1, "")], (ANA, [Hunk(3, 0, "X ")]))[0] == "a. X b"


def test_emoji_are_kept_apart_as_words_are() -> None:
    assert merge("a b", "a mine b", (ANA, "a one👋🏽"))[0] == "a mine one👋🏽"
    assert merge("x ", "x 🇮🇱", (ANA, "x 🇫🇷"))[0] == "x 🇫🇷 🇮🇱"
    assert merge("x ", "x mine😀", (ANA, "x 🏴󠁧󠁢󠁳󠁣󠁴󠁿"))[0] == "x 🏴󠁧󠁢󠁳󠁣󠁴󠁿 mine😀"
    assert merge("x 😀", "x 😀😀", (ANA, "y 😀"))[0] == "y 😀😀"


def test_scripts_without_blanks_get_none() -> None:
    merged, result = merge("今日", [Hunk(2, 0, "雨")], (ANA, [Hunk(2, 0, "風")]))
    assert merged == "今日風雨" and result.seams == ()


def test_the_bridge_knows_who_wrote_what_it_inserts() -> None:
    _, result = merge("start ", "start mine", (ANA, "start one "), (BEN, "start one two"))
    authors = result.bridge_authors.apply(NOBODY * 6 + ME * 4)
    assert authors == NOBODY * 6 + ANA * 4 + BEN * 3 + ME * 5


def test_with_nothing_in_between_the_change_is_taken_as_it_is() -> None:
    merged, result = merge("text", "my text")
    assert merged == "my text"
    assert result == Rebased(result.change, Change.keep(7), Change.keep(7), ())


def test_an_unchanged_text_changes_nothing_and_is_led_to_the_head() -> None:
    merged, result = merge("text", "text", (ANA, "a text"))
    assert merged == "a text" and result.change.is_empty
    assert result.bridge == diff("text", "a text")


def test_changes_of_another_base_are_refused() -> None:
    fitting, other = Change.keep(4), Change.keep(5)
    for mine, since in ((other, fitting), (fitting, other)):
        with pytest.raises(ValueError, match="base of 4"):
            rebase(
                mine,
                since,
                base="text",
                base_authors="mmmm",
                author=ME,
                since_authors=since,
            )
