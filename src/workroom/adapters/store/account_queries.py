"""The SQL of accounts and log-ins: small functions on an open connection, for every SQL store.

Each runs inside the caller's transaction and lets the driver's errors through.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Connection, bindparam, delete, func, insert, select, update

from workroom.adapters.store.queries import USER_COLUMNS, next_id, set_next_id, user_of
from workroom.adapters.store.sql import fetch
from workroom.adapters.store.tables import sessions, users
from workroom.core.people import User
from workroom.errors import Conflict, Unavailable
from workroom.ids import MAX_ID, SessionId, UserId
from workroom.ports.accounts import Account, NewUser, UserPage

SESSION_SLACK: Final = 3_600
"""Seconds for which a log-in that is over is still kept, for verifiers whose clock is behind."""

_ID: Final[Any] = bindparam("id")
_BY_ID: Final = select(users).where(users.c.id == _ID)
_BY_KEY: Final = select(users).where(users.c.username_key == bindparam("key"))
_USERS_WITH: Final = select(*USER_COLUMNS).where(users.c.id.in_(bindparam("keys", expanding=True)))
_USER_PAGE: Final = (
    select(*USER_COLUMNS).order_by(users.c.id).limit(bindparam("limit")).offset(bindparam("offset"))
)
_USERS_TOTAL: Final = select(func.count()).select_from(users)
_KEYS_AT_ONCE: Final = 10_000


def username_key(username: str) -> str:
    """A user name as it is compared: without case, and however its letters were composed."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", username).casefold())


# Accounts


def account(connection: Connection, user_id: UserId) -> Account | None:
    """The account with that id."""
    return _account(connection.execute(_BY_ID, {"id": user_id}).mappings().first())


def account_named(connection: Connection, username: str) -> Account | None:
    """The account with that name."""
    return _account(connection.execute(_BY_KEY, {"key": username_key(username)}).mappings().first())


def _account(row: Any) -> Account | None:
    if row is None:
        return None
    user = user_of([row[column] for column in USER_COLUMNS])
    return Account(user, row[users.c.password_hash], row[users.c.disabled])


def users_with(connection: Connection, ids: Sequence[UserId]) -> dict[UserId, User]:
    """The users with these ids."""
    found: dict[UserId, User] = {}
    for start in range(0, len(ids), _KEYS_AT_ONCE):
        part = list(ids[start : start + _KEYS_AT_ONCE])
        for user in map(user_of, fetch(connection, _USERS_WITH, {"keys": part})):
            found[user.id] = user
    return found


def user_page(connection: Connection, limit: int, offset: int) -> UserPage:
    """A page of all users, by id."""
    rows = fetch(connection, _USER_PAGE, {"limit": limit, "offset": offset})
    total = connection.execute(_USERS_TOTAL).scalar_one()
    return UserPage([user_of(row) for row in rows], total)


def create_user(connection: Connection, new: NewUser) -> User:
    """Add an account. Raises Conflict when its name or id is taken."""
    _refuse_taken_name(connection, new.username, None)
    if new.id is not None and account(connection, new.id) is not None:
        raise Conflict(f"The user id {new.id} is taken", field="id")
    user_id = _free_user_id(connection) if new.id is None else new.id
    user = User(user_id, new.username, new.name, new.role, new.avatar_url)
    _insert_user(connection, user, new.password_hash)
    return user


def provision(connection: Connection, user: User) -> User:
    """Add or update an account from elsewhere. Raises Conflict when the name is another's."""
    _refuse_taken_name(connection, user.username, user.id)
    if account(connection, user.id) is None:
        _insert_user(connection, user, None)
    else:
        connection.execute(update(users).where(users.c.id == user.id).values(_profile(user)))
    return user


def set_password(connection: Connection, user_id: UserId, password_hash: str) -> bool:
    """False when there is no such user."""
    statement = update(users).where(users.c.id == user_id).values(password_hash=password_hash)
    return connection.execute(statement).rowcount > 0


def _refuse_taken_name(connection: Connection, username: str, owner: UserId | None) -> None:
    known = account_named(connection, username)
    if known is not None and known.user.id != owner:
        raise Conflict(f"The user name {username} is taken", field="username")


def _free_user_id(connection: Connection) -> UserId:
    """The next id that nobody has; ids chosen by others are stepped over, not counted on from."""
    number = next_id(connection, "user")
    while number <= MAX_ID and account(connection, UserId(number)) is not None:
        number += 1
    if number > MAX_ID:
        raise Unavailable("There are no free user ids left")
    set_next_id(connection, "user", number + 1)
    return UserId(number)


def _insert_user(connection: Connection, user: User, password_hash: str | None) -> None:
    connection.execute(
        insert(users).values(
            id=user.id, password_hash=password_hash, disabled=False, **_profile(user)
        )
    )


def _profile(user: User) -> dict[str, Any]:
    return {
        "username": user.username,
        "username_key": username_key(user.username),
        "name": user.name,
        "role": user.role.value,
        "avatar_url": user.avatar_url,
    }


# Log-ins


def open_session(
    connection: Connection,
    session: SessionId,
    user_id: UserId,
    refresh_id: str,
    expires: int,
    now: int,
) -> None:
    """Remember a log-in; and forget those that are long over. Raises Conflict for a known one."""
    connection.execute(delete(sessions).where(sessions.c.expires < now - SESSION_SLACK))
    if connection.execute(select(sessions.c.sid).where(sessions.c.sid == session)).first():
        raise Conflict("There is a log-in with that id already", field="session")
    connection.execute(
        insert(sessions).values(
            sid=session, user_id=user_id, refresh_id=refresh_id, expires=expires, revoked=False
        )
    )


def rotate_session(
    connection: Connection,
    session: SessionId,
    old_refresh_id: str,
    new_refresh_id: str,
    expires: int,
    now: int,
) -> bool:
    """Exchange the refresh token; revokes the log-in when the old one is not the good one."""
    this = sessions.c.sid == session
    row = connection.execute(select(sessions).where(this).with_for_update()).first()
    if row is None or row.revoked or row.expires <= now:
        return False
    if row.refresh_id != old_refresh_id:
        connection.execute(update(sessions).where(this).values(revoked=True))
        return False
    connection.execute(
        update(sessions).where(this).values(refresh_id=new_refresh_id, expires=expires)
    )
    return True


def revoke_session(connection: Connection, session: SessionId, expires: int) -> None:
    """End a log-in, known or not."""
    this = sessions.c.sid == session
    row = connection.execute(select(sessions.c.expires).where(this).with_for_update()).first()
    if row is None:
        connection.execute(insert(sessions).values(sid=session, expires=expires, revoked=True))
    else:
        connection.execute(
            update(sessions).where(this).values(revoked=True, expires=max(expires, row.expires))
        )


def sessions_of(connection: Connection, user_id: UserId, now: int) -> Sequence[SessionId]:
    """The log-ins of a user that are neither revoked nor over."""
    statement = (
        select(sessions.c.sid)
        .where(
            sessions.c.user_id == user_id,
            sessions.c.revoked.is_(False),
            sessions.c.expires > now,
        )
        .order_by(sessions.c.sid)
    )
    return [SessionId(sid) for sid in connection.execute(statement).scalars()]


def revoked_sessions(connection: Connection, now: int) -> frozenset[SessionId]:
    """Revoked log-ins whose tokens may be unexpired at ``now``."""
    statement = select(sessions.c.sid).where(sessions.c.revoked.is_(True), sessions.c.expires > now)
    return frozenset(SessionId(sid) for sid in connection.execute(statement).scalars())
