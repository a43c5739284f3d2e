"""The REST interface as one ASGI app."""

from __future__ import annotations

from typing import Final

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.telemetry import TelemetryConfig
from starlette.exceptions import HTTPException

from workroom.errors import WorkroomError
from workroom.service.accounts import Accounts
from workroom.service.library import Library
from workroom.transports.rest import (
    canvases,
    essays,
    feedback,
    health,
    problem,
    projects,
    revisions,
    tasks,
    tokens,
    users,
    workers,
)
from workroom.transports.rest.cors import Cors
from workroom.transports.rest.docs import add_docs
from workroom.transports.rest.edge import Edge
from workroom.transports.rest.gate import Services, Workers
from workroom.transports.rest.settings import Readiness, RestSettings

# FastAPI's own telemetry writes addresses with their query, and bodies that were refused, into
# traces and logs: tokens and passwords among them.
_NO_TELEMETRY: Final = TelemetryConfig(
    tracing=False, metrics=False, logs=False, operation_spans=False, auto_configure=False
)
_PARTS: Final = (
    tokens,
    users,
    essays,
    feedback,
    revisions,
    projects,
    canvases,
    tasks,
    workers,
    health,
)


def create_api(
    library: Library,
    accounts: Accounts,
    readiness: Readiness,
    settings: RestSettings | None = None,
    task_workers: Workers | None = None,
) -> FastAPI:
    """The app for everything that comes by HTTP and is no WebSocket.

    It needs no lifespan: what it works with is started and stopped by whoever made it.
    """
    settings = settings or RestSettings()
    app = FastAPI(
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        telemetry=_NO_TELEMETRY,
    )
    app.state.services = Services(library, accounts, readiness, settings, task_workers)
    app.state.schema = None
    for part in _PARTS:
        # Not include_router: that makes a second copy of every route, on the first request.
        app.router.routes.extend(part.router.routes)
    add_docs(app)
    app.add_exception_handler(WorkroomError, problem.on_workroom_error)
    app.add_exception_handler(RequestValidationError, problem.on_validation_error)
    app.add_exception_handler(HTTPException, problem.on_http_error)
    # The one added last is the outermost.
    app.add_middleware(Cors, pages=settings.pages)
    app.add_middleware(Edge, settings=settings, refusing=readiness.refusing)
    return app
