from __future__ import annotations

import json
import re
from typing import Any, get_args

import pytest
from jsonschema import Draft202012Validator
from pydantic import BaseModel

from docs_kit import PROTOCOL, blocks, headings, read, rows
from workroom.ids import RoomKind
from workroom.protocol import essay_outbound, project_outbound
from workroom.protocol.dialect import Form
from workroom.protocol.registry import Registry
from workroom.protocol.schema import ESSAYS, PROJECTS, Speech, json_schema
from workroom.service.door import endings
from workroom.transports.rest.problem import KINDS

SCHEMA = json_schema()
PAGES = {"essays": ESSAYS, "projects": PROJECTS}
COMMON = read("docs", "protocol", "README.md")


def page(which: str) -> str:
    return (PROTOCOL / f"{which}.md").read_text("utf-8")


def wire_names(speech: Speech, form: Form) -> set[str]:
    models = [*speech.received[form], *speech.sent[form]]
    return {wire_name(model) for model in models}


def wire_name(model: type[BaseModel]) -> str:
    """The one value that its ``action`` or ``type`` can have."""
    fields = model.model_fields
    key = "action" if "action" in fields else "type"
    (only,) = get_args(fields[key].annotation)
    return str(only)


def titled(which: str, *, extended: bool) -> set[str]:
    """The messages that have a heading, with or without the mark of the extended form."""
    wanted = [it for it in headings(page(which)) if it.startswith("`")]
    marked = [it for it in wanted if it.endswith("(extended)")]
    chosen = marked if extended else [it for it in wanted if it not in marked]
    return {name for heading in chosen for name in re.findall(r"`(\w+)`", heading)}


def examples() -> list[Any]:
    found = [
        pytest.param(which, code, id=f"{which}-{number}")
        for which in PAGES
        for number, code in enumerate(blocks(page(which), "json"))
    ]
    assert len(found) >= 40
    return found


@pytest.mark.parametrize("which", PAGES)
def test_every_message_has_its_heading_and_nothing_else(which: str) -> None:
    plain = wire_names(PAGES[which], Form.PLAIN)
    extended = wire_names(PAGES[which], Form.EXTENDED)
    documented = titled(which, extended=False)
    if which == "projects":
        documented |= {"error"}  # the one message of its section
    assert documented == plain
    assert titled(which, extended=True) == extended - plain


@pytest.mark.parametrize(("which", "code"), examples())
def test_every_example_is_a_message_of_its_format(which: str, code: str) -> None:
    message = json.loads(code)
    dialect = Registry().essays if which == "essays" else Registry().projects
    assert dialect.kind is (RoomKind.ESSAY if which == "essays" else RoomKind.PROJECT)
    kind = PAGES[which].title
    names = [
        f"{kind}{form.name.title()}{side}Message" for form in Form for side in ("Client", "Server")
    ]
    valid = [
        Draft202012Validator({**SCHEMA, "anyOf": [{"$ref": f"#/$defs/{it}"}]}).is_valid(message)
        for it in names
    ]
    assert any(valid)


def test_every_error_code_is_explained() -> None:
    essay = essay_outbound.EssayErrorMessage.model_fields["error"].annotation
    special = essay_outbound.ConnectionErrorMessage.model_fields["error"].annotation
    project = project_outbound.ProjectErrorPayload.model_fields["code"].annotation
    assert set(get_args(essay)) <= set(rows(page("essays")))
    assert set(get_args(project)) <= set(rows(page("projects")))
    for code in (*get_args(special), "insufficient_permissions"):
        assert f"`{code}`" in page("essays") or f'"{code}"' in page("essays")


def test_every_error_code_of_rest_is_explained_with_its_status() -> None:
    listed = rows(read("docs", "rest.md"))
    for code, kind in KINDS.items():
        assert listed[code][0] == str(kind.status), code


def test_every_close_code_is_explained() -> None:
    constants = [it for name, it in vars(endings).items() if name.isupper()]
    used = {it for it in constants if type(it) is int and 1000 <= it < 5000}
    explained = {int(code) for code in re.findall(r"\b(?:1\d{3}|4\d{3})\b", COMMON)}
    assert len(used) >= 5
    assert used <= explained
