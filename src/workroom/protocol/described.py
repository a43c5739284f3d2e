"""Models whose fields are described by the docstrings below them, for the published schemas.

Pydantic can read these docstrings itself, from the source, when a class is made: a tenth of the
time that a server takes to start, for what is asked only by those who want the schema. Here they
are read then.
"""

from __future__ import annotations

import ast
import inspect
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import pairwise

from pydantic import BaseModel, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema


class Described(BaseModel):
    """A model whose JSON Schema has the docstrings of its fields; each field goes by its name."""

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        schema = handler(core_schema)
        properties = handler.resolve_ref_schema(schema).get("properties", {})
        for name, text in _descriptions(cls).items():
            if text is not None and name in properties:
                properties[name].setdefault("description", text)
        return schema


def _descriptions(model: type[Described]) -> Mapping[str, str | None]:
    """The docstring of each field, inherited ones included; None for those without."""
    found: dict[str, str | None] = {}
    for each in reversed(model.__mro__):
        if issubclass(each, Described):
            found |= _classes_of(each.__module__).get(each.__qualname__, {})
    return found


@cache
def _classes_of(module: str) -> Mapping[str, Mapping[str, str | None]]:
    """The docstrings of the fields of each class of a module; none where there is no source."""
    try:
        source = inspect.getsource(sys.modules[module])
    except (OSError, TypeError):
        return {}
    classes = (node for node in ast.parse(source).body if isinstance(node, ast.ClassDef))
    return {each.name: dict(_fields(each)) for each in classes}


def _fields(node: ast.ClassDef) -> Iterator[tuple[str, str | None]]:
    for field, below in pairwise([*node.body, ast.Pass()]):
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name):
            match below:
                case ast.Expr(value=ast.Constant(value=str(text))):
                    yield field.target.id, inspect.cleandoc(text)
                case _:
                    yield field.target.id, None
