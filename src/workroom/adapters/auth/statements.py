"""What the payload of a token says: every claim checked for its value, not for its presence."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from workroom.adapters.auth.compact import BadToken
from workroom.core.people import Role
from workroom.ids import MAX_ID, SessionId, UserId
from workroom.ports.auth import Claims, TokenType

_END_OF_9999: Final = 253_402_300_799
"""Seconds. Later times are mistakes: milliseconds taken for seconds, mostly."""
_MAX_NAME: Final = 255
_MAX_TEXT: Final = 2000
_DECIMAL: Final = re.compile(r"[1-9][0-9]{0,15}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Audience:
    """For whom and by whom a token of elsewhere must be; None asks nothing of the issuer."""

    audience: str | None = None
    issuer: str | None = None

    def check(self, payload: Mapping[str, Any]) -> None:
        """Raises BadToken. A token that names audiences is for them alone (RFC 7519, 4.1.3)."""
        named = payload.get("aud")
        if named is not None or self.audience is not None:
            names = named if isinstance(named, list) else [named]
            if self.audience is None or self.audience not in names:
                raise BadToken("aud")
        if self.issuer is not None and payload.get("iss") != self.issuer:
            raise BadToken("iss")


@dataclass(frozen=True, slots=True)
class Statement:
    """A well-signed token's content. It keeps: what depends on time is in ``check``."""

    claims: Claims
    kind: str | None
    not_before: float
    """Seconds since 1970; not positive when the token does not say."""

    def check(self, expected: TokenType, now_ms: int) -> None:
        """Raises BadToken when it is of the wrong kind, over, or not yet good."""
        if self.kind != expected and not (self.kind is None and expected == "access"):
            raise BadToken("token_type")
        if now_ms >= self.claims.expires * 1000:
            raise BadToken("expired")
        if now_ms < self.not_before * 1000:
            raise BadToken("not yet")


def read_statement(payload: Mapping[str, Any], *, local: bool, leeway: int = 0) -> Statement:
    """Read the claims of a payload. Raises BadToken.

    ``local``: we wrote it ourselves. ``leeway``: seconds by which it is good earlier and longer.
    """
    kind = payload.get("token_type")
    if "token_type" in payload and not isinstance(kind, str):
        raise BadToken("token_type")
    issued, not_before = _moment(payload, "iat"), _moment(payload, "nbf") or 0
    if issued is not None and not local:
        # Ours may come from a node whose clock is a little ahead; we know that it is no forgery.
        not_before = max(not_before, issued)
    token_id = _name(payload, "jti")
    claims = Claims(
        user_id=_user_id(payload),
        expires=_expires(payload) + leeway,
        session=_session(payload, token_id),
        token_id=token_id,
        username=_text(payload, "username"),
        name=_text(payload, "name"),
        role=_role(payload.get("role")),
        avatar_url=_text(payload, "avatar_url"),
        issued=None if issued is None else int(issued),
        local=local,
    )
    return Statement(claims, kind, not_before - leeway)


def _user_id(payload: Mapping[str, Any]) -> UserId:
    value = payload["user_id"] if "user_id" in payload else payload.get("sub")
    if isinstance(value, str) and _DECIMAL.fullmatch(value):
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= MAX_ID:
        raise BadToken("user_id")
    return UserId(value)


def _expires(payload: Mapping[str, Any]) -> int:
    expires = _moment(payload, "exp")
    if expires is None:
        raise BadToken("exp")
    return int(expires)


def _moment(payload: Mapping[str, Any], claim: str) -> float | None:
    """A NumericDate: seconds since 1970, perhaps with a fraction. None when absent."""
    if claim not in payload:
        return None
    value = payload[claim]
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise BadToken(claim)
    if not 0 < value <= _END_OF_9999:
        raise BadToken(claim)
    return value


def _session(payload: Mapping[str, Any], token_id: str | None) -> SessionId | None:
    session = _name(payload, "sid") or token_id
    return None if session is None else SessionId(session)


def _name(payload: Mapping[str, Any], claim: str) -> str | None:
    """A name that log-outs are kept under: refused, rather than ignored, when it is none."""
    value = payload.get(claim)
    if value is None:
        return None
    if not isinstance(value, str) or not 0 < len(value) <= _MAX_NAME or not value.isprintable():
        raise BadToken(claim)
    return value


def _text(payload: Mapping[str, Any], claim: str) -> str | None:
    """A word about the person; one of the wrong shape counts as not said."""
    value = payload.get(claim)
    return value if isinstance(value, str) and len(value) <= _MAX_TEXT else None


def _role(value: object) -> Role | None:
    return Role(value) if isinstance(value, str) and value in Role.__members__.values() else None
