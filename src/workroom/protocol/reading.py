r"""Bytes to Python values, as strictly as RFC 8259 asks and no stricter.

What is not JSON is InvalidJson: NaN and Infinity, numbers beyond a double, a byte order mark, bytes
that are not UTF-8, nesting beyond ``MAX_DEPTH``. Of duplicate keys the last one wins.

A lone surrogate (``"\ud800"``) is legal JSON that UTF-8 cannot carry, and NUL is text that
databases refuse. Essay text may hold both, and the core mends it; everywhere else they are refused
by name.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable
from typing import Any, Final, NoReturn

import orjson

from workroom.errors import InvalidJson, InvalidMessage

MAX_DEPTH: Final = 1024
"""Levels of arrays and objects in one message; orjson's own limit, kept on the slow path too."""

SHOWN: Final = 60
"""How many characters of a client's input an error message repeats at most."""

Message = dict[str, Any]

_SURROGATE_ESCAPE: Final = re.compile(rb"\\u[dD][89a-fA-F]")
_REFUSED: Final = re.compile("[\ud800-\udfff\0]")
_CONTAINERS: Final = frozenset({dict, list})
_MAX_UNSIGNED: Final = 2**64 - 1
_MIN_SIGNED: Final = -(2**63)


def read(text: bytes) -> tuple[Any, bool]:
    """The value, and whether it may hold a lone surrogate or NUL (then ``refuse_bad_characters``).

    Raises InvalidJson.
    """
    try:
        return orjson.loads(text), b"\\u0000" in text
    except orjson.JSONDecodeError as error:
        if not _SURROGATE_ESCAPE.search(text):
            raise _not_json(error) from None
    # orjson refuses lone surrogates; only a text with such an escape is worth a second reading.
    return _read_slowly(text), True


def read_object(text: bytes) -> tuple[Message, bool]:
    """Like ``read`` for a message, which is always an object. Raises InvalidMessage as well."""
    value, suspicious = read(text)
    if type(value) is not dict:
        message = f"expected a JSON object, got {kind_of(value)}"
        raise InvalidMessage(message)
    return value, suspicious


def refuse_bad_characters(message: Message, *, free_text: str | None = None) -> None:
    """Raise InvalidMessage, naming the place, for a lone surrogate or a NUL in any key or string.

    The string under the top-level key ``free_text`` is left alone.
    """
    if free_text is not None and type(message.get(free_text)) is str:
        message = {key: value for key, value in message.items() if key != free_text}
    found = _first_bad(message)
    if found is not None:
        trail, text = found
        raise InvalidMessage(f"{bad_character(text)} is not allowed here", field=_place(trail))


def bad_character(text: str) -> str | None:
    """The first lone surrogate or NUL in a text, in words."""
    found = _REFUSED.search(text)
    if found is None:
        return None
    return "a NUL character" if found.group() == "\0" else "a lone surrogate"


def kind_of(value: object) -> str:
    """What a JSON value is, in words, as ``a string`` or ``an array``."""
    if value is None:
        return "null"
    return _KINDS.get(type(value), "something else")


def shown(text: str) -> str:
    """A client's text in an error message: printable, at most ``SHOWN`` characters."""
    printable = "".join(c if c.isprintable() else _escaped(c) for c in text[: SHOWN + 1])
    return printable if len(printable) <= SHOWN else printable[: SHOWN - 1] + "…"


_KINDS: Final[dict[type, str]] = {
    str: "a string",
    bool: "a boolean",
    int: "a whole number",
    float: "a number with a fraction, an exponent or too many digits",
    dict: "an object",
    list: "an array",
}


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")


def _not_json(error: json.JSONDecodeError) -> InvalidJson:
    message = f"not valid JSON: {error.msg} (line {error.lineno}, column {error.colno})"
    return InvalidJson(message)


def _read_slowly(text: bytes) -> Any:
    """The standard library's reader, held to the same rules as orjson."""
    try:
        decoded = text.decode("utf-8")
    except UnicodeDecodeError:
        message = "not valid JSON: the text is not UTF-8"
        raise InvalidJson(message) from None
    try:
        value = _DECODER.decode(decoded)
    except json.JSONDecodeError as error:
        raise _not_json(error) from None
    except RecursionError:
        raise _too_deep() from None
    except ValueError:
        # Python reads no integer of more than 4,300 digits.
        raise _too_large() from None
    return _held_to_limits(value)


def _too_deep() -> InvalidJson:
    message = f"not valid JSON here: nested more than {MAX_DEPTH} levels"
    return InvalidJson(message)


def _too_large() -> InvalidJson:
    return InvalidJson("not valid JSON here: a number is too large")


def _held_to_limits(value: Any) -> Any:
    """The standard reader's value, or InvalidJson, by the limits of orjson.

    No more than ``MAX_DEPTH`` levels, no number beyond a double; an integer that 64 bits cannot
    hold becomes a double. One walk afterwards: hooks per number would be ten times slower.
    """
    root = [value]
    level: list[Any] = [root]
    for _ in range(MAX_DEPTH + 1):
        following = []
        for container in level:
            for key, child in _pairs(container):
                kind = type(child)
                if kind in _CONTAINERS:
                    following.append(child)
                elif kind is int:
                    if not _MIN_SIGNED <= child <= _MAX_UNSIGNED:
                        container[key] = _double(child)
                elif kind is float and math.isinf(child):
                    raise _too_large()
        if not following:
            return root[0]
        level = following
    raise _too_deep()


def _pairs(container: Any) -> Iterable[tuple[Any, Any]]:
    return container.items() if type(container) is dict else enumerate(container)


def _double(number: int) -> float:
    try:
        return float(number)
    except OverflowError:
        raise _too_large() from None


def _constant(name: str) -> NoReturn:
    message = f"not valid JSON: {name} is not a JSON number"
    raise InvalidJson(message)


_DECODER: Final = json.JSONDecoder(parse_constant=_constant)


_Trail = tuple[Any, str | int]
"""Where a value stands: its key, and the trail of what it stands in (None: the message).

A linked list: building every path as text would let a long key above many values eat all memory.
"""


def _place(trail: _Trail | None) -> str | None:
    keys: list[str] = []
    while trail is not None:
        trail, key = trail
        keys.append(str(key)[: SHOWN + 1])
    return shown(".".join(reversed(keys))) if keys else None


def _first_bad(message: Message) -> tuple[_Trail | None, str] | None:
    """The first key or string with a bad character, and its place; breadth first.

    One plain loop: a hostile message holds hundreds of thousands of values.
    """
    search = _REFUSED.search
    level: list[tuple[_Trail | None, Any]] = [(None, message)]
    while level:
        following: list[tuple[_Trail | None, Any]] = []
        for trail, container in level:
            named = type(container) is dict
            for key, child in _pairs(container):
                if named and search(key):
                    return trail, key
                if type(child) is str:
                    if search(child):
                        return (trail, key), child
                elif child and type(child) in _CONTAINERS:
                    following.append(((trail, key), child))
        level = following
    return None
