"""Serves the page: plain ASGI in front of the REST interface, from memory.

Nothing is looked up on the disk for a request, so that no address can lead out of the folder.
"""

from __future__ import annotations

import gzip
import json
import re
import secrets
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from starlette.types import ASGIApp, Receive, Scope, Send

from workroom.observe import HTTP_REQUESTS

BUILT: Final = Path(__file__).parent / "dist"
"""Where ``make page`` puts the page; the wheel carries it."""
NONCE: Final = "@nonce@"
"""Stands in ``index.html`` for a number that each answer makes up anew."""
VIEWS: Final = re.compile(
    r"/(?:essays/[1-9][0-9]{0,15}(?:/history)?/?|projects/[1-9][0-9]{0,15}/?)?"
)
"""Addresses of the page; it works out itself which of its views is meant."""

_FOREVER: Final = "public, max-age=31536000, immutable"
_KINDS: Final = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
_HERE: Final = frozenset({"localhost", "127.0.0.1", "[::1]"})
_MISSING: Final = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Workroom</title>
<h1>The page has not been built</h1>
<p>Workroom itself is running: its REST interface explains itself at
<a href="/api/docs">/api/docs</a>.</p>
<p>For the page, install Node 20.19 or later with npm, run <code>make page</code>,
and start Workroom again.</p>
"""


@dataclass(frozen=True, slots=True)
class Visitor:
    """Somebody of the demo, to be by one click."""

    id: int
    username: str
    name: str
    role: str


@dataclass(frozen=True, slots=True)
class Visitors:
    """Everybody of the demo, and their password."""

    password: str
    people: tuple[Visitor, ...]


@dataclass(frozen=True, slots=True)
class PageSettings:
    """What the page is made of."""

    folder: Path = BUILT
    visitors: Visitors | None = None
    """Shown only to browsers on this machine; None unless this is the demo."""
    hsts_seconds: int = 0


@dataclass(frozen=True, slots=True)
class _File:
    body: bytes
    packed: Future[bytes]
    kind: str


class Page:
    """The page, and behind it whatever answers all other addresses."""

    def __init__(self, behind: ASGIApp, settings: PageSettings | None = None) -> None:
        settings = settings or PageSettings()
        self._behind = behind
        self._files = {path: file for path, file in _read(settings.folder) if path != "/index.html"}
        index = settings.folder / "index.html"
        self._index = index.read_text("utf-8") if index.is_file() else None
        visitors = settings.visitors
        self._visitors = None if visitors is None else json.dumps(asdict(visitors)).encode()
        self._always = _always(settings.hsts_seconds)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer for the page's own addresses; let everything else through."""
        answer = self._answer(scope) if scope["type"] == "http" else None
        if answer is None:
            await self._behind(scope, receive, send)
            return
        status, body, headers = answer
        HTTP_REQUESTS.labels(scope["method"], "page", str(status)).inc()
        headers = {**self._always, **headers, "content-length": str(len(body))}
        await send(
            {
                "type": "http.response.start",
                "status": status,
                "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
            }
        )
        sent = b"" if scope["method"] == "HEAD" else body
        await send({"type": "http.response.body", "body": sent})

    def _answer(self, scope: Scope) -> tuple[int, bytes, dict[str, str]] | None:
        """Status, body and headers; None for what is none of the page's."""
        path = scope["path"]
        if scope["method"] not in {"GET", "HEAD"}:
            return None
        if VIEWS.fullmatch(path):
            return self._view()
        if path == "/demo.json" and self._visitors is not None and _is_local(scope):
            headers = {"content-type": "application/json", "cache-control": "no-store"}
            return 200, self._visitors, headers
        file = self._files.get(path)
        if file is None:
            return None
        packs = "gzip" in _header(scope, b"accept-encoding")
        body = file.packed.result() if packs else file.body
        headers = {
            "content-type": file.kind,
            "cache-control": _FOREVER if path.startswith("/assets/") else "no-cache",
            "vary": "accept-encoding",
            **({"content-encoding": "gzip"} if packs else {}),
        }
        return 200, body, headers

    def _view(self) -> tuple[int, bytes, dict[str, str]]:
        nonce = secrets.token_urlsafe(18)
        headers = {
            "content-type": _KINDS[".html"],
            "cache-control": "no-cache",
            "content-security-policy": _policy(nonce),
        }
        if self._index is None:
            return 404, _MISSING.encode(), headers
        return 200, self._index.replace(NONCE, nonce).encode(), headers


def _policy(nonce: str) -> str:
    """What the page may load: from here alone.

    The editor makes style sheets, with the nonce. Pictures and recordings are fetched with a token
    and shown from memory (``blob:``).
    """
    return (
        f"default-src 'none'; script-src 'self'; style-src 'self' 'nonce-{nonce}'; "
        "img-src 'self' blob:; media-src blob:; connect-src 'self'; base-uri 'none'; "
        "form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; "
        "trusted-types svelte-trusted-html"
    )


def _always(hsts_seconds: int) -> dict[str, str]:
    headers = {
        "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
        "cross-origin-opener-policy": "same-origin",
        "cross-origin-resource-policy": "same-origin",
        "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
        "referrer-policy": "no-referrer",
        "x-content-type-options": "nosniff",
        "x-frame-options": "DENY",
    }
    if hsts_seconds > 0:
        headers["strict-transport-security"] = f"max-age={hsts_seconds}; includeSubDomains"
    return headers


def _read(folder: Path) -> Iterable[tuple[str, _File]]:
    """All files of the built page, by their address; packed while the server goes on starting."""
    packer = ThreadPoolExecutor(1, thread_name_prefix="page")
    for path in sorted(folder.rglob("*")):
        kind = _KINDS.get(path.suffix)
        if kind is not None and path.is_file():
            body = path.read_bytes()
            packed = packer.submit(gzip.compress, body, mtime=0)
            yield f"/{path.relative_to(folder).as_posix()}", _File(body, packed, kind)
    packer.shutdown(wait=False)


def _header(scope: Scope, wanted: bytes) -> str:
    return ",".join(value.decode("latin-1") for name, value in scope["headers"] if name == wanted)


def _is_local(scope: Scope) -> bool:
    """Whether a browser on this machine asks, for a page of ours.

    The demo listens on this machine alone when it has visitors to show. So what is left are other
    sites: those that gave their own name this address, those that ask across, and proxies.
    """
    host = re.sub(r":[0-9]+$", "", _header(scope, b"host").lower())
    site = _header(scope, b"sec-fetch-site")
    forwarded = _header(scope, b"x-forwarded-for") or _header(scope, b"forwarded")
    return host in _HERE and site in {"", "none", "same-origin"} and not forwarded
