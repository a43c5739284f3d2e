"""Cross-origin requests: none, but of the pages that may use this server.

No cookies are involved, so nothing here speaks of credentials.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from workroom.service.web_pages import WebPages

METHODS: Final = b"GET, HEAD, POST, PUT, PATCH, DELETE"
REQUEST_HEADERS: Final = b"Authorization, Content-Type, If-None-Match, If-Range, Range"
ANSWER_HEADERS: Final = (
    b"Content-Disposition, Content-Range, ETag, Location, Retry-After, WWW-Authenticate"
)
PREFLIGHT_SECONDS: Final = b"600"


class Cors:
    """Answers preflights of allowed origins, and names the origin in their answers."""

    def __init__(self, app: ASGIApp, pages: WebPages) -> None:
        self._app = app
        self._pages = pages

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http" or not self._pages.any_across:
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        origin = self._welcome_origin(headers)
        if origin is not None and _is_preflight(scope, headers):
            await _welcome(send, origin)
            return

        async def send_with_origin(message: Message) -> None:
            if message["type"] == "http.response.start":
                added = [(b"vary", b"Origin")]
                if origin is not None:
                    added.append((b"access-control-allow-origin", origin))
                    added.append((b"access-control-expose-headers", ANSWER_HEADERS))
                message = {**message, "headers": [*message.get("headers", ()), *added]}
            await send(message)

        await self._app(scope, receive, send_with_origin)

    def _welcome_origin(self, headers: Mapping[bytes, bytes]) -> bytes | None:
        origin = headers.get(b"origin")
        if origin is None:
            return None
        host = headers.get(b"host", b"").decode("latin-1")
        return origin if self._pages.across(origin.decode("latin-1"), host) else None


def _is_preflight(scope: Scope, headers: Mapping[bytes, bytes]) -> bool:
    return scope["method"] == "OPTIONS" and b"access-control-request-method" in headers


async def _welcome(send: Send, origin: bytes) -> None:
    headers = [
        (b"vary", b"Origin"),
        (b"access-control-allow-origin", origin),
        (b"access-control-allow-methods", METHODS),
        (b"access-control-allow-headers", REQUEST_HEADERS),
        (b"access-control-max-age", PREFLIGHT_SECONDS),
    ]
    await send({"type": "http.response.start", "status": 204, "headers": headers})
    await send({"type": "http.response.body", "body": b""})
