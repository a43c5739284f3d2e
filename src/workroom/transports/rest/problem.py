"""Errors as REST tells them: ``application/problem+json`` (RFC 9457) with a stable ``code``.

400 is for what is no JSON at all; 422 for JSON that does not say what it must, naming every field.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any, Final

from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from workroom.errors import (
    InvalidMessage,
    NotAuthenticated,
    NoWorker,
    RateLimited,
    Unavailable,
    WorkroomError,
)
from workroom.observe import REFUSALS
from workroom.protocol.reading import shown
from workroom.protocol.writing import dump, one_line
from workroom.transports.rest.validation import Mistake, mistakes_in

MEDIA_TYPE: Final = "application/problem+json"
DOCS: Final = "/api/docs"


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of problem. ``title`` is the same for each, ``about`` explains it in the docs."""

    code: str
    status: int
    title: str
    about: str


KINDS: Final[Mapping[str, Kind]] = {
    kind.code: kind
    for kind in (
        Kind("invalid_json", 400, "Not JSON", "The body is not JSON; nothing was done."),
        Kind("bad_request", 400, "Bad request", "The request cannot be understood."),
        Kind(
            "authentication_failed",
            401,
            "Not authenticated",
            "There is no token in the Authorization header, or not a good one; or the user name or "
            "the password is wrong. Log in, or refresh the token, and try again.",
        ),
        Kind(
            "insufficient_permissions",
            403,
            "Not allowed",
            "You may see this, but not do this with it.",
        ),
        Kind(
            "not_found",
            404,
            "Not found",
            "There is no such thing, or you may not see it: the answer does not tell which.",
        ),
        Kind(
            "method_not_allowed",
            405,
            "Method not allowed",
            "The Allow header names the methods that this address has.",
        ),
        Kind(
            "request_timeout",
            408,
            "Request timed out",
            "The body took too long to arrive; nothing was done.",
        ),
        Kind(
            "conflict",
            409,
            "Conflict",
            "The request contradicts what is there already: a name that is taken, or a quote that "
            "stands in the essay nowhere or several times.",
        ),
        Kind("too_large", 413, "Too large", "The body, a text or a value is over its limit."),
        Kind(
            "too_many_pixels",
            413,
            "Too many pixels",
            "The picture, all its frames together, is over the limit of pixels.",
        ),
        Kind("too_long", 413, "Too long", "The recording is over the limit of time."),
        Kind(
            "too_complex",
            413,
            "Too complex",
            "The file takes more memory or time to decode than a file may.",
        ),
        Kind(
            "quota_exceeded",
            413,
            "Quota exceeded",
            "The files of the project would be over their limit together; detail says how much is "
            "in use. Delete canvases that nobody needs.",
        ),
        Kind(
            "unsupported_media_type",
            415,
            "Unsupported media type",
            "Bodies are sent as application/json in UTF-8; files in a form, as "
            "multipart/form-data.",
        ),
        Kind(
            "unsupported_file",
            415,
            "Unsupported file",
            "By its content, whatever its name, the file is none of PNG, JPEG, WebP, GIF, WAV, "
            "FLAC, OGG and MP3.",
        ),
        Kind(
            "range_not_satisfiable",
            416,
            "Range not satisfiable",
            "The file is shorter than the Range that was asked for.",
        ),
        Kind(
            "damaged_file",
            422,
            "Damaged file",
            "The file is damaged or incomplete: it cannot be decoded to its end.",
        ),
        Kind(
            "invalid_message",
            422,
            "Invalid",
            "The body can be read, but fields are missing or wrong; errors names each of them.",
        ),
        Kind(
            "rate_limited",
            429,
            "Too many requests",
            "The same request is welcome after retry_after seconds.",
        ),
        Kind(
            "internal_error",
            500,
            "Internal error",
            "A mistake of the server's. Its log has more under this request_id.",
        ),
        Kind(
            "no_worker",
            503,
            "No worker",
            "There is nobody to carry the task out: no worker is running, or the broker cannot be "
            "reached. Nothing was begun; try again after retry_after seconds.",
        ),
        Kind(
            "unavailable",
            503,
            "Unavailable",
            "The server cannot do this now, and nothing was confirmed; try again after retry_after "
            "seconds.",
        ),
    )
}
_BY_STATUS: Final = {
    400: "bad_request",
    404: "not_found",
    405: "method_not_allowed",
    408: "request_timeout",
    413: "too_large",
    415: "unsupported_media_type",
}
_OTHER_CODES: Final = {"unknown_action": "invalid_message", "not_subscribed": "conflict"}
"""Errors of the core that no REST request can meet, should one ever do so."""
_INNER_PLACES: Final = ("payload.data.", "feedback.")
"""Where the core, which speaks of WebSocket messages, places what stands at the top here."""
_SOCKETS: Final = ("/ws/", "/yjs/")
"""How the addresses of WebSockets begin."""
SOON: Final = 1
"""Seconds after which to try again, when the error does not know better."""


