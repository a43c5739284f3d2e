"""Tasks on canvases: begin, look at, cancel, and follow those of other Celery apps."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path, Request, Response

from workroom.transports.rest import answers
from workroom.transports.rest.bodies import FollowedTask, NewTask
from workroom.transports.rest.fields import Number
from workroom.transports.rest.gate import Asking, routes
from workroom.transports.rest.paging import Paged
from workroom.transports.rest.render import answer, page, task, task_type

router = routes("/api", "tasks")

TaskName = Annotated[str, Path(min_length=1, max_length=128)]


@router.get("/task-types/", response_model=answers.Page[answers.TaskType], summary="Types of task")
async def list_task_types(request: Request, by: Asking, paging: Paged) -> Response:
    """What can be begun on which canvases: what comes with Workroom, and what was installed."""
    limit, offset = paging
    found = [*by.library.tasks.types.values()]
    return page(request, paging, found[offset : offset + limit], len(found), task_type)


@router.post(
    "/canvases/{canvas_id}/tasks/",
    response_model=answers.Task,
    status_code=202,
    summary="Begin a task on a canvas",
)
async def start_task(canvas_id: Number, body: NewTask, by: Asking) -> Response:
    """The task is carried out by a worker; everybody in the project sees how far it is."""
    begun = await by.library.tasks.start(by.user, canvas_id, body.task_type)
    return answer(task(begun), 202, f"/api/tasks/{begun.id}/")


@router.get("/tasks/{task_id}/", response_model=answers.Task, summary="Read a task")
async def read_task(task_id: TaskName, by: Asking) -> Response:
    """Where a task stands, and what came of it."""
    return answer(task(await by.library.tasks.one(by.user, task_id)))


@router.delete(
    "/tasks/{task_id}/", response_model=answers.Task, status_code=200, summary="Cancel a task"
)
async def cancel_task(task_id: TaskName, by: Asking) -> Response:
    """End a task, whether it waits or runs; one that has ended stays as it is."""
    return answer(task(await by.library.tasks.cancel(by.user, task_id)))


@router.get(
    "/projects/{project_id}/tasks/",
    response_model=answers.Page[answers.Task],
    summary="The tasks of a project",
)
async def list_tasks(request: Request, project_id: Number, by: Asking, paging: Paged) -> Response:
    """The newest first."""
    limit, offset = paging
    found = await by.library.tasks.in_project(by.user, project_id, limit=limit, offset=offset)
    return page(request, paging, found.items, found.total, task)


@router.post(
    "/projects/{project_id}/tasks/",
    response_model=answers.Task,
    status_code=202,
    summary="Follow a Celery task of your own",
)
async def follow_task(project_id: Number, body: FollowedTask, by: Asking) -> Response:
    """Show a task that a Celery app of yours carries out, by its result in Celery's backend."""
    followed = await by.library.tasks.follow(
        by.user, project_id, body.canvas_id, body.task_type, body.task_id
    )
    return answer(task(followed), 202, f"/api/tasks/{followed.id}/")
