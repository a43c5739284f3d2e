"""The published schemas: valid, complete, and what the program really speaks."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from pydantic import BaseModel

from tests.wire import vectors
from tests.wire.vectors import Vector, label
from workroom.protocol import essay_inbound, essay_outbound, project_inbound, project_outbound
from workroom.protocol.examples import EXAMPLES
from workroom.protocol.schema import asyncapi, json_schema

SCHEMA = json_schema()
DOCUMENT = asyncapi()
MODELS: dict[str, type[BaseModel]] = {
    model.__name__: model
    for module in (essay_inbound, essay_outbound, project_inbound, project_outbound)
    for models in (module.PLAIN, module.EXTENDED)
    for model in models
}
OPEN_BY_CONTRACT = {"TaskResult"}
"""A task's own findings stand beside the documented keys."""


def references(value: Any) -> Iterator[str]:
    """Every ``$ref`` in a document."""
    if isinstance(value, dict):
        for key, part in value.items():
            if key == "$ref":
                yield part
            yield from references(part)
    elif isinstance(value, list):
        for part in value:
            yield from references(part)


def resolve(document: Any, reference: str) -> Any:
    """What a local reference points to."""
    for step in reference.removeprefix("#/").split("/"):
        document = document[step]
    return document


@pytest.mark.parametrize("document", [SCHEMA, DOCUMENT], ids=["json", "asyncapi"])
def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    """And the document is plain JSON."""
    found = set(references(document))
    assert found
    for reference in found:
        assert isinstance(resolve(document, reference), dict)
    assert json.loads(json.dumps(document)) == document


def test_the_json_schema_is_one() -> None:
    """By its own meta-schema."""
    Draft202012Validator.check_schema(SCHEMA)
    assert SCHEMA["$schema"] == "https://json-schema.org/draft/2020-12/schema"


def test_each_call_gives_a_document_of_its_own() -> None:
    """Whoever edits one does not edit another's; and they are always the same."""
    json_schema()["$defs"].clear()
    asyncapi()["channels"].clear()
    assert json_schema() == SCHEMA
    assert asyncapi() == DOCUMENT


@pytest.mark.parametrize("name", MODELS)
def test_every_message_has_examples_that_fit_it(name: str) -> None:
    """Its model and its schema agree on them."""
    examples = EXAMPLES[name]
    assert examples
    for example in examples:
        MODELS[name].model_validate(example)
        Draft202012Validator({"$ref": f"#/$defs/{name}", "$defs": SCHEMA["$defs"]}).validate(
            example
        )


def test_there_is_no_example_without_a_message() -> None:
    """The table of examples is exactly the table of messages."""
    assert set(EXAMPLES) == set(MODELS)


@pytest.mark.parametrize("vector", vectors.load("documented"), ids=label)
def test_the_documented_examples_are_in_the_schema(vector: Vector) -> None:
    """Word for word, but for placeholders."""
    if vector.get("placeholders"):
        return
    union = f"{vector['dialect'].title()}Plain{vector['direction'].title()}Message"
    published = [
        example
        for choice in SCHEMA["$defs"][union]["oneOf"]
        for example in resolve(SCHEMA, choice["$ref"])["examples"]
    ]
    assert vector["message"] in published


@pytest.mark.parametrize("dialect", ["Essay", "Project"])
def test_plain_server_messages_are_closed(dialect: str) -> None:
    """On every level: no additional property anywhere but where the contract leaves room."""
    waiting = [
        choice["$ref"] for choice in SCHEMA["$defs"][f"{dialect}PlainServerMessage"]["oneOf"]
    ]
    seen: set[str] = set()
    while waiting:
        reference = waiting.pop()
        if reference not in seen:
            seen.add(reference)
            definition = resolve(SCHEMA, reference)
            name = reference.rpartition("/")[2]
            assert name in OPEN_BY_CONTRACT or definition["additionalProperties"] is False, name
            waiting.extend(references(definition["properties"]))


def test_extended_server_messages_are_open() -> None:
    """Later versions may add keys, so clients must not refuse them."""
    for name in ("EssayUpdateExtended", "EssayAck", "ProjectUpdatedExtendedPayload"):
        assert "additionalProperties" not in SCHEMA["$defs"][name]


def test_field_titles_and_idle_defaults_stay_out() -> None:
    """But a field that is called ``title`` stays in."""
    assert "default" not in json.dumps(SCHEMA)
    assert "title" in SCHEMA["$defs"]["ProjectData"]["properties"]
    assert "title" not in SCHEMA["$defs"]["EssayUpdate"]["properties"]["essay_id"]


def test_asyncapi_describes_both_channels_in_both_forms() -> None:
    """Each operation with the messages of its form."""
    assert DOCUMENT["asyncapi"] == "3.0.0"
    assert set(DOCUMENT["channels"]) == {"essays", "projects"}
    assert set(DOCUMENT["operations"]) == {
        f"{action}{dialect}{form}"
        for action in ("receive", "send")
        for dialect in ("Essay", "Project")
        for form in ("Plain", "Extended")
    }
    for name, operation in DOCUMENT["operations"].items():
        union = name.removeprefix("receive").removeprefix("send")
        side = "Client" if operation["action"] == "receive" else "Server"
        expected = [
            choice["$ref"].rpartition("/")[2]
            for choice in SCHEMA["$defs"][f"{union}{side}Message"]["oneOf"]
        ]
        assert [ref["$ref"].rpartition("/")[2] for ref in operation["messages"]] == expected


def test_asyncapi_names_messages_as_the_wire_does() -> None:
    """By ``action`` or ``type``."""
    for message in DOCUMENT["components"]["messages"].values():
        for example in message["examples"]:
            payload = example["payload"]
            assert message["name"] == payload.get("action", payload.get("type"))
