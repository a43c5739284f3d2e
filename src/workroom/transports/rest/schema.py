"""The OpenAPI 3.1 document: built from the routes, on the first request for it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final, Literal

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic.json_schema import models_json_schema

from workroom.transports.rest.answers import Problem, Waveform
from workroom.transports.rest.fields import Shown
from workroom.transports.rest.problem import KINDS, MEDIA_TYPE

Json = dict[str, Any]

TITLE: Final = "Workroom"
ABOUT: Final = """\
Essays and projects that people work on together, live. What is changed here reaches everybody who \
is connected by WebSocket at once, and the same rights hold.

Every request names its user by `Authorization: Bearer <access token>`. Times are UTC. Offsets \
count UTF-16 code units, as JavaScript does; ends are exclusive. What you may not see does not \
exist: 404. An address works with and without its last slash."""
TAGS: Final = (
    ("tokens", "Logging in and out."),
    ("users", "Accounts."),
    ("essays", "Essays, and who may do what with them."),
    ("feedback", "Comments on essays, bound to the text."),
    ("history", "What was changed in an essay, when and by whom; and back."),
    ("projects", "Projects, and who may do what with them."),
    ("canvases", "The pictures and recordings of projects."),
    ("tasks", "Tasks on canvases, which workers carry out."),
    ("health", "For those who run the server."),
)
BEARER: Final = "bearer"
_METHODS: Final = ("get", "post", "put", "patch", "delete")
_REF: Final = "#/components/schemas/{model}"


def build(app: FastAPI, version: str) -> Json:
    """The document for the app's routes."""
    document = get_openapi(
        title=TITLE,
        version=version,
        openapi_version="3.1.0",
        description=ABOUT,
        routes=app.routes,
        tags=[{"name": name, "description": about} for name, about in TAGS],
        license_info={"name": "MIT", "identifier": "MIT"},
    )
    document["servers"] = [{"url": "/"}]
    components = document["components"]
    components["securitySchemes"] = {
        BEARER: {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
    }
    schemas = components["schemas"]
    for leftover in ("HTTPValidationError", "ValidationError"):
        schemas.pop(leftover, None)
    unnamed: list[tuple[type[Shown], Literal["serialization"]]] = [
        (Problem, "serialization"),
        (Waveform, "serialization"),
    ]
    _, problems = models_json_schema(unnamed, ref_template=_REF)
    schemas.update(problems["$defs"])
    schemas["Problem"]["properties"]["code"]["enum"] = list(KINDS)
    components["responses"] = {code: _problem_response(code) for code in KINDS}
    for path, operations in document["paths"].items():
        for method in _METHODS:
            if method in operations:
                _complete(path, method, operations[method])
    return document


def _problem_response(code: str) -> Json:
    kind = KINDS[code]
    schema = {"$ref": _REF.format(model="Problem")}
    example = {
        "type": f"/api/docs#error-{code}",
        "title": kind.title,
        "status": kind.status,
        "detail": kind.about,
        "code": code,
    }
    content = {MEDIA_TYPE: {"schema": schema, "example": example}}
    return {"description": f"{kind.title}. {kind.about}", "content": content}


def _complete(path: str, method: str, operation: Json) -> None:
    """Add what FastAPI cannot know: who may ask, and every error that may come."""
    signed_in = "users" in path or ("/api/" in path and "/api/token/" not in path)
    if signed_in:
        operation["security"] = [{BEARER: []}]
    elif path.endswith("/revoke/"):
        operation["security"] = [{BEARER: []}, {}]
    responses = operation["responses"]
    responses.pop("422", None)
    for code in _codes(path, method, operation, signed_in=signed_in):
        responses.setdefault(str(KINDS[code].status), {"$ref": f"#/components/responses/{code}"})
    if path == "/metrics":
        responses["200"]["content"] = {"text/plain": {"schema": {"type": "string"}}}


def _codes(path: str, method: str, operation: Json, *, signed_in: bool) -> Iterable[str]:
    has_body = "requestBody" in operation
    if _takes_file(operation):
        yield from (
            "bad_request",
            "request_timeout",
            "too_large",
            "unsupported_file",
            "rate_limited",
            "invalid_message",
        )
    elif has_body:
        yield from ("invalid_json", "request_timeout", "too_large", "unsupported_media_type")
    if has_body or any(p["in"] == "query" for p in operation.get("parameters", ())):
        yield "invalid_message"
    if signed_in or "/token/" in path:
        yield "authentication_failed"
    if signed_in and (method != "get" or path == "/api/users/"):
        yield from ("insufficient_permissions", "conflict")
    if "206" in operation["responses"]:
        yield "range_not_satisfiable"
    if "{" in path:
        yield "not_found"
    if "/token/" in path or (method == "post" and path == "/api/users/"):
        yield "rate_limited"
    yield "internal_error"
    yield "unavailable"


def _takes_file(operation: Json) -> bool:
    return "multipart/form-data" in operation.get("requestBody", {}).get("content", {})
