"""The AsyncAPI document, as the parser of the AsyncAPI Initiative reads it."""

from __future__ import annotations

import json
import subprocess
from typing import Any

from docs_kit import ROOT
from workroom.protocol.schema import ESSAYS, PROJECTS, asyncapi

NODE = ROOT / "tests" / "clients" / "node"


def parsed(document: dict[str, Any]) -> dict[str, Any]:
    done = subprocess.run(
        ["node", "asyncapi.mjs"],
        cwd=NODE,
        input=json.dumps(document),
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def complaints(found: dict[str, Any]) -> list[Any]:
    """What the parser objects to; that there is a newer version of AsyncAPI is no objection."""
    return [it for it in found["diagnostics"] if it["code"] != "asyncapi-latest-version"]


def test_the_official_parser_accepts_the_document() -> None:
    found = parsed(asyncapi())
    assert complaints(found) == []
    assert found["version"] == "3.0.0"
    names = {
        model.__name__
        for speech in (ESSAYS, PROJECTS)
        for models in (*speech.received.values(), *speech.sent.values())
        for model in models
    }
    assert found["messages"] == len(names)
    assert len(found["operations"]) == 8


def test_it_sees_a_reference_to_nothing_and_an_operation_of_no_kind() -> None:
    dangling = asyncapi()
    dangling["channels"]["essays"]["messages"]["More"] = {"$ref": "#/components/messages/More"}
    assert complaints(parsed(dangling)) != []
    wrong = asyncapi()
    wrong["operations"]["sendEssayPlain"]["action"] = "shout"
    assert complaints(parsed(wrong)) != []
