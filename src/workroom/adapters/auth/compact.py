"""The compact form of signed tokens (RFC 7515): three base64url parts, taken strictly.

One token has one spelling: padding, white space, foreign characters and stray trailing bits are
refused, so that nobody can make a second text of a token that was seen before.
"""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

MAX_TOKEN: Final = 8192
"""Characters; no longer token is worth reading."""
_MAX_KID: Final = 256


class BadToken(Exception):
    """Not a good token. ``reason`` is one fixed word for the log: it never quotes the token."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class CompactToken:
    """A token taken apart. Nothing in it is to be believed before the signature is checked."""

    algorithm: object
    key_id: str | None
    payload: bytes = field(repr=False)
    signed: bytes = field(repr=False)
    signature: bytes = field(repr=False)


def parse(token: str) -> CompactToken:
    """Take a token apart. Raises BadToken.

    ``jku``, ``jwk``, ``x5u`` and ``x5c`` are not looked at: a token cannot bring its own key.
    """
    if not token.isascii():
        raise BadToken("form")
    parts = token.encode("ascii").split(b".")
    if len(parts) != 3:
        raise BadToken("form")
    head, payload, signature = (_part(part) for part in parts)
    header = json_object(head)
    # We know no extension, and whoever marks one as critical wants it known (RFC 7515, 4.1.11).
    # That includes b64=false (RFC 7797).
    if "crit" in header or header.get("b64", True) is not True:
        raise BadToken("critical")
    key_id = header.get("kid")
    if key_id is not None and not (isinstance(key_id, str) and len(key_id) <= _MAX_KID):
        raise BadToken("kid")
    signed = parts[0] + b"." + parts[1]
    return CompactToken(header.get("alg"), key_id, payload, signed, signature)


def join(header: Mapping[str, Any], payload: Mapping[str, Any]) -> bytes:
    """The first two parts, ready to be signed."""
    return encode(orjson.dumps(header)) + b"." + encode(orjson.dumps(payload))


def encode(data: bytes) -> bytes:
    """Base64url without padding."""
    return urlsafe_b64encode(data).rstrip(b"=")


def json_object(data: bytes) -> dict[str, Any]:
    """A JSON object; NaN and infinities are not JSON. Raises BadToken."""
    try:
        value = orjson.loads(data)
    except orjson.JSONDecodeError:
        value = None
    if not isinstance(value, dict):
        raise BadToken("json")
    return value


def _part(part: bytes) -> bytes:
    try:
        data = urlsafe_b64decode(part + b"=" * (-len(part) % 4))
    except ValueError:
        data = b""
    # The decoder skips what it does not know; only the one right spelling encodes back to itself.
    if not data or encode(data) != part:
        raise BadToken("form")
    return data
