"""Accounts."""

from __future__ import annotations

from fastapi import Request, Response

from workroom.core.people import Role
from workroom.transports.rest import answers
from workroom.transports.rest.bodies import NewUser
from workroom.transports.rest.gate import Asking, routes
from workroom.transports.rest.paging import Paged
from workroom.transports.rest.render import answer, page, profile

router = routes("/api/users", "users")


@router.get("/me/", response_model=answers.Profile, summary="Who am I?")
async def read_me(by: Asking) -> Response:
    """Your own profile."""
    return answer(profile(by.user))


@router.get("/", response_model=answers.Page[answers.Profile], summary="All users")
async def list_users(request: Request, by: Asking, paging: Paged) -> Response:
    """Every account, by id. For admins."""
    found = await by.library.users(by.user, limit=paging.limit, offset=paging.offset)
    return page(request, paging, found.users, found.total, profile)


@router.post("/", response_model=answers.Profile, status_code=201, summary="Make an account")
async def create_user(body: NewUser, by: Asking) -> Response:
    """A new account. For admins."""
    made = await by.library.create_user(
        by.user,
        username=body.username,
        password=body.password,
        name=body.name,
        role=Role(body.role),
        avatar_url=body.avatar_url,
    )
    return answer(profile(made), 201)
