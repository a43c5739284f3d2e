"""What every HTTP request passes first and every answer last: plain ASGI, no framework.

Addresses with and without the last slash, HEAD, headers, the limit of bodies, metrics, and the last
resort for a mistake of ours.
"""

from __future__ import annotations

import re
import secrets
import traceback
from collections.abc import Callable
from typing import Any, Final

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from workroom.errors import TooLarge
from workroom.observe import HTTP_REQUESTS, logger
from workroom.transports.rest.problem import problem
from workroom.transports.rest.settings import RestSettings

BARE: Final = frozenset(
    {
        "/healthz",
        "/readyz",
        "/metrics",
        "/api/schema",
        "/api/docs",
        "/api/docs/page.js",
        "/api/docs/page.css",
    }
)
"""Addresses without a last slash; all others under ``/api/`` have one. Either way is served."""

UPLOADS: Final = re.compile(r"/api/projects/[^/]+/canvases/")
"""Where bodies are files."""
AROUND_A_FILE: Final = 64 * 1024
"""Bytes of a form besides its file."""

API_POLICY: Final = "default-src 'none'; frame-ancestors 'none'"
PAGE_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'"
)
_Headers = tuple[tuple[bytes, bytes], ...]

_ALWAYS: Final[_Headers] = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
)
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_HARMLESS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
COME_BACK: Final = 2
"""Seconds after which to try again what was refused because the server ends."""
_TOKEN: Final = re.compile(r"[\w-]{8,}\.[\w-]{8,}\.[\w-]{8,}")

log = logger("rest")


class Edge:
    """See the module's text."""

    def __init__(
        self, app: ASGIApp, settings: RestSettings, refusing: Callable[[], bool] = lambda: False
    ) -> None:
        """``refusing``: the server is ending, and nothing is to be changed any more."""
        self._app = app
        self._refusing = refusing
        self._max_body = settings.max_body
        self._max_upload = settings.max_upload + AROUND_A_FILE
        self._headers: _Headers = _ALWAYS
        if settings.hsts_seconds > 0:
            value = f"max-age={settings.hsts_seconds}; includeSubDomains"
            self._headers += ((b"strict-transport-security", value.encode()),)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; anything else than HTTP passes through."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        method = scope["method"]
        # A copy: the server still has to know what was asked, or it sends a body after HEAD.
        scope = {
            **scope,
            "path": _registered(scope["path"]),
            "method": "GET" if method == "HEAD" else method,
        }
        answer = _Answer(send, self._headers, without_body=method == "HEAD")
        is_upload = method == "POST" and UPLOADS.fullmatch(scope["path"])
        body = _Body(receive, self._max_upload if is_upload else self._max_body)
        try:
            if method not in _HARMLESS and self._refusing():
                await _restarting(scope, receive, answer.send)
                return
            body.check_announced(scope)
            await self._app(scope, body.receive, answer.send)
        except ClientDisconnect:
            pass  # in the middle of its body: there is nobody to answer
        except Exception as error:  # noqa: BLE001 -- the last resort
            if answer.status == 0:
                await _last_resort(error)(scope, receive, answer.send)
            elif not isinstance(error, TooLarge):
                _report(error, "")
        finally:
            known = method if method in _METHODS else "other"
            HTTP_REQUESTS.labels(known, _template(scope), str(answer.status)).inc()


async def _restarting(scope: Scope, receive: Receive, send: Send) -> None:
    """The answer to what would change something, while the server ends."""
    message = "The server is restarting; nothing was done"
    await problem("unavailable", message, retry_after=COME_BACK)(scope, receive, send)


def _registered(path: str) -> str:
    """The spelling of a path that routes know."""
    bare = path.removesuffix("/")
    if bare in BARE:
        return bare
    return path if path.endswith("/") or not path.startswith("/api/") else path + "/"


def _template(scope: Scope) -> str:
    """The route that was taken, as the schema writes it: never a path with a number in it."""
    route = scope.get("route")
    if route is not None:
        return str(route.path)
    return scope["path"] if scope["path"] in BARE else "none"


class _Answer:
    """The answer on its way out."""

    def __init__(self, send: Send, headers: _Headers, *, without_body: bool) -> None:
        self.status = 0
        """0 until it has begun."""
        self._send = send
        self._headers = headers
        self._without_body = without_body

    async def send(self, message: Message) -> None:
        """Add what every answer has."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            own = list(message.get("headers", ()))
            names = {name for name, _ in own}
            added = [*self._headers]
            if b"cache-control" not in names:
                added.append((b"cache-control", b"no-store"))
            if b"content-security-policy" not in names:
                added.append((b"content-security-policy", API_POLICY.encode()))
            message = {**message, "headers": [*own, *added]}
        elif self._without_body and message["type"] == "http.response.body":
            message = {**message, "body": b""}
        await self._send(message)


class _Body:
    """A request's body on its way in, up to a number of bytes."""

    def __init__(self, receive: Receive, most: int) -> None:
        self._receive = receive
        self._most = most
        self._got = 0

    def check_announced(self, scope: Scope) -> None:
        """Raise TooLarge when the request says beforehand that it will be."""
        for name, value in scope["headers"]:
            if name == b"content-length" and value.isdigit() and int(value[:19]) > self._most:
                raise self._too_large()

    async def receive(self) -> Message:
        """The next piece. Raises TooLarge."""
        message = await self._receive()
        if message["type"] == "http.request":
            self._got += len(message.get("body", b""))
            if self._got > self._most:
                raise self._too_large()
        return message

    def _too_large(self) -> TooLarge:
        return TooLarge(f"a request's body has at most {self._most} bytes")


def _last_resort(error: Exception) -> Any:
    """The answer when nobody below has given one."""
    if isinstance(error, TooLarge):
        return problem("too_large", error.message)
    request_id = secrets.token_hex(8)
    _report(error, request_id)
    return problem("internal_error", "The server made a mistake", request_id=request_id)


def _report(error: Exception, request_id: str) -> None:
    """Log where it happened, without the values of variables: they may hold tokens."""
    log.error(
        "internal_error",
        request_id=request_id,
        error=type(error).__name__,
        reason=_TOKEN.sub("[token]", str(error))[:300],
        frames=traceback.format_tb(error.__traceback__),
    )
