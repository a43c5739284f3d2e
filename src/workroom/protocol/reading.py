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
from collections.abc import Iterator
from typing import Any, Final, NamedTuple, NoReturn

import orjson

from workroom.errors import InvalidJson, InvalidMessage

MAX_DEPTH: Final = 1024
"""Levels of arrays and objects in one message; orjson's own limit, kept on the slow path too."""

SHOWN: Final = 60
"""How many characters of a client's input an error message repeats at most."""

Message = dict[str, Any]

_SURROGATE_ESCAPE: Final = re.compile(rb"\\u[dD][89a-fA-F]")
_REFUSED: Final = re.compile("[\ud800-\udfff\0]")
_MAX_UNSIGNED: Final = 2**64 - 1
_MIN_SIGNED: Final = -(2**63)
_WIDEST_INTEGER: Final = 20
"""Digits (and sign) of the widest 64-bit integer."""


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
    for trail, text in _texts(message, free_text):
        bad = bad_character(text)
        if bad is not None:
            reason = f"{bad} is not allowed here"
            raise InvalidMessage(reason, field=_place(trail))


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
    _check_depth(value)
    return value


def _too_deep() -> InvalidJson:
    message = f"not valid JSON here: nested more than {MAX_DEPTH} levels"
    return InvalidJson(message)


def _check_depth(value: Any) -> None:
    """Raise InvalidJson beyond ``MAX_DEPTH``: how deep the standard reader goes is not fixed."""
    level = [value]
    for _ in range(MAX_DEPTH + 1):
        level = [
            child
            for parent in level
            if type(parent) in (dict, list)
            for child in (parent.values() if type(parent) is dict else parent)
        ]
        if not level:
            return
    raise _too_deep()


def _constant(name: str) -> NoReturn:
    message = f"not valid JSON: {name} is not a JSON number"
    raise InvalidJson(message)


def _float(digits: str) -> float:
    number = float(digits)
    if math.isinf(number):
        message = "not valid JSON: a number is too large"
        raise InvalidJson(message)
    return number


def _integer(digits: str) -> int | float:
    # As orjson does: what 64 bits cannot hold becomes a double. It also spares int() long digits.
    if len(digits) <= _WIDEST_INTEGER:
        number = int(digits)
        if _MIN_SIGNED <= number <= _MAX_UNSIGNED:
            return number
    return _float(digits)


_DECODER: Final = json.JSONDecoder(parse_constant=_constant, parse_float=_float, parse_int=_integer)


class _Trail(NamedTuple):
    """Where a value stands.

    A linked list: building every path as text would let a long key above many values eat all
    memory.
    """

    above: _Trail | None
    key: str | int


def _place(trail: _Trail | None) -> str | None:
    keys: list[str] = []
    while trail is not None:
        keys.append(str(trail.key)[: SHOWN + 1])
        trail = trail.above
    return shown(".".join(reversed(keys))) if keys else None


def _texts(message: Message, free_text: str | None) -> Iterator[tuple[_Trail | None, str]]:
    """Every string in the message, keys included, with its place; breadth first."""
    level: list[tuple[_Trail | None, Any]] = [(None, message)]
    while level:
        following: list[tuple[_Trail | None, Any]] = []
        for trail, value in level:
            if type(value) is str:
                yield trail, value
            elif type(value) is list:
                following.extend((_Trail(trail, i), child) for i, child in enumerate(value))
            elif type(value) is dict:
                for key, child in value.items():
                    yield trail, key
                    if trail is not None or key != free_text or type(child) is not str:
                        following.append((_Trail(trail, key), child))
        level = following
