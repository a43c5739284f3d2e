"""Essays, projects and their people, one request at a time: for REST and the like.

Every change goes through the hub, so that it reaches the rooms at once and meets the same rights as
over a WebSocket. What a user may not see does not exist for them: NotFound, in the same words as
for what was never there. Every coroutine raises Unavailable when the store cannot be reached.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from workroom.core.commands import (
    ChangeEssay,
    ChangeProject,
    DeleteRoom,
    SaveText,
    SetRight,
)
from workroom.core.entries import EssayCreated, Fact, ProjectCreated, TextEdited
from workroom.core.essays.state import EssayState
from workroom.core.people import People, Right, Role, User
from workroom.core.permissions import Verb, default_right, effective
from workroom.core.projects.fields import merge_patch
from workroom.core.projects.room import ProjectRoom
from workroom.core.projects.state import ProjectState
from workroom.core.search import Search
from workroom.core.text import YText, clean_text, diff, utf16_length
from workroom.errors import NotFound, PermissionDenied, TooLarge
from workroom.ids import RoomId, RoomKind, UserId, essay_room, project_room
from workroom.ports.accounts import AccountStore, UserPage
from workroom.ports.store import ListedRoom
from workroom.service.accounts.accounts import Accounts
from workroom.service.accounts.throttle import NewcomerThrottle
from workroom.service.hub import Hub
from workroom.service.library.canvases import Canvases
from workroom.service.library.presence import present_in
from workroom.service.library.remarks import Remarks
from workroom.service.library.revisions import Revisions
from workroom.service.rooms.life import AnyRoom
from workroom.service.slices import Slice
from workroom.service.tasks.tasks import Tasks

State = TypeVar("State", EssayState, ProjectState)


@dataclass(frozen=True, slots=True)
class Seen(Generic[State]):
    """A room as one user may know it now. ``right`` is their own."""

    state: State
    people: People
    right: Right


@dataclass(frozen=True, slots=True)
class Row:
    """A room in a list. ``right`` is the asking user's own."""

    listed: ListedRoom
    author: User
    editor: User
    right: Right
    present: Sequence[User] = ()
    """Who is in it now, in the order in which they came."""


@dataclass(frozen=True, slots=True)
class Collaborator:
    """Somebody with a right in a room; the author is one of them."""

    user: User
    right: Right


