"""The document says what the server does: valid OpenAPI 3.1, every route in it, and no surprise."""

from __future__ import annotations

import re
from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from rest_kit import House
from workroom import __version__
from workroom.transports.rest.problem import KINDS

METHODS = ("get", "post", "put", "patch", "delete")


@pytest.fixture
async def document(quick: House) -> dict[str, Any]:
    found: dict[str, Any] = await quick.nobody.get("/api/schema")
    return found


def operations(document: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (method, path, item[method])
        for path, item in document["paths"].items()
        for method in METHODS
        if method in item
    ]


def test_the_document_is_valid_openapi(document: dict[str, Any]) -> None:
    assert document["openapi"] == "3.1.0"
    assert document["info"]["version"] == __version__
    errors = list(OpenAPIV31SpecValidator(document).iter_errors())
    assert errors == []


def test_every_promised_address_is_in_it(document: dict[str, Any]) -> None:
    shown = {f"{method.upper()} {path}" for method, path, _ in operations(document)}
    assert shown == set(
        """
        POST /api/token/
        POST /api/token/refresh/
        POST /api/token/revoke/
        GET /api/users/me/
        GET /api/users/
        POST /api/users/
        GET /api/essays/
        POST /api/essays/
        GET /api/essays/{essay_id}/
        PATCH /api/essays/{essay_id}/
        DELETE /api/essays/{essay_id}/
        GET /api/essays/{essay_id}/collaborators/
        POST /api/essays/{essay_id}/collaborators/
        GET /api/essays/{essay_id}/collaborators/{user_id}/
        PUT /api/essays/{essay_id}/collaborators/{user_id}/
        DELETE /api/essays/{essay_id}/collaborators/{user_id}/
        GET /api/essays/{essay_id}/revisions/
        GET /api/essays/{essay_id}/revisions/{seq}/
        PATCH /api/essays/{essay_id}/revisions/{seq}/
        POST /api/essays/{essay_id}/revisions/{seq}/restore/
        GET /api/essays/{essay_id}/attribution/
        GET /api/essays/{essay_id}/feedback/
        POST /api/essays/{essay_id}/feedback/
        GET /api/feedback/{feedback_id}/
        PATCH /api/feedback/{feedback_id}/
        DELETE /api/feedback/{feedback_id}/
        GET /api/feedback/{feedback_id}/replies/
        POST /api/feedback/{feedback_id}/replies/
        GET /api/feedback/{feedback_id}/replies/{reply_id}/
        PATCH /api/feedback/{feedback_id}/replies/{reply_id}/
        DELETE /api/feedback/{feedback_id}/replies/{reply_id}/
        GET /api/projects/
        POST /api/projects/
        GET /api/projects/{project_id}/
        PATCH /api/projects/{project_id}/
        DELETE /api/projects/{project_id}/
        GET /api/projects/{project_id}/collaborators/
        POST /api/projects/{project_id}/collaborators/
        GET /api/projects/{project_id}/collaborators/{user_id}/
        PUT /api/projects/{project_id}/collaborators/{user_id}/
        DELETE /api/projects/{project_id}/collaborators/{user_id}/
        GET /api/projects/{project_id}/canvases/
        POST /api/projects/{project_id}/canvases/
        GET /api/canvases/{canvas_id}/
        GET /api/canvases/{canvas_id}/file/
        GET /api/canvases/{canvas_id}/thumbnail/
        DELETE /api/canvases/{canvas_id}/
        POST /api/canvases/{canvas_id}/tasks/
        GET /api/task-types/
        GET /api/projects/{project_id}/tasks/
        POST /api/projects/{project_id}/tasks/
        GET /api/tasks/{task_id}/
        DELETE /api/tasks/{task_id}/
        GET /healthz
        GET /readyz
        GET /metrics
        """.strip().split("\n        ")
    )


def test_every_operation_is_explained(document: dict[str, Any]) -> None:
    names = [operation["operationId"] for _, _, operation in operations(document)]
    assert len(set(names)) == len(names)
    for _, path, operation in operations(document):
        assert re.fullmatch(r"[a-z_]+", operation["operationId"])
        assert operation["summary"], path
        assert operation["description"].endswith((".", "503.")), path
        assert len(operation["tags"]) == 1


def test_every_operation_says_who_may_ask_and_what_may_go_wrong(document: dict[str, Any]) -> None:
    for method, path, operation in operations(document):
        is_open = not path.startswith("/api/") or path.startswith("/api/token/")
        assert (operation.get("security") == [{"bearer": []}]) != is_open, path
        statuses = set(operation["responses"])
        assert {"500", "503"} <= statuses
        assert ("404" in statuses) == ("{" in path)
        assert ("400" in statuses) == ("requestBody" in operation)
        assert ("401" in statuses) == path.startswith("/api/")
        assert method != "get" or path == "/api/users/" or "403" not in statuses


def test_the_errors_of_the_document_are_the_errors_of_the_server(document: dict[str, Any]) -> None:
    assert set(document["components"]["responses"]) == set(KINDS)
    assert document["components"]["schemas"]["Problem"]["properties"]["code"]["enum"] == list(KINDS)
