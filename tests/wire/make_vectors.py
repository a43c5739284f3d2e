"""Writes the vectors of messages that must be refused, and of odd ones that must be accepted.

Run from the repository: ``python -m tests.wire.make_vectors``. What each case must lead to is said
here, by rule, and not taken from the program.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from tests.wire.odd_inputs import accepted
from tests.wire.spoiling import essay_cases, not_json, not_utf8, project_cases

FOLDER = Path(__file__).parents[2] / "vectors" / "wire"


def files() -> dict[str, list[dict[str, Any]]]:
    """The contents of each generated file."""
    return {
        "malformed_essay": _cases("essay", essay_cases()),
        "malformed_project": _cases("project", project_cases()),
        "not_utf8": list(not_utf8()),
        "accepted": list(accepted()),
    }


def written(cases: list[dict[str, Any]]) -> str:
    """One case per line, in ASCII: lone surrogates must survive any editor."""
    lines = ",\n".join(json.dumps(case) for case in cases)
    return f"[\n{lines}\n]\n"


def _cases(dialect: str, own: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    return list(_named(dialect, [*not_json(dialect), *own]))


def _named(dialect: str, cases: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Each case with its dialect, and no name twice."""
    seen: set[str] = set()
    for case in cases:
        key = f"{case['name']} {case.get('form')}"
        assert key not in seen, key
        seen.add(key)
        yield {"name": case.pop("name"), "dialect": dialect, **case}


if __name__ == "__main__":
    for name, cases in files().items():
        (FOLDER / f"{name}.json").write_text(written(cases), "ascii")
