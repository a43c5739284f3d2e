from __future__ import annotations

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate

from cli_kit import workroom


@pytest.mark.parametrize(
    ("which", "key", "value"),
    [
        ("openapi", "openapi", "3.1.0"),
        ("asyncapi", "asyncapi", "3.0.0"),
        ("json", "$schema", "https://json-schema.org/draft/2020-12/schema"),
    ],
)
def test_a_schema_is_one_json_document_and_nothing_else(
    tmp_path: Path, which: str, key: str, value: str
) -> None:
    done = workroom(tmp_path, "schema", which)
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)[key] == value
    assert list(tmp_path.iterdir()) == []


def test_the_openapi_document_is_valid(tmp_path: Path) -> None:
    validate(json.loads(workroom(tmp_path, "schema", "openapi").stdout))


def test_the_json_schema_is_valid(tmp_path: Path) -> None:
    Draft202012Validator.check_schema(json.loads(workroom(tmp_path, "schema", "json").stdout))
