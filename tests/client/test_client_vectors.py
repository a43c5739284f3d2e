"""The same cases as the server's tests and the TypeScript client's read: see vectors/wire."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from workroom.client.errors import Problem
from workroom.client.events import essay_event, project_event
from workroom.client.wire import ESSAYS, PROJECTS, Ack, Dialect, News, Refusal, write
from workroom.errors import Retry
from workroom.ids import MAX_ID

Case = dict[str, Any]

FOLDER = Path(__file__).parents[2] / "vectors" / "wire"
WIRES: dict[str, Dialect] = {"essay": ESSAYS, "project": PROJECTS}
PARSE = {"essay": essay_event, "project": project_event}
REFUSALS = {"error", "permission_denied", "connection_error"}


def vectors(name: str) -> list[Case]:
    found: list[Case] = json.loads((FOLDER / f"{name}.json").read_text("utf-8"))
    return found


def named(cases: list[Case]) -> list[Any]:
    return [pytest.param(it, id=f"{it['dialect']}: {it['name']}") for it in cases]


MESSAGES = vectors("documented") + vectors("extended")
FROM_SERVER = [it for it in MESSAGES if it["direction"] == "server"] + vectors("errors")
FROM_CLIENTS = [it for it in MESSAGES if it["direction"] == "client"]


def body_of(case: Case) -> Case:
    """Where the keys of a message are found, whatever the dialect."""
    message: Case = case["message"]
    body: Case = message["payload"] if case["dialect"] == "project" else message
    return body


@pytest.mark.parametrize("case", named(FROM_SERVER))
def test_what_the_server_sends_is_read(case: Case) -> None:
    kind, body = case["message"]["type"], body_of(case)
    found = WIRES[case["dialect"]].read(json.dumps(case["message"]))
    if kind in REFUSALS:
        code = kind if kind == "permission_denied" else body.get("code", body.get("error"))
        retry = Retry(body.get("retry", "never"))
        problem = Problem(str(code).lower(), body["message"], retry, body.get("retry_after"))
        assert isinstance(found, Refusal)
        assert (found.request_id, found.problem) == (body.get("request_id"), problem)
    elif kind == "ack":
        assert found == Ack(body["request_id"], body.get("seq", 0), body)
    else:
        room = body.get("essay_id", body.get("project_id"))
        assert found == News(kind, room, body.get("seq"), body)


@pytest.mark.parametrize("case", named([it for it in FROM_SERVER if it.get("form") == "extended"]))
def test_what_the_server_tells_has_a_class_also_with_keys_of_later_versions(case: Case) -> None:
    kind, body = case["message"]["type"], body_of(case)
    if kind in REFUSALS:
        return
    event = PARSE[case["dialect"]](kind, {**body, "added_later": {"by": "a newer server"}})
    assert event is not None
    assert {**body, **event.model_dump(exclude_unset=True)} == body


@pytest.mark.parametrize("case", named(FROM_CLIENTS))
def test_what_this_client_sends_is_what_the_vectors_show(case: Case) -> None:
    message, body = case["message"], body_of(case)
    action = message.get("action", message.get("type"))
    wire = WIRES[case["dialect"]]
    room: int = body.get("essay_id") or body.get("project_id") or 0
    rest = without(body, "action", "type", "essay_id", "project_id", "request_id")
    if action == "refresh_token":
        ours = wire.refresh(body["token"])
    elif action in {"subscribe_essay", "join_project"}:
        ours = wire.join(room, 0, "r")
    elif action in {"unsubscribe_essay", "leave_project"}:
        ours = wire.leave(room)
    else:
        ours = wire.request(room, action, rest, "r")
    sent = json.loads(write(ours))
    extra = ("request_id", "since")
    assert without(body_of({**case, "message": sent}), *extra) == without(body, *extra)
    assert without(sent, *extra, "payload") == without(message, *extra, "payload")


def without(message: Case, *keys: str) -> Case:
    return {key: value for key, value in message.items() if key not in keys}


def test_whatever_comes_over_a_socket_reading_it_raises_nothing() -> None:
    odd = [it for name in ("malformed_essay", "malformed_project") for it in vectors(name)]
    texts = [it["text"] for it in odd + vectors("accepted") if "text" in it]
    assert len(texts) > 100
    for text in [*texts, "[" * 100_000, "null", "", '{"type": 1}']:
        for kind, wire in WIRES.items():
            message = wire.read(text)
            if isinstance(message, News):
                PARSE[kind](message.type, message.body)


def test_the_addresses_are_those_that_the_server_knows() -> None:
    paths = {(it["path"], it["dialect"], it["room"]) for it in vectors("paths")}
    assert (ESSAYS.path(MAX_ID), "essay", f"essay:{MAX_ID}") in paths
    assert any(path == PROJECTS.path(1) for path, dialect, _ in paths if dialect == "project")


def test_a_lone_surrogate_is_written_so_that_utf8_can_carry_it() -> None:
    text = write({"content": "a\ud800b"})
    assert json.loads(text.encode()) == {"content": "a\ud800b"}
    assert "👋" in write({"content": "👋"})
