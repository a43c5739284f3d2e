"""``/api/schema``, and ``/api/docs``: a page that shows it, with nothing from any other host."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Final

from fastapi import FastAPI, Request, Response

from workroom import __version__
from workroom.protocol.writing import dump
from workroom.transports.rest.edge import PAGE_POLICY

_FILES: Final = {
    "/api/docs": ("docs.html", "text/html; charset=utf-8"),
    "/api/docs/page.js": ("docs.js", "text/javascript; charset=utf-8"),
    "/api/docs/page.css": ("docs.css", "text/css; charset=utf-8"),
}


def add_docs(app: FastAPI) -> None:
    """Add the routes of the schema and of the page."""
    app.add_route("/api/schema", _schema, ["GET"], include_in_schema=False)
    for path in _FILES:
        app.add_route(path, _page, ["GET"], include_in_schema=False)


async def _schema(request: Request) -> Response:
    state = request.app.state
    if state.schema is None:
        from workroom.transports.rest.schema import build

        state.schema = dump(build(request.app, __version__))
    return Response(state.schema, media_type="application/json")


async def _page(request: Request) -> Response:
    name, media_type = _FILES[request.scope["path"]]
    headers = {"Cache-Control": "no-cache", "Content-Security-Policy": PAGE_POLICY}
    return Response(_file(name), 200, headers, media_type)


@cache
def _file(name: str) -> bytes:
    return (files(__package__) / "static" / name).read_bytes()
