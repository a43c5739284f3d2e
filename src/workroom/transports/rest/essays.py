"""Essays, and who may do what with them."""

from __future__ import annotations

from fastapi import Request, Response

from workroom.core.people import Right
from workroom.ids import RoomKind, essay_room
from workroom.transports.rest import answers
from workroom.transports.rest.bodies import EssayChange, EssayRight, NewEssay, NewEssayRight
from workroom.transports.rest.fields import Number
from workroom.transports.rest.gate import Asking, routes
from workroom.transports.rest.paging import Paged, Searched
from workroom.transports.rest.render import answer, collaborator, essay, essay_row, page

router = routes("/api/essays", "essays")


@router.get("/", response_model=answers.Page[answers.ListedEssay], summary="Your essays")
async def list_essays(
    request: Request, by: Asking, paging: Paged, search: Searched = ""
) -> Response:
    """The essays that you may see, without their text, the one changed last first."""
    limit, offset = paging
    found = await by.library.rooms(
        by.user, RoomKind.ESSAY, limit=limit, offset=offset, search=search
    )
    return page(request, paging, found.items, found.total, essay_row, {"search": search})


@router.post("/", response_model=answers.Essay, status_code=201, summary="Begin an essay")
async def create_essay(body: NewEssay, by: Asking) -> Response:
    """A new essay, which you own."""
    made = await by.library.create_essay(
        by.user,
        title=body.title,
        prompt=body.prompt,
        word_limit=body.word_limit,
        content=body.content,
    )
    return answer(essay(made), 201, f"/api/essays/{made.state.id}/")


@router.get("/{essay_id}/", response_model=answers.Essay, summary="Read an essay")
async def read_essay(essay_id: Number, by: Asking) -> Response:
    """An essay with its text."""
    return answer(essay(await by.library.essay(by.user, essay_id)))


@router.patch("/{essay_id}/", response_model=answers.Essay, summary="Change an essay")
async def change_essay(essay_id: Number, body: EssayChange, by: Asking) -> Response:
    """Set what is given. A text is merged with what others changed meanwhile, as over a WebSocket.

    Who follows the essay is told at once.
    """
    body.check()
    changed = await by.library.change_essay(
        by.user,
        essay_id,
        body.given("title", "prompt", "word_limit"),
        body.content,
        body.base_seq,
    )
    return answer(essay(changed))


@router.delete("/{essay_id}/", status_code=204, response_class=Response, summary="Delete an essay")
async def delete_essay(essay_id: Number, by: Asking) -> Response:
    """Delete an essay with its feedback. For its owners."""
    await by.library.delete_room(by.user, essay_room(essay_id))
    return Response(status_code=204)


# ---- collaborators -----------------------------------------------------------------------------


@router.get(
    "/{essay_id}/collaborators/",
    response_model=answers.Page[answers.Collaborator],
    summary="Who may do what with an essay",
)
async def list_essay_collaborators(
    request: Request, essay_id: Number, by: Asking, paging: Paged
) -> Response:
    """Everybody with a right in the essay, the author among them, by user id."""
    room, (limit, offset) = essay_room(essay_id), paging
    found = await by.library.collaborators(by.user, room, limit=limit, offset=offset)
    return page(request, paging, found.items, found.total, collaborator)


@router.get(
    "/{essay_id}/collaborators/{user_id}/",
    response_model=answers.Collaborator,
    summary="What somebody may do with an essay",
)
async def read_essay_collaborator(essay_id: Number, user_id: Number, by: Asking) -> Response:
    """One collaborator."""
    room = essay_room(essay_id)
    return answer(collaborator(await by.library.collaborator(by.user, room, user_id)))


@router.post(
    "/{essay_id}/collaborators/",
    response_model=answers.Collaborator,
    summary="Let somebody in to an essay, by user name",
)
async def add_essay_collaborator(essay_id: Number, body: NewEssayRight, by: Asking) -> Response:
    """As with their id, for who knows their user name alone. For owners."""
    right = Right.named(body.rights) if "rights" in body.given() else None
    found = await by.library.let_in(by.user, essay_room(essay_id), body.username, right)
    return answer(collaborator(found))


@router.put(
    "/{essay_id}/collaborators/{user_id}/",
    response_model=answers.Collaborator,
    summary="Let somebody in to an essay",
)
async def set_essay_collaborator(
    essay_id: Number, user_id: Number, by: Asking, body: EssayRight | None = None
) -> Response:
    """Give somebody a right, or another one than before; it counts at once. For owners."""
    right = Right.named(body.rights) if body is not None and body.given() else None
    room = essay_room(essay_id)
    return answer(collaborator(await by.library.set_right(by.user, room, user_id, right)))


@router.delete(
    "/{essay_id}/collaborators/{user_id}/",
    status_code=204,
    response_class=Response,
    summary="Take a right in an essay away",
)
async def remove_essay_collaborator(essay_id: Number, user_id: Number, by: Asking) -> Response:
    """Take somebody's right away; it counts at once. For owners, and for giving up one's own."""
    await by.library.remove_collaborator(by.user, essay_room(essay_id), user_id)
    return Response(status_code=204)
