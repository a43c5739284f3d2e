"""The limits of a project's free-form ``metadata``, checked before anything walks it at leisure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import orjson

from workroom.errors import InvalidMessage, TooLarge

MAX_BYTES: Final = 64 * 1024
"""Size as compact UTF-8 JSON."""

MAX_DEPTH: Final = 64
"""Levels of objects and arrays, the outermost included."""


def check_metadata(metadata: dict[str, Any], field: str) -> None:
    """Raise TooLarge beyond ``MAX_BYTES``, InvalidMessage beyond ``MAX_DEPTH``.

    Also InvalidMessage for a key that poisons JavaScript prototypes in clients that merge objects
    naively.
    """
    try:
        size = len(orjson.dumps(metadata))
    except TypeError:
        raise _too_deep(field) from None
    if size > MAX_BYTES:
        message = f"is {size} bytes as JSON; at most {MAX_BYTES} are allowed"
        raise TooLarge(message, field=field)
    level: list[Any] = [metadata]
    for _ in range(MAX_DEPTH):
        level = [child for parent in level for child in _children(parent, field)]
        if not level:
            return
    raise _too_deep(field)


def _children(value: dict[str, Any] | list[Any], field: str) -> list[Any]:
    """The objects and arrays directly inside."""
    if type(value) is dict:
        _refuse_poison(value, field)
    inner: Iterable[Any] = value.values() if type(value) is dict else value
    return [child for child in inner if type(child) in (dict, list)]


def _refuse_poison(value: dict[str, Any], field: str) -> None:
    constructor = value.get("constructor")
    if "__proto__" in value or (type(constructor) is dict and "prototype" in constructor):
        message = "the keys __proto__ and constructor.prototype are not allowed in it"
        raise InvalidMessage(message, field=field)


def _too_deep(field: str) -> InvalidMessage:
    return InvalidMessage(f"is nested more than {MAX_DEPTH} levels", field=field)
