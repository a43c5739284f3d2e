"""Bytes to values: both readers keep the same rules, and neither can be made to run away."""

from __future__ import annotations

import json
import tracemalloc
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workroom.errors import InvalidJson, InvalidMessage
from workroom.protocol import reading
from workroom.protocol.reading import (
    MAX_DEPTH,
    SHOWN,
    kind_of,
    read,
    read_object,
    refuse_bad_characters,
    shown,
)

NUMBERS = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS,
    lambda inner: st.lists(inner) | st.dictionaries(TEXTS, inner),
)
SURROGATES = st.text(st.characters(min_codepoint=0xD7F0, max_codepoint=0xE010) | st.just("\0"))


def same(one: Any, other: Any) -> bool:
    """Equal, and of the same types: 1, 1.0 and true are three things."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return list(one) == list(other) and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other)


@given(VALUES)
def test_the_slow_reader_reads_what_the_fast_one_reads(value: Any) -> None:
    """A lone surrogate elsewhere in the message changes nothing about the rest."""
    text = json.dumps(value)
    fast, suspicious = read(text.encode())
    slow, suspicious_too = read(f'["\\ud800",{text}]'.encode())
    assert same(fast, slow[1])
    assert suspicious == ("\\u0000" in text)
    assert suspicious_too


def attempt(text: str) -> tuple[Any] | None:
    """What the text says; None when it is not JSON."""
    try:
        return (read(text.encode())[0],)
    except InvalidJson:
        return None


@given(st.text(st.sampled_from("0123456789.eE+-")))
def test_both_readers_agree_on_what_is_a_number(text: str) -> None:
    """Also on those that no double can hold."""
    fast, slow = attempt(text), attempt(f'["\\ud800",{text}]')
    assert slow is None if fast is None else same(fast[0], slow and slow[0][1])


@given(st.dictionaries(SURROGATES, SURROGATES))
def test_bad_characters_are_found_wherever_they_are(message: dict[str, str]) -> None:
    """And nothing else is taken for one."""
    text = json.dumps(message).encode()
    value, suspicious = read_object(text)
    joined = json.loads(text)
    bad = any(
        character == "\0" or 0xD800 <= ord(character) <= 0xDFFF
        for pair in joined.items()
        for part in pair
        for character in part
    )
    if bad:
        assert suspicious
        with pytest.raises(InvalidMessage):
            refuse_bad_characters(value)
    else:
        refuse_bad_characters(value)


@pytest.mark.parametrize("digits", [400, 4_300, 4_301, 100_000])
@pytest.mark.parametrize("beside", ['"x"', '"\\ud800"'])
def test_a_number_beyond_a_double_is_no_json(digits: int, beside: str) -> None:
    """However many digits it has, and whichever reader meets it."""
    with pytest.raises(InvalidJson):
        read(f"[{beside},{'9' * digits}]".encode())


def test_only_the_top_level_free_text_may_hold_bad_characters() -> None:
    """Not a field of the same name further down, nor a value that is no text."""
    refuse_bad_characters({"content": "\ud800\0"}, free_text="content")
    for message, field in (
        ({"x": {"content": "\0"}}, "x.content"),
        ({"content": ["\0"]}, "content.0"),
        ({"content": "\0", "y": "\ud800"}, "y"),
        ({"content\0": ""}, None),
    ):
        with pytest.raises(InvalidMessage) as raised:
            refuse_bad_characters(message, free_text="content")
        assert raised.value.field == field


@pytest.mark.parametrize("bad", [b'"\\ud800"', b"1"])
@pytest.mark.parametrize(("opening", "closing"), [(b"[", b"]"), (b'{"a":', b"}")])
def test_messages_may_be_nested_but_not_without_end(
    opening: bytes, closing: bytes, bad: bytes
) -> None:
    """The limit is the same to the level on the fast path; the slow one may be stricter."""
    with pytest.raises(InvalidJson):
        read(opening * (MAX_DEPTH + 1) + bad + closing * (MAX_DEPTH + 1))
    depth = MAX_DEPTH if bad == b"1" else 300
    read(opening * depth + bad + closing * depth)


@pytest.mark.parametrize("innermost", [[], {}, [1], {"a": "x"}], ids=repr)
def test_the_limit_of_depth_does_not_hang_on_the_recursion_limit(innermost: Any) -> None:
    """Later Pythons let the standard reader go far deeper than orjson."""
    value = innermost
    for level in range(MAX_DEPTH - 1):
        value = {"a": value} if level % 2 else [value, 1]
    assert reading._held_to_limits(value) is value
    with pytest.raises(InvalidJson):
        reading._held_to_limits([value])


def test_a_long_key_above_many_values_costs_no_memory() -> None:
    """Places are put into words only for the value that is refused."""
    message = {"k" * 100_000: ["x"] * 10_000 + ["\0"]}
    tracemalloc.start()
    with pytest.raises(InvalidMessage) as raised:
        refuse_bad_characters(message)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 5_000_000
    assert raised.value.field is not None
    assert len(raised.value.field) <= SHOWN


@given(st.text(st.characters()))
def test_what_is_shown_of_a_message_is_short_and_printable(text: str) -> None:
    """Whatever it holds: lone surrogates, controls, right-to-left marks."""
    assert shown(text).isprintable()
    assert len(shown(text)) <= SHOWN
    if text.isprintable() and len(text) <= SHOWN:
        assert shown(text) == text


def test_an_invalid_text_is_not_kept_in_its_error() -> None:
    """The parser's own error holds the whole document; a token may be in it."""
    with pytest.raises(InvalidJson) as raised:
        read(b'{"token":"secret"')
    assert "secret" not in repr(raised.value)
    assert raised.value.__cause__ is None
    assert raised.value.__suppress_context__


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"null", "null"), (b"true", "a boolean"), (b"1", "a whole number"), (b'"a"', "a string"),
        (b"[]", "an array"), (b"{}", "an object"),
        (b"1.5", "a number with a fraction, an exponent or too many digits"),
    ],
)  # fmt: skip
def test_kinds_have_names(text: bytes, words: str) -> None:
    """The words of the error messages."""
    assert kind_of(orjson.loads(text)) == words
    assert kind_of(object()) == "something else"
