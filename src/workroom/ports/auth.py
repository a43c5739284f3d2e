"""What Workroom needs of authentication: to check tokens, to issue them, to hash passwords."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

from workroom.core.people import Role
from workroom.ids import SessionId, UserId


@dataclass(frozen=True, slots=True)
class Claims:
    """What a verified token says. Times are whole seconds since 1970, UTC.

    The profile fields are None where the token does not carry them.
    """

    user_id: UserId
    expires: int
    """When we stop to honour the token: its ``exp``, and the leeway if there is one."""
    session: SessionId | None
    """``sid`` of our own tokens, else ``jti``; None when the token has neither."""
    token_id: str | None
    username: str | None = None
    name: str | None = None
    role: Role | None = None
    avatar_url: str | None = None
    issued: int | None = None
    """``iat``; None where the token does not say."""
    local: bool = False
    """True for a token that this server issued itself; those never carry a profile."""


TokenType = Literal["access", "refresh"]


class TokenVerifier(Protocol):
    """Checks tokens: ours, and those of an identity service whose keys we were given."""

    async def verify(self, token: str, expected: TokenType = "access") -> Claims:
        """Raises NotAuthenticated for any token that is not good; the peer is not told why."""


class TokenIssuer(Protocol):
    """Signs our own tokens."""

    def issue(
        self, kind: TokenType, user_id: UserId, session: SessionId, *, lifetime: int
    ) -> tuple[str, Claims]:
        """A token good for ``lifetime`` seconds, and what it says."""


class PasswordHasher(Protocol):
    """Hashes passwords, slowly, and never on the event loop."""

    async def hash(self, password: str) -> str:
        """Raises RateLimited when too many hashes are waiting."""

    async def verify(self, password: str, password_hash: str | None) -> bool:
        """Takes as long for None (no such user) as for a wrong password.

        Raises RateLimited when too many checks are waiting.
        """
