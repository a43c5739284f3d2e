"""Who may do what: a table, not ifs.

``REQUIRED[kind][verb]`` is the least right that allows the verb in a room of that kind. A verb that
is missing for a kind cannot be done there by anyone.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from workroom.core.people import Right, Role, User
from workroom.errors import PermissionDenied
from workroom.ids import RoomKind, UserId


class Verb(StrEnum):
    """What somebody wants to do; the value is the word in the documented refusal."""

    VIEW = "view"
    COMMENT = "comment on"
    EDIT = "edit"
    MANAGE = "manage"


REQUIRED: Final[Mapping[RoomKind, Mapping[Verb, Right]]] = MappingProxyType(
    {
        RoomKind.ESSAY: {
            Verb.VIEW: Right.VIEW,
            Verb.COMMENT: Right.COMMENT,
            Verb.EDIT: Right.EDIT,
            Verb.MANAGE: Right.OWNER,
        },
        RoomKind.PROJECT: {
            Verb.VIEW: Right.VIEW,
            Verb.EDIT: Right.EDIT,
            Verb.MANAGE: Right.OWNER,
        },
    }
)


class Deed(StrEnum):
    """What somebody does with a piece of feedback or a reply that is there."""

    REPLY = "reply"
    RESOLVE = "resolve"
    """Also to reopen."""
    CHANGE = "change"
    """Also to delete; a reply as well."""


FEEDBACK: Final[Mapping[Deed, tuple[Verb, Verb]]] = MappingProxyType(
    {
        Deed.REPLY: (Verb.COMMENT, Verb.COMMENT),
        Deed.RESOLVE: (Verb.COMMENT, Verb.COMMENT),
        Deed.CHANGE: (Verb.COMMENT, Verb.MANAGE),
    }
)
"""What one has to be allowed to do with the essay: for one's own words, and for somebody else's."""


def effective(user: User, granted: Right | None) -> Right | None:
    """The right that counts: admins own every room."""
    return Right.OWNER if user.role is Role.ADMIN else granted


def allows(kind: RoomKind, verb: Verb, right: Right | None) -> bool:
    """Whether ``right`` is enough for ``verb`` in a room of this kind."""
    required = REQUIRED[kind].get(verb)
    return required is not None and right is not None and right >= required


def require(kind: RoomKind, verb: Verb, right: Right | None) -> None:
    """Raise PermissionDenied, in the documented words, unless ``right`` allows ``verb``."""
    if not allows(kind, verb, right):
        message = f"You don't have permission to {verb.value} this {kind.value}"
        raise PermissionDenied(message, verb=verb.value)


def default_right(role: Role) -> Right:
    """What a new collaborator gets unless told otherwise: coaches edit, others view."""
    return Right.EDIT if role is Role.COACH else Right.VIEW


def with_right(
    rights: Mapping[UserId, Right], user_id: UserId, right: Right | None
) -> Mapping[UserId, Right]:
    """``rights`` with one user's right set, or taken away."""
    changed = dict(rights)
    if right is None:
        changed.pop(user_id, None)
    else:
        changed[user_id] = right
    return MappingProxyType(changed)
