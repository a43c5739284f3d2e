"""What the models share: errors that name the place and never repeat the value."""

from __future__ import annotations

from typing import Annotated

import pytest
from pydantic import Field

from workroom.errors import InvalidMessage
from workroom.protocol.shapes import ClientShape, reader, string_at, unknown


class Inner(ClientShape):
    """Something with a rule that no message has yet."""

    secret: Annotated[str, Field(pattern="^x+$")]


class Outer(ClientShape):
    """Something around it."""

    inner: Inner


def test_a_rule_without_words_of_its_own_names_the_place_all_the_same() -> None:
    """A new kind of check is never a crash, and never repeats what it refused."""
    with pytest.raises(InvalidMessage) as raised:
        reader(Outer, lambda shape: shape)({"inner": {"secret": "token"}})
    assert raised.value.field == "inner.secret"
    assert raised.value.message
    assert "token" not in raised.value.message


def test_the_first_of_many_mistakes_is_named() -> None:
    """One message at a time: the first field in the order of the pages."""
    with pytest.raises(InvalidMessage) as raised:
        reader(Outer, lambda shape: shape)({"inner": 1, "x": 2})
    assert raised.value.field == "inner"
    assert raised.value.message == "expected an object, got a whole number"


def test_a_kind_is_a_string() -> None:
    """Missing and null are two things to the developer who reads the message."""
    assert string_at({"type": ""}, "type") == ""
    with pytest.raises(InvalidMessage, match=r"^is missing$"):
        string_at({}, "type")
    with pytest.raises(InvalidMessage, match=r"^expected a string, got null$"):
        string_at({"type": None}, "type")


def test_an_unknown_kind_is_shown_next_to_the_known_ones() -> None:
    """Whatever it was, in a line that can be printed."""
    error = unknown("dance\n", field="action", known=["sit", "run"])
    assert error.message == '"dance\\n" is not known here; expected one of sit, run'
    assert error.field == "action"
