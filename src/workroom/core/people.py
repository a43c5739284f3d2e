"""Users, their roles, and the rights that they hold in a room."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum, StrEnum

from workroom.ids import UserId


class Role(StrEnum):
    """What a user is everywhere; admins may do everything."""

    STUDENT = "student"
    COACH = "coach"
    ADMIN = "admin"


class Right(IntEnum):
    """What a user may do in one room. Each right includes the ones below it."""

    VIEW = 1
    COMMENT = 2
    EDIT = 3
    OWNER = 4

    @property
    def word(self) -> str:
        """The name on the wire: ``view``, ``comment``, ``edit`` or ``owner``."""
        return self.name.lower()

    @classmethod
    def named(cls, word: str) -> Right:
        """The right of that name. Raises KeyError for any other word."""
        return cls[word.upper()]


@dataclass(frozen=True, slots=True)
class User:
    """An account as others see it."""

    id: UserId
    username: str
    name: str
    role: Role
    avatar_url: str | None = None


class People:
    """Names for ids: everybody who ever acted in the room, or may."""

    __slots__ = ("_known",)

    def __init__(self, known: Mapping[UserId, User]) -> None:
        self._known = dict(known)

    def meet(self, user: User) -> None:
        """Remember a user, or how they are called now."""
        self._known[user.id] = user

    def __contains__(self, user_id: UserId) -> bool:
        return user_id in self._known

    def __getitem__(self, user_id: UserId) -> User:
        """The user; a stand-in when the account is gone."""
        known = self._known.get(user_id)
        return known or User(user_id, f"user-{user_id}", "Former user", Role.STUDENT)