class Library:
    """The use cases. One per node; runs on the event loop's thread."""

    def __init__(
        self,
        hub: Hub,
        people: AccountStore,
        accounts: Accounts,
        new_client_id: Callable[[], int],
        canvases: Canvases,
        tasks: Tasks,
        newcomers: NewcomerThrottle,
    ) -> None:
        """``new_client_id``: a fresh Yjs client id (below 2**53) for each text that is begun."""
        self._hub = hub
        self._store = hub.store
        self._people = people
        self._accounts = accounts
        self._new_client_id = new_client_id
        self._newcomers = newcomers
        self.remarks = Remarks(hub)
        """The feedback on essays."""
        self.revisions = Revisions(hub)
        """The history of essays."""
        self.tasks = tasks
        """What workers do with canvases."""
        self.canvases = canvases
        """The pictures and recordings of projects."""

    # ---- essays -----------------------------------------------------------------------------

    async def essay(self, user: User, number: int) -> Seen[EssayState]:
        """An essay as it stands. Raises NotFound."""
        room = await self._hub.look(essay_room(number), user)
        room.served(user, self._hub.clock.now())
        return _seen(room, user)

    async def create_essay(
        self, user: User, *, title: str, prompt: str, word_limit: int | None, content: str
    ) -> Seen[EssayState]:
        """Begin an essay, which belongs to the user. Raises TooLarge (``content``)."""
        text = self._fitting(content)
        number = await self._new_number(RoomKind.ESSAY)
        facts: list[Fact] = [EssayCreated(title, prompt, word_limit)]
        if text:
            facts.append(self._first_text(text))
        room = await self._hub.create(essay_room(number), facts, user)
        return _seen(room, user)

    async def change_essay(
        self,
        user: User,
        number: int,
        fields: Mapping[str, str | int | None],
        content: str | None = None,
        base_seq: int | None = None,
    ) -> Seen[EssayState]:
        """Set title, prompt or word limit, then save the text; nothing at all if either is refused.

        ``content`` None leaves the text alone; ``base_seq`` says which version it was written from.
        Raises NotFound, PermissionDenied, and TooLarge (``content``).
        """
        room = essay_room(number)
        await self._hub.look(room, user, Verb.EDIT)
        if content is not None:
            self._fitting(content)
        if fields:
            await self._hub.execute(room, ChangeEssay(fields), user)
        if content is not None:
            await self._hub.execute(room, SaveText(content, base_seq=base_seq), user)
        return await self.essay(user, number)

    def _fitting(self, content: str) -> str:
        """The text as an essay may hold it. Raises TooLarge."""
        text = clean_text(content)
        units, most = utf16_length(text), self._hub.rules.essay_units
        if units > most:
            message = f"an essay holds at most {most} UTF-16 units, this has {units}"
            raise TooLarge(message, field="content")
        return text

    def _first_text(self, text: str) -> TextEdited:
        ytext = YText(client_id=self._new_client_id())
        try:
            change = diff("", text)
            return TextEdited(change, ytext.edit(change))
        finally:
            ytext.close()

    # ---- projects ---------------------------------------------------------------------------

    async def project(self, user: User, number: int) -> Seen[ProjectState]:
        """A project as it stands. Raises NotFound."""
        room = await self._hub.look(project_room(number), user)
        return _seen(room, user)

    async def create_project(
        self, user: User, *, title: str, description: str, status: str, metadata: Mapping[str, Any]
    ) -> Seen[ProjectState]:
        """Begin a project, which belongs to the user. Nulls in ``metadata`` count as left out."""
        number = await self._new_number(RoomKind.PROJECT)
        fact = ProjectCreated(title, description, status, merge_patch({}, metadata))
        room = await self._hub.create(project_room(number), [fact], user)
        return _seen(room, user)

    async def change_project(
        self, user: User, number: int, changes: Mapping[str, Any]
    ) -> Seen[ProjectState]:
        """Set fields; ``metadata`` is merged. Raises NotFound, PermissionDenied, TooLarge."""
        await self._hub.execute(project_room(number), ChangeProject(changes), user)
        return await self.project(user, number)

    # ---- both -------------------------------------------------------------------------------

    async def rooms(
        self, user: User, kind: RoomKind, *, limit: int, offset: int, search: str = ""
    ) -> Slice[Row]:
        """The rooms that the user may see, newest change first; all of them for an admin.

        ``search``: only those with all of these words, or parts of words, in the title or the
        author's name.
        """
        whose = None if user.role is Role.ADMIN else user.id
        page = await self._store.rooms(
            kind, whose, limit=limit, offset=offset, search=Search.of(search)
        )
        ids = {i for r in page.rooms for i in (r.summary.author, r.summary.updated_by)}
        people = People(await self._people.users(sorted(ids)) if ids else {})
        here = await present_in(self._hub, [listed.room for listed in page.rooms])
        rows = [_row(each, people, user, here.get(each.room, ())) for each in page.rooms]
        return Slice(rows, page.total)

    async def delete_room(self, user: User, room: RoomId) -> None:
        """Delete a room with all that belongs to it. Raises NotFound, PermissionDenied."""
        found = await self._hub.look(room, user)
        await self._hub.execute(room, DeleteRoom(), user)
        if isinstance(found, ProjectRoom):
            await self.canvases.forget(found)

    async def _new_number(self, kind: RoomKind) -> int:
        return (await self._store.new_ids(kind.value, 1))[0]

    # ---- collaborators ----------------------------------------------------------------------

    async def collaborators(
        self, user: User, room: RoomId, *, limit: int, offset: int
    ) -> Slice[Collaborator]:
        """Who has a right in the room, by user id. Raises NotFound."""
        found = await self._hub.look(room, user)
        rights = found.confirmed.rights
        ids = sorted(rights)[offset : offset + limit]
        return Slice([Collaborator(found.people[i], rights[i]) for i in ids], len(rights))

    async def collaborator(self, user: User, room: RoomId, user_id: int) -> Collaborator:
        """One of them. Raises NotFound (field ``user_id`` when the room itself may be seen)."""
        found = await self._hub.look(room, user)
        right = found.confirmed.rights.get(UserId(user_id))
        if right is None:
            raise _no_collaborator(room, user_id)
        return Collaborator(found.people[UserId(user_id)], right)

    async def set_right(
        self, user: User, room: RoomId, user_id: int, right: Right | None
    ) -> Collaborator:
        """Give somebody a right; None keeps theirs, or is what newcomers of their role get.

        Raises NotFound (field ``user_id`` for no such user), PermissionDenied, Conflict, TooLarge,
        RateLimited.
        """
        found = await self._hub.look(room, user, Verb.MANAGE)
        if UserId(user_id) not in found.confirmed.rights:
            self._look_for(user, f"{user_id}")
        known = await self._people.users([UserId(user_id)])
        target = known.get(UserId(user_id))
        if target is None:
            message = f"there is no user {user_id}"
            raise NotFound(message, field="user_id")
        return await self._give(user, found, target, right)

    async def let_in(
        self, user: User, room: RoomId, username: str, right: Right | None
    ) -> Collaborator:
        """The same as ``set_right``, for who knows the user name alone.

        Raises NotFound (field ``username`` for no such user), PermissionDenied, Conflict, TooLarge,
        RateLimited.
        """
        found = await self._hub.look(room, user, Verb.MANAGE)
        if username not in {found.people[one].username for one in found.confirmed.rights}:
            self._look_for(user, f"@{username}")
        account = await self._people.account_named(username)
        if account is None:
            message = "there is no user of this name"
            raise NotFound(message, field="username")
        return await self._give(user, found, account.user, right)

    async def _give(
        self, user: User, room: AnyRoom, target: User, right: Right | None
    ) -> Collaborator:
        here = room.confirmed.rights.get(target.id)
        right = right or here or default_right(target.role)
        if right != here:
            await self._hub.execute(room.id, SetRight(target, right), user)
        return Collaborator(target, right)

    def _look_for(self, user: User, newcomer: str) -> None:
        """Somebody wants to let in somebody, who may not exist. Raises RateLimited."""
        if user.role is not Role.ADMIN:  # admins may list everybody
            self._newcomers.take(user.id, newcomer, self._hub.clock.now().tick)

    async def remove_collaborator(self, user: User, room: RoomId, user_id: int) -> None:
        """Take somebody's right away; anybody may give up their own.

        Raises NotFound (field ``user_id`` for who has none), PermissionDenied, Conflict.
        """
        found = await self._hub.look(room, user)
        was_here = UserId(user_id) in found.confirmed.rights
        await self._hub.execute(room, SetRight(found.people[UserId(user_id)], None), user)
        if not was_here:
            raise _no_collaborator(room, user_id)

    # ---- users ------------------------------------------------------------------------------

    async def users(self, user: User, *, limit: int, offset: int) -> UserPage:
        """Every account, by id; for admins. Raises PermissionDenied."""
        _require_admin(user)
        return await self._people.user_page(limit=limit, offset=offset)

    async def create_user(
        self,
        user: User,
        *,
        username: str,
        password: str | None,
        name: str | None,
        role: Role,
        avatar_url: str | None,
    ) -> User:
        """A new account, made by an admin; see ``Accounts.create_user``.

        Raises PermissionDenied, InvalidMessage naming the field, Conflict (``username``).
        """
        _require_admin(user)
        return await self._accounts.create_user(
            username, password, name=name, role=role, avatar_url=avatar_url
        )


def _seen(room: AnyRoom, user: User) -> Seen[Any]:
    """The room as it is confirmed; ``look`` has seen to it that the user has a right."""
    state: Any = room.confirmed
    return Seen(state, room.people, room.right_of(user) or Right.VIEW)


def _row(listed: ListedRoom, people: People, user: User, present: Sequence[User]) -> Row:
    summary = listed.summary
    right = effective(user, listed.right) or Right.VIEW
    return Row(listed, people[summary.author], people[summary.updated_by], right, present)


def _require_admin(user: User) -> None:
    if user.role is not Role.ADMIN:
        message = "You don't have permission to manage users"
        raise PermissionDenied(message, verb=Verb.MANAGE.value)


def _no_collaborator(room: RoomId, user_id: int) -> NotFound:
    message = f"user {user_id} has no right in this {room.kind}"
    return NotFound(message, field="user_id")
