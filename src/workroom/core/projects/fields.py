"""Titled things: fields that merge one by one, the last writer of each field winning."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson


def merge_patch(target: Any, patch: Any) -> Any:
    """Apply a JSON Merge Patch (RFC 7396, 2): objects merge, null removes, the rest replaces.

    Returns a new value; neither argument is changed.
    """
    if not isinstance(patch, Mapping):
        return patch
    merged = dict(target) if isinstance(target, Mapping) else {}
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = merge_patch(merged.get(key), value)
    return merged


def effective_patch(target: Any, patch: Mapping[str, Any]) -> dict[str, Any]:
    """The part of a merge patch that changes ``target``; empty when nothing does.

    ``merge_patch(target, effective_patch(target, patch)) == merge_patch(target, patch)``.
    """
    here = target if isinstance(target, Mapping) else {}
    changed: dict[str, Any] = {}
    for key, value in patch.items():
        if value is None:
            if key in here:
                changed[key] = None
        elif isinstance(value, Mapping) and isinstance(here.get(key), Mapping):
            if inner := effective_patch(here[key], value):
                changed[key] = inner
        elif key not in here or not _same(here[key], merge_patch(None, value)):
            changed[key] = value
    return changed


def patch_between(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """The merge patch that leads from ``old`` to ``new``, where ``new`` holds no nulls."""
    gone = {key: None for key in old if key not in new}
    patch: dict[str, Any] = {**gone}
    for key, value in new.items():
        here = old.get(key)
        if isinstance(value, Mapping) and isinstance(here, Mapping):
            if inner := patch_between(here, value):
                patch[key] = inner
        elif key not in old or not _same(here, value):
            patch[key] = value
    return patch


def json_size(value: Any) -> int:
    """How many bytes a JSON value takes, written without blanks in UTF-8."""
    return len(orjson.dumps(value))


def _same(left: Any, right: Any) -> bool:
    """Equal as JSON: true is not 1."""
    if isinstance(left, bool) != isinstance(right, bool):
        return False
    if isinstance(left, Mapping) and isinstance(right, Mapping):
        return left.keys() == right.keys() and all(_same(left[k], right[k]) for k in left)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(_same, left, right))
    return bool(left == right)
