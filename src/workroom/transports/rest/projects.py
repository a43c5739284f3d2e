"""Projects, and who may do what with them."""

from __future__ import annotations

from typing import Any

from fastapi import Request, Response

from workroom.core.people import Right
from workroom.core.projects.state import ProjectState
from workroom.ids import RoomKind, project_room
from workroom.protocol.metadata import check_metadata
from workroom.service.library.library import Seen
from workroom.transports.rest import answers
from workroom.transports.rest.bodies import NewProject, NewProjectRight, ProjectChange, ProjectRight
from workroom.transports.rest.fields import Number
from workroom.transports.rest.gate import Asker, Asking, routes
from workroom.transports.rest.paging import Paged, Searched
from workroom.transports.rest.render import answer, collaborator, page, project, project_row

router = routes("/api/projects", "projects")


@router.get("/", response_model=answers.Page[answers.ListedProject], summary="Your projects")
async def list_projects(
    request: Request, by: Asking, paging: Paged, search: Searched = ""
) -> Response:
    """The projects that you may see, without their metadata, the one changed last first."""
    limit, offset = paging
    found = await by.library.rooms(
        by.user, RoomKind.PROJECT, limit=limit, offset=offset, search=search
    )
    return page(request, paging, found.items, found.total, project_row, {"search": search})


@router.post("/", response_model=answers.Project, status_code=201, summary="Begin a project")
async def create_project(body: NewProject, by: Asking) -> Response:
    """A new project, which you own."""
    check_metadata(body.metadata, "metadata")
    made = await by.library.create_project(
        by.user,
        title=body.title,
        description=body.description,
        status=body.status,
        metadata=body.metadata,
    )
    return answer(_shown(made, by), 201, f"/api/projects/{made.state.id}/")


@router.get("/{project_id}/", response_model=answers.Project, summary="Read a project")
async def read_project(project_id: Number, by: Asking) -> Response:
    """A project with its metadata."""
    return answer(_shown(await by.library.project(by.user, project_id), by))


@router.patch("/{project_id}/", response_model=answers.Project, summary="Change a project")
async def change_project(project_id: Number, body: ProjectChange, by: Asking) -> Response:
    """Set what is given; ``metadata`` is merged. Who is in the project is told at once."""
    body.check()
    given = body.given()
    if "metadata" in given:
        check_metadata(given["metadata"], "metadata")
    return answer(_shown(await by.library.change_project(by.user, project_id, given), by))


@router.delete(
    "/{project_id}/", status_code=204, response_class=Response, summary="Delete a project"
)
async def delete_project(project_id: Number, by: Asking) -> Response:
    """Delete a project with all that belongs to it. For its owners."""
    await by.library.delete_room(by.user, project_room(project_id))
    return Response(status_code=204)


def _shown(seen: Seen[ProjectState], by: Asker) -> dict[str, Any]:
    return project(seen, by.library.canvases.most_bytes)


# ---- collaborators -----------------------------------------------------------------------------


@router.get(
    "/{project_id}/collaborators/",
    response_model=answers.Page[answers.Collaborator],
    summary="Who may do what with a project",
)
async def list_project_collaborators(
    request: Request, project_id: Number, by: Asking, paging: Paged
) -> Response:
    """Everybody with a right in the project, the author among them, by user id."""
    room, (limit, offset) = project_room(project_id), paging
    found = await by.library.collaborators(by.user, room, limit=limit, offset=offset)
    return page(request, paging, found.items, found.total, collaborator)


@router.get(
    "/{project_id}/collaborators/{user_id}/",
    response_model=answers.Collaborator,
    summary="What somebody may do with a project",
)
async def read_project_collaborator(project_id: Number, user_id: Number, by: Asking) -> Response:
    """One collaborator."""
    room = project_room(project_id)
    return answer(collaborator(await by.library.collaborator(by.user, room, user_id)))


@router.post(
    "/{project_id}/collaborators/",
    response_model=answers.Collaborator,
    summary="Let somebody in to a project, by user name",
)
async def add_project_collaborator(
    project_id: Number, body: NewProjectRight, by: Asking
) -> Response:
    """As with their id, for who knows their user name alone. For owners."""
    right = Right.named(body.rights) if "rights" in body.given() else None
    found = await by.library.let_in(by.user, project_room(project_id), body.username, right)
    return answer(collaborator(found))


@router.put(
    "/{project_id}/collaborators/{user_id}/",
    response_model=answers.Collaborator,
    summary="Let somebody in to a project",
)
async def set_project_collaborator(
    project_id: Number, user_id: Number, by: Asking, body: ProjectRight | None = None
) -> Response:
    """Give somebody a right, or another one than before; it counts at once. For owners."""
    right = Right.named(body.rights) if body is not None and body.given() else None
    room = project_room(project_id)
    return answer(collaborator(await by.library.set_right(by.user, room, user_id, right)))


@router.delete(
    "/{project_id}/collaborators/{user_id}/",
    status_code=204,
    response_class=Response,
    summary="Take a right in a project away",
)
async def remove_project_collaborator(project_id: Number, user_id: Number, by: Asking) -> Response:
    """Take somebody's right away; it counts at once. For owners, and for giving up one's own."""
    await by.library.remove_collaborator(by.user, project_room(project_id), user_id)
    return Response(status_code=204)
