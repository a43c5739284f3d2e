"""What the workers of tasks say and ask: with the service token, and not for anybody else."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from typing import Annotated, Any, Final, Literal

from fastapi import Depends, Path, Query, Request, Response
from pydantic import Field
from starlette.responses import StreamingResponse

from workroom.errors import NotAuthenticated
from workroom.ids import MAX_ID
from workroom.ports.blobs import Blob
from workroom.service.tasks.desk import TaskDesk
from workroom.transports.rest.fields import Body
from workroom.transports.rest.gate import OpenRoute, routes, services, token_of
from workroom.transports.rest.render import answer

_CHUNK: Final = 256 * 1024


class WorkerRoute(OpenRoute):
    """A route for who has the service token."""

    async def admit(self, request: Request) -> None:
        """Raises NotAuthenticated."""
        workers = services(request).workers
        token = token_of(request).encode("utf-8", "replace")
        if workers is None or not secrets.compare_digest(token, workers.token):
            raise NotAuthenticated


async def _desk(request: Request) -> TaskDesk:
    workers = services(request).workers
    if workers is None:
        raise NotAuthenticated
    return workers.desk


Desk = Annotated[TaskDesk, Depends(_desk)]
TaskName = Annotated[str, Path(min_length=1, max_length=128)]
Words = Annotated[str, Field(max_length=2_000)]
Attempt = Annotated[int, Field(ge=0, le=MAX_ID)]

router = routes("/api/internal/tasks/{task_id}", "workers", WorkerRoute)
router.include_in_schema = False


class Claim(Body):
    """A worker wants to begin."""

    run: Annotated[str, Field(min_length=1, max_length=64)]
    worker: Annotated[str, Field(min_length=1, max_length=255)]


class Report(Body):
    """How far it is; without ``percent``, that it lives."""

    attempt: Attempt
    number: Annotated[int, Field(ge=0, le=MAX_ID)] = 0
    percent: Annotated[int, Field(ge=-MAX_ID, le=MAX_ID)] | None = None
    message: Words = ""


class Settle(Body):
    """How it ended."""

    attempt: Attempt
    status: Literal["completed", "failed", "retry"]
    error: Words | None = None
    findings: dict[str, Any] = Field(default_factory=dict)


class Lost(Body):
    """The process that ran it is no more."""

    worker: Annotated[str, Field(min_length=1, max_length=255)]
    why: Literal["died", "too_slow"]


@router.post("/claim/")
async def claim_task(task_id: TaskName, body: Claim, desk: Desk) -> Response:
    """Whether the worker may begin."""
    return answer(dict(await desk.claim(task_id, body.run, body.worker)))


@router.post("/report/")
async def report_task(task_id: TaskName, body: Report, desk: Desk) -> Response:
    """How far the task is."""
    go_on = await desk.report(task_id, body.attempt, body.number, body.percent, body.message)
    return answer({"go_on": go_on})


@router.post("/settle/")
async def settle_task(task_id: TaskName, body: Settle, desk: Desk) -> Response:
    """How the attempt ended."""
    state = await desk.settle(task_id, body.attempt, body.status, body.error, body.findings)
    return answer({"state": state.value})


@router.post("/lost/")
async def lose_task(task_id: TaskName, body: Lost, desk: Desk) -> Response:
    """The worker's main process saw the task's process end."""
    await desk.lost(task_id, body.worker, body.why)
    return answer({})


@router.get("/file/")
async def read_file(
    task_id: TaskName, desk: Desk, attempt: Annotated[int, Query(ge=0, le=MAX_ID)]
) -> Response:
    """The bytes of the canvas that the task is about."""
    media_type, blob = await desk.file(task_id, attempt)
    headers = {"Content-Length": str(blob.size), "Cache-Control": "no-store"}
    return StreamingResponse(_pieces(blob), 200, headers, media_type)


async def _pieces(blob: Blob) -> AsyncIterator[bytes]:
    try:
        offset = 0
        while piece := await blob.read(offset, _CHUNK):
            offset += len(piece)
            yield piece
    finally:
        await blob.close()
