"""What pydantic finds wrong, in words for the client's developer, naming every field.

Never repeats a value: it may be a password.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

from workroom.protocol.reading import kind_of, shown

SHOWN_AT_MOST: Final = 20
"""Mistakes told at once."""


class Mistake(NamedTuple):
    """What is wrong with one field; ``field`` is dotted, empty for the body as a whole."""

    field: str
    message: str

    @property
    def opens_with_field(self) -> bool:
        """Whether the message names the field by itself."""
        return self.message.startswith(self.field)


def mistakes_in(details: Iterable[Mapping[str, Any]]) -> list[Mistake]:
    """Pydantic's findings, as clients are told them."""
    found = [Mistake(_place(detail["loc"]), _reason(detail)) for detail in details]
    # One place may be wrong in several ways (a union tries each); the first is told.
    return list({mistake.field: mistake for mistake in reversed(found)}.values())[::-1][
        :SHOWN_AT_MOST
    ]


def _place(location: tuple[int | str, ...]) -> str:
    """``body`` and ``query`` are FastAPI's words, not the client's."""
    return shown(".".join(str(step) for step in location[1:]))


def _reason(detail: Mapping[str, Any]) -> str:
    kind: str = detail["type"]
    context = detail.get("ctx", {})
    if kind in _FIXED:
        return _FIXED[kind]
    if kind in _LIMITS:
        return _LIMITS[kind].format(**context)
    if kind in _EXPECTED:
        return f"expected {_EXPECTED[kind]}, got {kind_of(detail['input'])}"
    return str(detail["msg"])


_FIXED: Final = {
    "missing": "is missing",
    "extra_forbidden": "is not a field that can be set here",
    "int_parsing": "expected a whole number",
    "int_from_float": "expected a whole number",
    "int_parsing_size": "expected a smaller number",
    "model_attributes_type": "expected a JSON object",
}
_EXPECTED: Final = {
    "int_type": "a whole number",
    "string_type": "a string",
    "model_type": "an object",
    "dict_type": "an object",
    "is_instance_of": "an object",
}
_LIMITS: Final = {
    "greater_than_equal": "expected a number of at least {ge}",
    "less_than_equal": "expected a number of at most {le}",
    "string_too_short": "expected at least {min_length} character(s)",
    "string_too_long": "expected at most {max_length} characters",
    "literal_error": "expected {expected}",
}
