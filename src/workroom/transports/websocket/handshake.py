"""The opening handshake (RFC 6455, section 4.2), from the request head as uvicorn hands it on."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote_to_bytes

from workroom.service.door.outlet import Handshake, Reject
from workroom.transports.websocket.addresses import TrustedProxies
from workroom.transports.websocket.problem import Headers, problem_response

_GUID: Final = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_TOKEN: Final = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_ABSOLUTE: Final = re.compile(r"(?i:https?|wss?)://[^/?#]*")
_KEY_BYTES: Final = 16


class BadHandshake(Exception):
    """The request cannot become a WebSocket; carries the whole answer."""

    def __init__(self, status: int, code: str, message: str, headers: Headers = ()) -> None:
        super().__init__(message)
        self.code: Final = code
        self.response: Final = problem_response(status, code, message, headers)


def _bad(message: str, headers: Headers = ()) -> BadHandshake:
    return BadHandshake(400, "bad_handshake", message, headers)


@dataclass(frozen=True, slots=True)
class Opening:
    """A handshake in order: what the door is asked, and the key that the answer needs."""

    handshake: Handshake
    key: bytes


class _Fields:
    """Header fields of one request head."""

    __slots__ = ("_values",)

    def __init__(self, lines: Sequence[bytes]) -> None:
        self._values: dict[str, list[str]] = {}
        for line in lines:
            # latin-1 never fails; what may not hold such bytes is checked where it is used.
            name, _, value = line.decode("latin-1").partition(":")
            self._values.setdefault(name.strip().lower(), []).append(value.strip())

    def all(self, name: str) -> Sequence[str]:
        return self._values.get(name, ())

    def items(self, name: str) -> list[str]:
        """The parts of a comma-separated list, empty ones left out."""
        parts = (part.strip() for value in self.all(name) for part in value.split(","))
        return [part for part in parts if part]

    def at_most_one(self, name: str) -> str | None:
        values = self.all(name)
        if len(values) > 1:
            message = f"more than one {name} header"
            raise _bad(message)
        return values[0] if values else None

    def one(self, name: str) -> str:
        value = self.at_most_one(name)
        if not value:
            message = f"missing {name} header"
            raise _bad(message)
        return value


def read_opening(head: bytes, peer: str, proxies: TrustedProxies) -> Opening:
    """Check the request head against RFC 6455. ``peer`` is the socket's address.

    Raises ``BadHandshake``, and nothing else, whatever the bytes.
    """
    request, *lines = head.partition(b"\r\n\r\n")[0].split(b"\r\n")
    method, _, rest = request.decode("latin-1").partition(" ")
    fields = _Fields(lines)
    _check_request(method, fields)
    path, query = _split_target(rest.rpartition(" ")[0])
    handshake = Handshake(
        path=path,
        query=query,
        origin=fields.at_most_one("origin"),
        host=fields.one("host"),
        subprotocols=_subprotocols(fields),
        address=proxies.client(peer, fields.all("x-forwarded-for")),
    )
    return Opening(handshake, _key(fields))


def _check_request(method: str, fields: _Fields) -> None:
    if method != "GET":
        message = "a WebSocket is opened with GET"
        raise BadHandshake(405, "method_not_allowed", message, [("Allow", "GET")])
    upgrades = [upgrade.lower() for upgrade in fields.items("upgrade")]
    if upgrades != ["websocket"]:
        raise BadHandshake(
            426, "upgrade_required", "only WebSockets are served here", [("Upgrade", "websocket")]
        )
    if fields.all("transfer-encoding") or fields.items("content-length") not in ([], ["0"]):
        # Its bytes would be taken for frames.
        message = "a handshake has no body"
        raise _bad(message)
    _check_version(fields)


def _check_version(fields: _Fields) -> None:
    spoken = [("Sec-WebSocket-Version", "13")]
    versions = fields.all("sec-websocket-version")
    if not versions:
        message = "missing Sec-WebSocket-Version header"
        raise _bad(message, spoken)
    if list(versions) != ["13"]:
        message = "only version 13 of the WebSocket protocol is spoken here"
        raise BadHandshake(426, "upgrade_required", message, [("Upgrade", "websocket"), *spoken])


def _key(fields: _Fields) -> bytes:
    key = fields.one("sec-websocket-key")
    try:
        nonce = base64.b64decode(key.encode("ascii"), validate=True)
    except (UnicodeEncodeError, binascii.Error):
        nonce = b""
    if len(nonce) != _KEY_BYTES:
        message = "Sec-WebSocket-Key is not 16 bytes in base64"
        raise _bad(message)
    return key.encode("ascii")


def _split_target(target: str) -> tuple[str, str]:
    if not target.isascii() or not target.isprintable() or " " in target:
        message = "the target holds bytes that no URL may hold"
        raise _bad(message)
    # The absolute form is what a proxy is sent; servers must take it too (RFC 9112, 3.2.2).
    path, _, query = _ABSOLUTE.sub("", target, count=1).partition("#")[0].partition("?")
    if path and not path.startswith("/"):
        message = "the target is no path"
        raise _bad(message)
    try:
        return unquote_to_bytes(path or "/").decode("utf-8"), query
    except UnicodeDecodeError:
        message = "the path is not UTF-8"
        raise _bad(message) from None


def _subprotocols(fields: _Fields) -> Sequence[str]:
    offered = tuple(fields.items("sec-websocket-protocol"))
    if not all(_TOKEN.fullmatch(name) for name in offered):
        message = "Sec-WebSocket-Protocol is not a list of tokens"
        raise _bad(message)
    return offered


def accept_response(opening: Opening, subprotocol: str | None) -> bytes:
    """The 101. Raises ``ValueError`` for a subprotocol that the client did not offer."""
    # No need for more than SHA-1 here: the key proves that a WebSocket server answers, no more.
    digest = hashlib.sha1(opening.key + _GUID, usedforsecurity=False).digest()
    chosen = b""
    if subprotocol is not None:
        if subprotocol not in opening.handshake.subprotocols:
            message = "the door chose a subprotocol that was not offered"
            raise ValueError(message)
        chosen = b"Sec-WebSocket-Protocol: " + subprotocol.encode("ascii") + b"\r\n"
    return (
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: " + base64.b64encode(digest) + b"\r\n" + chosen + b"\r\n"
    )


def reject_response(reject: Reject) -> bytes:
    """The refusal that the door decided on."""
    headers = [] if reject.retry_after is None else [("Retry-After", str(reject.retry_after))]
    return problem_response(reject.status, reject.code, reject.message, headers)
