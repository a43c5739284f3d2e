"""A server that lets everything through: it says what tests want, beside what it says itself."""

from __future__ import annotations

import json
from typing import Any

from playwright.sync_api import Page, Route, WebSocketRoute

from tests.browser.hostile_strings import HOSTILE

AT = "2026-01-01T00:00:00Z"
EVERYTHING = "\n".join(HOSTILE)


class Wire:
    """One kind of socket of a page, as ``essays`` or ``projects``; made before the page opens it.

    What page and server say to each other goes through unchanged.
    """

    def __init__(self, page: Page, kind: str) -> None:
        self._sockets: list[WebSocketRoute] = []
        self._seq = 1_000_000
        page.route_web_socket(lambda url: f"/ws/{kind}/" in url, self._opened)

    def _opened(self, socket: WebSocketRoute) -> None:
        socket.connect_to_server()
        self._sockets.append(socket)

    def tell(self, kind: str, **body: Any) -> None:
        """Send the page a message of an essay."""
        self._sockets[-1].send(json.dumps({"type": kind, **body}))

    def tell_project(self, kind: str, **payload: Any) -> None:
        """Send the page a message of a project."""
        self.tell(kind, payload=payload)

    def next_seq(self) -> int:
        """A number that no event had."""
        self._seq += 1
        return self._seq


def person(number: int, name: str) -> dict[str, Any]:
    """Somebody who is called so."""
    return {"id": 1000 + number, "name": name, "role": "student", "avatar_url": ""}


def refuse(page: Page, path: str, method: str = "POST") -> None:
    """Have all such requests of the page refused, with all hostile texts for a reason."""
    body = {"code": "strange", "status": 422, "detail": EVERYTHING, "title": EVERYTHING}

    def answer(route: Route) -> None:
        if route.request.method != method:
            route.fallback()
            return
        route.fulfill(status=422, content_type="application/problem+json", body=json.dumps(body))

    page.route(f"**{path}", answer)