def problem(
    code: str,
    detail: str,
    *,
    mistakes: Sequence[Mistake] = (),
    retry_after: float | None = None,
    headers: Mapping[str, str] | None = None,
    **more: str,
) -> Response:
    """The answer for a problem of that code. ``mistakes`` name fields, the worst first."""
    kind = KINDS[code]
    REFUSALS.labels("rest", code).inc()
    body: dict[str, Any] = {
        "type": f"{DOCS}#error-{code}",
        "title": kind.title,
        "status": kind.status,
        "detail": detail,
        "code": code,
    }
    sent = dict(headers or {})
    if mistakes:
        body["field"] = mistakes[0].field or None
        body["errors"] = [{"field": m.field or None, "message": m.message} for m in mistakes]
    if retry_after is not None:
        body["retry_after"] = max(1, ceil(retry_after))
        sent["Retry-After"] = str(body["retry_after"])
    body.update(more)
    return Response(dump(body), kind.status, sent, MEDIA_TYPE)


def refused(error: WorkroomError) -> Response:
    """The answer for an error that was raised on purpose."""
    code = error.code if error.code in KINDS else _OTHER_CODES.get(error.code, "internal_error")
    if code == "internal_error":
        return problem("unavailable", "The server cannot do this now", retry_after=SOON)
    field = _outer(error.field)
    mistakes = [] if field is None else [Mistake(field, one_line(error.message))]
    retry_after = error.retry_after
    if retry_after is None and isinstance(error, RateLimited | Unavailable | NoWorker):
        retry_after = SOON
    headers = {"WWW-Authenticate": _challenge(error)} if code == "authentication_failed" else {}
    return problem(
        code, _detail(mistakes, error), mistakes=mistakes, retry_after=retry_after, headers=headers
    )


def _challenge(error: WorkroomError) -> str:
    """RFC 6750: ``invalid_token`` only where there was a token."""
    token_was_bad = error.message == NotAuthenticated().message
    return 'Bearer error="invalid_token"' if token_was_bad else "Bearer"


def _detail(mistakes: Sequence[Mistake], error: WorkroomError) -> str:
    first = mistakes[0] if mistakes else None
    if first is None or not isinstance(error, InvalidMessage) or first.opens_with_field:
        return one_line(error.message)
    return one_line(f"{first.field}: {first.message}")


def _outer(field: str | None) -> str | None:
    if field is None:
        return None
    for inner in _INNER_PLACES:
        field = field.removeprefix(inner)
    return field


# ---- what FastAPI and Starlette raise ------------------------------------------------------------


async def on_workroom_error(_request: Request, error: Exception) -> Response:
    """Errors of our own tree."""
    assert isinstance(error, WorkroomError)
    return refused(error)


async def on_validation_error(_request: Request, error: Exception) -> Response:
    """A field of the body or of the query is wrong; a number in the path names nothing."""
    assert isinstance(error, RequestValidationError)
    details = error.errors()
    if any(detail["loc"][0] == "path" for detail in details):
        return problem("not_found", "there is no such thing")
    mistakes = mistakes_in(details)
    first = mistakes[0]
    detail = f"{first.field}: {first.message}" if first.field else first.message
    return problem("invalid_message", one_line(detail), mistakes=mistakes)


def _nothing_at(path: str) -> str:
    if path.startswith(_SOCKETS):  # mostly a proxy that swallows the wish for a WebSocket
        return (
            f"{shown(path)} is for WebSockets, and this request asks for none; a proxy in between "
            "has to pass the headers Upgrade and Connection on"
        )
    return f"there is nothing at {shown(path)}; /api/docs lists what there is"


async def on_http_error(request: Request, error: Exception) -> Response:
    """What Starlette raises by itself: no such route, or not with this method."""
    assert isinstance(error, HTTPException)
    code = _BY_STATUS.get(error.status_code, "bad_request")
    details = {
        "not_found": _nothing_at(request.scope["path"]),
        "method_not_allowed": f"{shown(request.method)} is not possible here",
    }
    headers = dict(error.headers or {})
    if code == "method_not_allowed":
        headers["Allow"] = ", ".join(_methods_at(request))
    return problem(code, details.get(code, str(error.detail)), headers=headers)


def _methods_at(request: Request) -> list[str]:
    """Every method that some route has at this path; Starlette names those of the first only."""
    from starlette.routing import Match

    routes = request.scope["app"].routes
    found = []
    for method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"):
        asked = {**request.scope, "method": "GET" if method == "HEAD" else method}
        if any(route.matches(asked)[0] is Match.FULL for route in routes):
            found.append(method)
    return found
