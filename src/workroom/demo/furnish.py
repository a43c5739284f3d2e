"""Makes the people and rooms of the demo."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Final

from workroom.core.commands import Command, QuoteFeedback, SaveText, SetRight
from workroom.core.entries import EssayCreated, Fact, ProjectCreated
from workroom.core.people import Right, User
from workroom.demo import content
from workroom.demo.content import PEOPLE, DemoPerson
from workroom.errors import Conflict
from workroom.ids import FeedbackId, RoomId, essay_room, project_room
from workroom.ports.accounts import AccountStore
from workroom.service.accounts.accounts import Accounts
from workroom.service.hub import Hub
from workroom.service.library.canvases import Canvases

ESSAY: Final = essay_room(content.ESSAY_ID)
PROJECT: Final = project_room(content.PROJECT_ID)


async def furnish(
    accounts: Accounts, people: AccountStore, hub: Hub, canvases: Canvases, password: str
) -> None:
    """Make everything that the demo shows; everybody gets ``password``.

    Call it again if it did not come to its end: what was done is not done twice (each step is
    remembered by its ``request_id``). Once it has, leave alone what people change. Raises Conflict
    when a user name is taken, Unavailable.
    """
    made = await asyncio.gather(*(_person(accounts, people, each, password) for each in PEOPLE))
    users = {each.username: user for each, user in zip(PEOPLE, made, strict=True)}
    await _essay(hub, users)
    await _project(hub, users)
    await _canvases(canvases, users)


async def residents(people: AccountStore) -> list[User]:
    """Those of the demo's people who are still there, by id."""
    accounts = [await people.account(each.id) for each in PEOPLE]
    return [account.user for account in accounts if account and not account.disabled]


async def _person(
    accounts: Accounts, people: AccountStore, each: DemoPerson, password: str
) -> User:
    account = await people.account(each.id)
    if account is not None:
        return account.user
    return await accounts.create_user(
        each.username, password, name=each.name, role=each.role, user_id=each.id
    )


async def _essay(hub: Hub, users: Mapping[str, User]) -> None:
    first = EssayCreated(content.ESSAY_TITLE, content.ESSAY_PROMPT, content.ESSAY_WORD_LIMIT)
    await _begin(hub, ESSAY, first, users["emma"])
    await _once(hub, ESSAY, SaveText(content.ESSAY_TEXT), users["emma"], "text")
    await _share(hub, ESSAY, users, {p.username: p.on_essay for p in PEOPLE})
    for number, remark in enumerate(content.REMARKS):
        command = QuoteFeedback(FeedbackId(0), remark.type, remark.comment, remark.quote)
        await _once(hub, ESSAY, command, users[remark.author], f"remark-{number}")


async def _project(hub: Hub, users: Mapping[str, User]) -> None:
    first = ProjectCreated(
        content.PROJECT_TITLE,
        content.PROJECT_DESCRIPTION,
        content.PROJECT_STATUS,
        content.PROJECT_METADATA,
    )
    await _begin(hub, PROJECT, first, users["jane"])
    await _share(hub, PROJECT, users, {p.username: p.on_project for p in PEOPLE})


async def _canvases(canvases: Canvases, users: Mapping[str, User]) -> None:
    """The picture and the recording, each under its name unless that is there already."""
    number = content.PROJECT_ID
    found = await canvases.in_project(users["jane"], number, limit=100, offset=0)
    there = {canvas.media.name for canvas in found.items}
    for name, make, author in content.CANVASES:
        if name not in there:
            made = await asyncio.to_thread(make)
            await canvases.upload(users[author], number, name, _whole(made))


async def _whole(made: bytes) -> AsyncIterator[bytes]:
    yield made


async def _begin(hub: Hub, room: RoomId, first: Fact, author: User) -> None:
    await hub.store.reserve_id(room.kind.value, room.number)
    try:
        await hub.create(room, [first], author)
    except Conflict:
        return  # an earlier call came this far


async def _share(
    hub: Hub, room: RoomId, users: Mapping[str, User], rights: Mapping[str, Right | None]
) -> None:
    (owner,) = [name for name, right in rights.items() if right is Right.OWNER]
    for name, right in rights.items():
        if right is not None and name != owner:
            await _once(hub, room, SetRight(users[name], right), users[owner], f"right-{name}")


async def _once(hub: Hub, room: RoomId, command: Command, user: User, step: str) -> None:
    await hub.execute(room, command, user, request_id=f"demo:{room}:{step}")
