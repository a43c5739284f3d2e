"""Offsets and clean text, against the slow and obvious way."""

from __future__ import annotations

import re
import sys
from unittest.mock import patch

from hypothesis import given
from hypothesis import strategies as st

from text_strategies import texts
from workroom.core.text import (
    clean_text,
    clean_with_cursor,
    from_utf16,
    to_utf16,
    to_utf16_many,
    units,
    utf16_length,
    word_count,
)
from workroom.core.text.units import clean_with_carets

raw_texts = st.text(
    st.sampled_from("ab \r\n\0é漢😀\ud83d\ude00\ud800\udfff") | st.characters(), max_size=12
)


@given(texts)
def test_offsets_count_two_units_for_a_character_above_ffff(text: str) -> None:
    slow = [sum(1 + (letter > "\uffff") for letter in text[:at]) for at in range(len(text) + 1)]
    assert [to_utf16(text, at) for at in range(len(text) + 1)] == slow
    assert to_utf16_many(text, range(len(text) + 1)) == slow
    assert utf16_length(text) == slow[-1]


@given(texts)
def test_offsets_come_back_and_round_down_inside_a_pair(text: str) -> None:
    starts = {to_utf16(text, at): at for at in range(len(text) + 1)}
    for offset in range(utf16_length(text) + 1):
        below = max(start for start in starts if start <= offset)
        assert from_utf16(text, offset) == starts[below]


@given(raw_texts)
def test_clean_text_can_be_stored_anywhere_and_stays_as_it_is(raw: str) -> None:
    text = clean_text(raw)
    text.encode()
    assert "\0" not in text and "\r\n" not in text
    assert clean_text(text) == text


@given(raw_texts)
def test_cleaning_is_what_the_rules_say(raw: str) -> None:
    whole = raw.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    assert clean_text(raw) == re.sub("\r+\n", "\n", whole.replace("\0", ""))


@given(raw_texts, st.integers(-2, 30) | st.none())
def test_a_caret_stays_between_the_same_letters(raw: str, offset: int | None) -> None:
    text, caret = clean_with_cursor(raw, offset)
    assert text == clean_text(raw)
    units = raw.encode("utf-16-le", "surrogatepass")
    if offset is None or not 0 <= 2 * offset <= len(units):
        assert caret is None
        return
    assert caret is not None and 0 <= caret <= len(text)
    left = units[: 2 * offset].decode("utf-16-le", "replace").replace("\0", "")
    letters = re.sub("\r", "", left)
    halved = re.sub("\r", "", text[:caret])
    # The same letters are before it; but half a pair is none, and no caret is within a line end.
    assert letters.rstrip("\n\ufffd").startswith(halved.rstrip("\n\ufffd"))
    assert len(letters) - 1 <= len(halved) <= len(letters)


@given(raw_texts, st.lists(st.integers(-2, 30) | st.none(), max_size=3))
def test_several_carets_are_found_as_each_by_itself(raw: str, offsets: list[int | None]) -> None:
    each = [clean_with_cursor(raw, offset)[1] for offset in offsets]
    assert clean_with_carets(raw, *offsets) == (clean_text(raw), each)


@given(st.text("a\r\n", max_size=40))
def test_line_ends_of_any_length_are_one_character(raw: str) -> None:
    assert clean_text(raw) == re.sub("\r+\n", "\n", raw)


@given(st.text("a\x1c \xa0\x85\u2028\u3000\u0301漢😀\udc00", max_size=30) | st.text())
def test_words_of_long_texts_are_counted_as_those_of_short_ones(text: str) -> None:
    with patch.object(units, "_LONG", 0):
        assert word_count(text) == len(text.split())


def test_all_white_space_parts_words() -> None:
    blanks = "".join(filter(str.isspace, map(chr, range(sys.maxunicode + 1))))
    with patch.object(units, "_LONG", 0):
        assert [word_count(f"a{blank}b") for blank in blanks] == [2] * len(blanks)


@given(st.text(max_size=30))
def test_words_are_what_white_space_leaves(text: str) -> None:
    assert word_count(text) == len(re.findall(r"\S+", text)) or any(
        letter.isspace() != bool(re.match(r"\s", letter)) for letter in text
    )
