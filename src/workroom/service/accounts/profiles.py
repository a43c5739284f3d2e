"""What a person's names, picture and password may look like, and how claims become a user."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from workroom.core.people import Role, User
from workroom.errors import InvalidMessage
from workroom.ports.auth import Claims

MAX_USERNAME: Final = 150
MAX_NAME: Final = 200
MAX_AVATAR_URL: Final = 2000
MIN_PASSWORD: Final = 8
MAX_PASSWORD: Final = 1000

_USERNAME: Final = re.compile(rf"[\w.@+-]{{1,{MAX_USERNAME}}}")
# Browsers read a backslash as a slash and drop tabs and newlines: neither may stand in an address.
_AVATAR: Final = re.compile(r"https://[^\s\\/?#@\"'<>]+(?:[/?#][^\s\\\"'<>]*)?|/(?!/)[^\s\\\"'<>]*")
_BIDI_CONTROLS: Final = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_BAD_CATEGORIES: Final = frozenset({"Cc", "Cs", "Zl", "Zp"})


def checked_username(username: str) -> str:
    """The name, in normal form: 1-150 letters, digits and ``@.+-_``. Raises InvalidMessage."""
    normal = unicodedata.normalize("NFKC", username) if len(username) <= MAX_USERNAME else ""
    if not _USERNAME.fullmatch(normal):
        raise InvalidMessage(
            f"username must be 1 to {MAX_USERNAME} letters, digits or @ . + - _", field="username"
        )
    return normal


def checked_name(name: str) -> str:
    """The name as shown: 1-200 characters, not blank, no control characters.

    Raises InvalidMessage.
    """
    if not 1 <= len(name) <= MAX_NAME or name.isspace() or not all(map(_may_show, name)):
        raise InvalidMessage(
            f"name must be 1 to {MAX_NAME} characters, without control characters", field="name"
        )
    return name


def checked_avatar_url(avatar_url: str | None) -> str | None:
    """An ``https`` address, or a path on this server, or None. Raises InvalidMessage."""
    if avatar_url is None:
        return None
    fits = len(avatar_url) <= MAX_AVATAR_URL and all(map(_may_show, avatar_url))
    if not fits or not _AVATAR.fullmatch(avatar_url):
        raise InvalidMessage(
            "avatar_url must begin with https:// or be a path that begins with one /",
            field="avatar_url",
        )
    return avatar_url


def checked_password(password: str) -> str:
    """The password as it is hashed: 8-1000 characters. Raises InvalidMessage."""
    if not MIN_PASSWORD <= len(password) <= MAX_PASSWORD or _has_surrogate(password):
        raise InvalidMessage(
            f"password must be {MIN_PASSWORD} to {MAX_PASSWORD} characters", field="password"
        )
    return normal_password(password)


def normal_password(password: str) -> str:
    """One spelling: keyboards differ in how they compose an accented letter (RFC 8265)."""
    return unicodedata.normalize("NFC", password)


def vouched_user(claims: Claims, known: User | None) -> User:
    """The user that an identity service vouches for; what it does not say stays as it was.

    Values that we would not accept from anybody count as not said.
    """
    username = _accepted_username(claims.username)
    name = _accepted_name(claims.name)
    if known is None:
        called = username or f"user{claims.user_id}"
        role = claims.role or Role.STUDENT
        return User(claims.user_id, called, name or called, role, _avatar(claims, None))
    return User(
        known.id,
        username or known.username,
        name or known.name,
        claims.role or known.role,
        _avatar(claims, known.avatar_url),
    )


def _accepted_username(username: str | None) -> str | None:
    try:
        return None if username is None else checked_username(username)
    except InvalidMessage:
        return None


def _accepted_name(name: str | None) -> str | None:
    try:
        return None if name is None else checked_name(name)
    except InvalidMessage:
        return None


def _avatar(claims: Claims, known: str | None) -> str | None:
    try:
        return checked_avatar_url(claims.avatar_url) or known
    except InvalidMessage:
        return known


def _may_show(character: str) -> bool:
    return (
        unicodedata.category(character) not in _BAD_CATEGORIES and character not in _BIDI_CONTROLS
    )


def _has_surrogate(text: str) -> bool:
    return any("\ud800" <= character <= "\udfff" for character in text)
