"""The documented messages, and whether a message has exactly their keys and JSON types."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, Final

_VECTORS: Final = Path(__file__).parents[2] / "vectors" / "wire" / "documented.json"
_STAMP: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
_FREE: Final = {"changes", "result"}
"""Objects whose keys depend on what happened."""


def _documented() -> dict[str, dict[str, Any]]:
    shapes: dict[str, dict[str, Any]] = {"essay": {}, "project": {}}
    for vector in json.loads(_VECTORS.read_text("utf-8")):
        if vector["direction"] == "server":
            shapes[vector["dialect"]][vector["message"]["type"]] = vector["message"]
    return shapes


DOCUMENTED: Final = _documented()


def assert_documented(dialect: str, message: dict[str, Any]) -> None:
    """Fail unless the page has a message of this type with exactly these keys and types.

    Two exceptions, for which the essay page has no form: ``error``, and ranges that are null.
    """
    kind = message["type"]
    if (dialect, kind) == ("essay", "error"):
        assert message.keys() == {"type", "error", "message"}
        return
    assert kind in DOCUMENTED[dialect], f"{kind} is not on the page"
    _compare(DOCUMENTED[dialect][kind], message, kind)


def _compare(page: Any, here: Any, where: str) -> None:
    if where.endswith((".highlight_start", ".highlight_end")) and here is None:
        return
    assert type(here) is type(page), f"{where} is {type(here).__name__}"
    if isinstance(page, dict) and where.rpartition(".")[2] not in _FREE:
        assert here.keys() == page.keys(), where
        for key, value in page.items():
            _compare(value, here[key], f"{where}.{key}")
    if isinstance(page, str) and _STAMP.fullmatch(page):
        assert _STAMP.fullmatch(here), where
