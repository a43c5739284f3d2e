"""Offsets on the wire, and text as clients send it."""

from __future__ import annotations

import pytest

from workroom.core.text.units import (
    clean_text,
    clean_with_cursor,
    from_utf16,
    to_utf16,
    to_utf16_many,
    utf16_length,
    word_count,
)

MIXED = "a😀é👍b"  # 1 + 2 + 1 + 2 + 1 units


def test_an_emoji_counts_two_on_the_wire_and_one_inside() -> None:
    assert utf16_length(MIXED) == 7
    assert [to_utf16(MIXED, at) for at in range(6)] == [0, 1, 3, 4, 6, 7]
    assert [from_utf16(MIXED, offset) for offset in (0, 1, 3, 4, 6, 7)] == [0, 1, 2, 3, 4, 5]


def test_an_offset_inside_of_an_emoji_rounds_down() -> None:
    assert from_utf16(MIXED, 2) == 1
    assert from_utf16("😀", 1) == 0


@pytest.mark.parametrize("text", ["plain", "é", MIXED, ""])
def test_an_offset_outside_of_the_text_is_refused(text: str) -> None:
    assert from_utf16(text, utf16_length(text)) == len(text)
    for offset in (-1, utf16_length(text) + 1):
        with pytest.raises(ValueError, match="offset"):
            from_utf16(text, offset)


@pytest.mark.parametrize("text", ["plain", "éàü", MIXED, "😀" * 3 + "z"])
def test_many_offsets_are_converted_in_one_sweep(text: str) -> None:
    positions = [0, 1, 1, len(text)]
    assert to_utf16_many(text, positions) == [to_utf16(text, at) for at in positions]
    assert to_utf16_many(text, []) == []


@pytest.mark.parametrize(
    ("raw", "clean"),
    [
        ("a\r\nb", "a\nb"),
        ("a\r\r\nb", "a\nb"),
        ("a\rb", "a\rb"),
        ("a\ud800b", "a\ufffdb"),
        ("\udc00\ud800", "\ufffd\ufffd"),
        ("\ud83d\ude00", "😀"),
        ("a\0b\r\0\n", "ab\n"),
        ("é\u0301 \ufeff\u2028", "é\u0301 \ufeff\u2028"),
    ],
)
def test_an_essay_text_is_cleaned_and_never_refused(raw: str, clean: str) -> None:
    assert clean_text(raw) == clean


@pytest.mark.parametrize("text", ["plain", "é漢😀", ""])
def test_clean_text_is_handed_back_itself(text: str) -> None:
    assert clean_text(text) is text


@pytest.mark.parametrize(
    ("raw", "offset", "expected"),
    [
        ("plain", 3, ("plain", 3)),
        ("plain", 9, ("plain", None)),
        ("plain", -1, ("plain", None)),
        ("plain", None, ("plain", None)),
        (MIXED, 6, (MIXED, 4)),
        ("ab\r\ncd", 4, ("ab\ncd", 3)),
        ("ab\r\ncd", 3, ("ab\ncd", 2)),  # between CR and LF: before the line end
        ("ab\rcd", 3, ("ab\rcd", 3)),
        ("\0\0a", 2, ("a", 0)),
        ("\ud83d\ude00\0", 1, ("😀", 0)),
        ("\ud83d\ude00\0", 2, ("😀", 1)),
        ("\ud83d\ude00\0", 4, ("😀", None)),
        ("\ud800a", 1, ("\ufffda", 1)),
        ("\0", 0, ("", 0)),
    ],
)
def test_a_caret_in_the_raw_text_lands_at_the_same_place(
    raw: str, offset: int | None, expected: tuple[str, int | None]
) -> None:
    assert clean_with_cursor(raw, offset) == expected


def test_words_are_separated_by_white_space() -> None:
    assert word_count("") == word_count(" \n\t ") == 0
    assert word_count(" don't stop —\nhere\u2003now ") == 5
