"""Types of single fields, and what is common to all bodies."""

from __future__ import annotations

import re
from typing import Annotated, Any, Final

from fastapi import Path
from pydantic import BeforeValidator, ConfigDict, Field, InstanceOf, WithJsonSchema
from pydantic.config import JsonDict

from workroom.ids import MAX_ID
from workroom.protocol.described import Described
from workroom.protocol.essay_inbound import LONGEST_COMMENT
from workroom.protocol.project_inbound import LONGEST_DESCRIPTION, LONGEST_TITLE

LONGEST_PROMPT: Final = 20_000
LONGEST_QUOTE: Final = 10_000
"""Characters (code points)."""
MOST_WORDS: Final = 1_000_000

_NUMBER: Final = re.compile(r"[1-9][0-9]{0,15}")


class Body(Described):
    """What clients send. Strict, so ``"1"`` and ``true`` are no 1.

    Unknown fields are refused: a misspelt one would look saved and be lost.
    """

    model_config = ConfigDict(
        strict=True,
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,
    )

    def given(self, *names: str) -> dict[str, Any]:
        """The fields of these names that the client sent; all that it sent, without names."""
        wanted = names or tuple(type(self).model_fields)
        return {n: getattr(self, n) for n in wanted if n in self.model_fields_set}


class Shown(Described):
    """What clients get. Written by hand in ``render.py``; these models are for the schema."""


def whole(value: object) -> object:
    """In JSON Schema 3.0 is an integer as well as 3; a string or a boolean is none."""
    if type(value) is float and value.is_integer():
        return int(value)
    return value


def _number(value: object) -> object:
    """Only the plain spelling: not ``01``, ``+1``, ``1.0``, nor other scripts' digits."""
    if isinstance(value, str) and not _NUMBER.fullmatch(value):
        message = "not a number that could name anything"
        raise ValueError(message)
    return value


def absent() -> Any:
    """The value of a field that was not sent. Never read: see ``Body.given``.

    As a factory, because a default would stand in the schema, where null is not allowed.
    """
    return None


AT_LEAST_ONE: Final[JsonDict] = {"minProperties": 1}
"""For changes: the fields left out stay as they are, and one of them at least is given."""

Number = Annotated[int, Path(ge=1, le=MAX_ID), BeforeValidator(_number)]
"""An id in the path. Whatever cannot be one gets 404, as one that nothing has."""
Offset = Annotated[int, Field(ge=0, le=MAX_ID), BeforeValidator(whole)]
"""UTF-16 code units."""
Seq = Annotated[int, Field(ge=0, le=MAX_ID), BeforeValidator(whole)]
WordLimit = Annotated[int, Field(ge=1, le=MOST_WORDS), BeforeValidator(whole)]
Title = Annotated[str, Field(min_length=1, max_length=LONGEST_TITLE)]
Prompt = Annotated[str, Field(max_length=LONGEST_PROMPT)]
Description = Annotated[str, Field(max_length=LONGEST_DESCRIPTION)]
Comment = Annotated[
    str, Field(min_length=1, max_length=LONGEST_COMMENT, json_schema_extra={"pattern": r"\S"})
]
Name = Annotated[
    str, Field(min_length=1, max_length=LONGEST_TITLE, json_schema_extra={"pattern": r"\S"})
]
Quote = Annotated[str, Field(min_length=1, max_length=LONGEST_QUOTE)]
Around = Annotated[str, Field(max_length=LONGEST_QUOTE)]
# InstanceOf: the contents are checked by size and depth, and need not be copied for it.
Metadata = Annotated[dict[str, Any], InstanceOf[dict[str, Any]], WithJsonSchema({"type": "object"})]
