"""The HTTP answer to a request that never reaches the application (RFC 9457)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from http import HTTPStatus

Headers = Sequence[tuple[str, str]]


def problem_response(status: int, code: str, message: str, headers: Headers = ()) -> bytes:
    """A whole response with a ``problem+json`` body; the connection is to be closed after it.

    ``headers`` are ours, not the client's: they are not checked.
    """
    try:
        phrase = HTTPStatus(status).phrase
    except ValueError:
        phrase = ""
    problem = {
        "type": "about:blank",
        "title": phrase,
        "status": status,
        "detail": message,
        "code": code,
    }
    body = json.dumps(problem, ensure_ascii=False).encode("utf-8", "replace")
    lines = [
        f"HTTP/1.1 {status} {phrase}",
        *(f"{name}: {value}" for name, value in headers),
        "Content-Type: application/problem+json",
        f"Content-Length: {len(body)}",
        "Cache-Control: no-store",
        "X-Content-Type-Options: nosniff",
        "Connection: close",
        "\r\n",
    ]
    return "\r\n".join(lines).encode("ascii") + body
