"""What the authentication tests share: keys, hand-made tokens, a small account store, a server."""

from __future__ import annotations

import asyncio
import json
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from hashlib import sha256
from hmac import digest
from typing import Any, TypeVar

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from workroom.adapters.store import MemoryStore
from workroom.ids import SessionId, UserId
from workroom.ports.accounts import Account
from workroom.testing.clock import FakeClock

Result = TypeVar("Result")

SECRET = b"not-printed-anywhere-9f8e7d6c5b4a3210"
NOW = 1_767_225_600
"""Seconds; where ``FakeClock`` begins."""


def at_once(coroutine: Coroutine[Any, Any, Result]) -> Result:
    """The result of a coroutine that never has to wait."""
    try:
        coroutine.send(None)
    except StopIteration as done:
        result: Result = done.value
        return result
    raise AssertionError("it waited")


def b64(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def raw_token(header: object, payload: object, secret: bytes = SECRET) -> str:
    """A token signed with HMAC-SHA256, whatever its header claims."""
    head = header if isinstance(header, bytes) else json.dumps(header).encode()
    body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    signed = f"{b64(head)}.{b64(body)}"
    return f"{signed}.{b64(digest(secret, signed.encode(), sha256))}"


def hs256(**claims: Any) -> str:
    """A token as another program with our secret would write it."""
    return raw_token({"alg": "HS256", "typ": "JWT"}, {"user_id": 1, "exp": NOW + 60} | claims)


def forged(**claims: Any) -> str:
    """The same, signed with another secret."""
    payload = {"user_id": 1, "exp": NOW + 60} | claims
    return raw_token({"alg": "HS256", "typ": "JWT"}, payload, b"x" * 32)


@cache
def rsa_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


@cache
def other_rsa_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


@cache
def ec_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


@cache
def ed_key() -> ed25519.Ed25519PrivateKey:
    return ed25519.Ed25519PrivateKey.generate()


PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey


def pem(key: PrivateKey) -> str:
    """The public half."""
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def algorithm_of(key: PrivateKey) -> str:
    if isinstance(key, rsa.RSAPrivateKey):
        return "RS256"
    return "ES256" if isinstance(key, ec.EllipticCurvePrivateKey) else "EdDSA"


def signed(key: PrivateKey, *, header: Mapping[str, Any] | None = None, **claims: Any) -> str:
    """A token of the identity service."""
    payload = {"sub": "7", "exp": NOW + 60, "jti": "elsewhere-1"} | claims
    return jwt.encode(
        payload, key, algorithm=algorithm_of(key), headers=None if header is None else dict(header)
    )


def jwk(key: PrivateKey, kid: str | None, **more: Any) -> dict[str, Any]:
    """The public half as a member of a JWK set."""
    algorithm = jwt.get_algorithm_by_name(algorithm_of(key))
    entry = dict(algorithm.to_jwk(key.public_key(), as_dict=True))
    entry.pop("key_ops", None)
    return entry | ({} if kid is None else {"kid": kid}) | more


def jwks(*entries: Mapping[str, Any]) -> bytes:
    return json.dumps({"keys": entries}).encode()


@dataclass
class LoopbackServer:
    """A tiny HTTP server that gives one answer, and counts who asks."""

    body: bytes = b""
    status: str = "200 OK"
    headers: str = ""
    silent: bool = False
    connections: int = 0
    requests: list[bytes] = field(default_factory=list)
    url: str = ""
    writers: list[asyncio.StreamWriter] = field(default_factory=list)
    handlers: list[asyncio.Task[Any]] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.writers.append(writer)
        if (task := asyncio.current_task()) is not None:
            self.handlers.append(task)
        try:
            self.requests.append(await reader.readuntil(b"\r\n\r\n"))
            if self.silent:
                await reader.read()
            head = f"HTTP/1.1 {self.status}\r\n{self.headers}connection: close\r\n\r\n"
            writer.write(head.encode() + self.body)
            await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def hang_up(self, server: asyncio.Server) -> None:
        """Leave no socket behind that the garbage collector would find during another test."""
        # Turns of the loop, until an accepted connection reaches ``serve``. A server that is closed
        # before that, as when the client gave up at once, forgets the socket, and closes it never.
        for _ in range(10):
            await asyncio.sleep(0)
        server.close()
        for writer in self.writers:
            writer.transport.abort()
        await asyncio.gather(*self.handlers, return_exceptions=True)
        await asyncio.gather(*(w.wait_closed() for w in self.writers), return_exceptions=True)


@asynccontextmanager
async def loopback(**settings: Any) -> AsyncIterator[LoopbackServer]:
    """A server on 127.0.0.1 for the length of a test."""
    answering = LoopbackServer(**settings)
    server = await asyncio.start_server(answering.serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    answering.url = f"http://127.0.0.1:{port}/jwks.json"
    try:
        yield answering
    finally:
        await answering.hang_up(server)


class PlainHasher:
    """Implements ``PasswordHasher`` without any work, and counts what it would have cost."""

    def __init__(self) -> None:
        self.checks: list[tuple[str, str | None]] = []

    async def hash(self, password: str) -> str:
        return f"plain:{password}"

    async def verify(self, password: str, password_hash: str | None) -> bool:
        self.checks.append((password, password_hash))
        await asyncio.sleep(0)
        return password_hash == f"plain:{password}"


class WatchedStore(MemoryStore):
    """The store in memory, with its calls counted and a door to what it holds."""

    def __init__(self, clock: FakeClock) -> None:
        super().__init__(clock=lambda: clock.wall // 1000)
        self.reads = 0
        self.writes = 0

    @property
    def accounts(self) -> dict[UserId, Account]:
        return self._accounts

    @property
    def open_sessions(self) -> list[SessionId]:
        return [name for name, session in self._sessions.items() if not session.revoked]

    def disable(self, user_id: UserId) -> None:
        """As an operator does, behind the server's back."""
        self._accounts[user_id] = replace(self._accounts[user_id], disabled=True)

    async def account(self, user_id: UserId) -> Account | None:
        await asyncio.sleep(0)  # a real store takes its time, in which other things happen
        found = await super().account(user_id)
        await asyncio.sleep(0)
        return found

    async def accounts_with(self, ids: Sequence[UserId]) -> Mapping[UserId, Account]:
        await asyncio.sleep(0)
        found = await super().accounts_with(ids)
        await asyncio.sleep(0)
        return found

    def _may_read(self) -> None:
        super()._may_read()
        self.reads += 1

    def _may_write(self) -> None:
        super()._may_write()
        self.writes += 1
