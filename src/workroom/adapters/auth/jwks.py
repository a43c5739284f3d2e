"""The public keys of an identity service: a JWK set (RFC 7517) from a file or a URL.

The place is the operator's; nothing that a token says can change it. ``kid`` only looks keys up.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from math import inf
from pathlib import Path
from ssl import SSLContext
from typing import Final, Protocol, TypeAlias

import httpx
import orjson

from workroom.adapters.auth.verification import VerificationKey, key_from_jwk
from workroom.errors import Misconfigured, Unavailable
from workroom.observe import logger
from workroom.ports.clock import Clock

log = logger("auth")

MAX_SIZE: Final = 256 * 1024
"""Bytes of a JWK set."""
_MAX_KEYS: Final = 64
_MAX_TRIED: Final = 4
"""Keys that one token is tried with, when several have its ``kid`` or it names none."""


class BadKeySet(Exception):
    """There is no usable JWK set at that place. The text is fit for the log."""


class KeySource(Protocol):
    """Where a JWK set is read."""

    async def read(self) -> bytes:
        """Raises BadKeySet."""


class FileSource:
    """A JWK set in a file, which may be replaced at any time."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def read(self) -> bytes:
        """The file's content. Raises BadKeySet."""
        return await asyncio.to_thread(self._read)

    def _read(self) -> bytes:
        try:
            with self._path.open("rb") as file:
                content = file.read(MAX_SIZE + 1)
        except OSError as error:
            raise BadKeySet(error.strerror or "cannot be read") from None
        return _within_limit(content)


class UrlSource:
    """A JWK set at an http(s) address. Redirects are not followed, nor is compression taken.

    ``timeout`` in seconds is for the whole exchange.
    """

    def __init__(
        self, url: str, *, timeout: float = 5.0, setting: str = "WORKROOM_AUTH_JWKS"
    ) -> None:
        """Raises Misconfigured, naming ``setting``, when ``url`` is not http(s)."""
        try:
            parsed = httpx.URL(url)
        except httpx.InvalidURL:
            parsed = httpx.URL()
        if parsed.scheme not in {"http", "https"} or not parsed.host:
            raise Misconfigured(f"{setting} must be an http(s) address", field=setting)
        if parsed.scheme == "http" and parsed.host not in {"localhost", "127.0.0.1", "::1"}:
            log.warning("jwks_without_tls", setting=setting, host=parsed.host)
        # Apart from the address, which httpx writes into its log.
        self._login = (parsed.username, parsed.password) if parsed.userinfo else None
        self._url = parsed.copy_with(userinfo=b"")
        self._timeout = timeout
        self._tls: SSLContext | None = None

    async def read(self) -> bytes:
        """The body of the answer. Raises BadKeySet."""
        try:
            async with (
                asyncio.timeout(self._timeout),
                await self._client() as client,
                client.stream("GET", self._url, headers=_WANTED) as response,
            ):
                return await _body(response)
        except (httpx.HTTPError, httpx.InvalidURL, OSError, TimeoutError) as error:
            # The class only: the text of such errors may quote the address, or the answer.
            raise BadKeySet(type(error).__name__) from None

    async def _client(self) -> httpx.AsyncClient:
        if self._tls is None:
            # Reads all the world's root certificates: tens of milliseconds, once, off the loop.
            self._tls = await asyncio.to_thread(httpx.create_ssl_context)
        return httpx.AsyncClient(timeout=self._timeout, auth=self._login, verify=self._tls)


_WANTED: Final = {
    "accept": "application/jwk-set+json, application/json",
    "accept-encoding": "identity",
}


async def _body(response: httpx.Response) -> bytes:
    if response.status_code != httpx.codes.OK:
        raise BadKeySet(f"status {response.status_code}")
    if response.headers.get("content-encoding", "identity") != "identity":
        raise BadKeySet("compressed answer")
    content = bytearray()
    async for chunk in response.aiter_raw():
        content += chunk
        if len(content) > MAX_SIZE:
            break
    return _within_limit(content)


def _within_limit(content: bytes | bytearray) -> bytes:
    if len(content) > MAX_SIZE:
        raise BadKeySet("too large")
    return bytes(content)


KeySet: TypeAlias = Mapping[tuple[str | None, str], Sequence[VerificationKey]]
"""Keys by ``kid`` and algorithm; under None all keys of that algorithm."""


def parse_key_set(content: bytes) -> KeySet:
    """Read a JWK set; entries that are not public signature keys of ours to use are left out.

    Raises BadKeySet when it is none, or holds no usable key.
    """
    try:
        document = orjson.loads(content)
    except orjson.JSONDecodeError:
        document = None
    entries = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(entries, list):
        raise BadKeySet("not a JWK set")
    keys: defaultdict[tuple[str | None, str], list[VerificationKey]] = defaultdict(list)
    for entry in entries[:_MAX_KEYS]:
        key = key_from_jwk(entry) if isinstance(entry, dict) else None
        if key is None:
            continue
        keys[None, key.algorithm].append(key)
        if isinstance(key_id := entry.get("kid"), str):
            keys[key_id, key.algorithm].append(key)
    if not keys:
        raise BadKeySet("no usable key")
    return {name: tuple(found[:_MAX_TRIED]) for name, found in keys.items()}


class Jwks:
    """A cached key set: read at the start, renewed in the background, asked for unknown keys.

    All times are seconds. A set older than ``renew_after`` is renewed while it still serves; one
    that could not be renewed for ``give_up_after`` serves no longer. Between two reads there are
    always ``pause`` seconds, however many tokens name unknown keys.
    """

    def __init__(
        self,
        source: KeySource,
        clock: Clock,
        *,
        renew_after: float = 600.0,
        give_up_after: float = 86_400.0,
        pause: float = 10.0,
    ) -> None:
        self._generation = 0
        self._source = source
        self._clock = clock
        self._renew_after = renew_after
        self._give_up_after = give_up_after
        self._pause = pause
        self._keys: KeySet | None = None
        self._content = b""
        self._read_at = -inf
        self._tried_at = -inf
        self._reading: asyncio.Task[None] | None = None

    async def start(self, *, required: bool = False) -> None:
        """Read the keys. Raises Misconfigured if that fails and the set is ``required``."""
        if (reading := self._begin_reading()) is not None:
            await asyncio.shield(reading)
        if required and self._keys is None:
            message = "the JWK set cannot be read, or holds no usable key"
            raise Misconfigured(message, field="WORKROOM_AUTH_JWKS")

    async def close(self) -> None:
        """Stop reading."""
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.gather(self._reading, return_exceptions=True)

    def generation(self) -> int:
        """A number that changes whenever the keys do: good until then is what they verified.

        Asking begins to renew a set that is due, so that a withdrawn key is noticed even if every
        token is known from before. Call it on the event loop.
        """
        self._expire()
        if self._clock.now().tick >= self._read_at + self._renew_after:
            self._begin_reading()
        return self._generation

    async def find(self, key_id: str | None, algorithm: str) -> Sequence[VerificationKey]:
        """The keys of that name and algorithm; none is an answer too.

        Raises Unavailable while there is no key set at all.
        """
        self.generation()
        found = self._look_up(key_id, algorithm)
        if not found and (reading := self._begin_reading()) is not None:
            # Shielded: the next in line waits for the same answer when this one is cancelled.
            await asyncio.shield(reading)
            found = self._look_up(key_id, algorithm)
        if self._keys is None:
            raise Unavailable("The keys of the identity service are not at hand")
        return found

    def _look_up(self, key_id: str | None, algorithm: str) -> Sequence[VerificationKey]:
        return () if self._keys is None else self._keys.get((key_id, algorithm), ())

    def _begin_reading(self) -> asyncio.Task[None] | None:
        """The read under way, or a new one unless the last was only just; then None."""
        if self._reading is not None and not self._reading.done():
            return self._reading
        if self._clock.now().tick < self._tried_at + self._pause:
            return None
        self._reading = asyncio.get_running_loop().create_task(self._read())
        return self._reading

    async def _read(self) -> None:
        """Read the set; the one at hand stays when that fails."""
        self._tried_at = self._clock.now().tick
        try:
            content = await self._source.read()
            keys = parse_key_set(content)
        except BadKeySet as error:
            log.warning("jwks_not_read", reason=str(error))
            return
        except Exception as error:  # noqa: BLE001 - those who wait for a key must not trip over it
            # Without its text, which may quote the address.
            log.error("jwks_not_read", reason=type(error).__name__)  # noqa: TRY400
            return
        self._read_at = self._clock.now().tick
        if content != self._content or self._keys is None:
            self._keys, self._content = keys, content
            self._generation += 1

    def _expire(self) -> None:
        if self._keys is not None and self._clock.now().tick >= self._read_at + self._give_up_after:
            log.error("jwks_given_up", reason="not renewed for too long")
            self._keys = None
            self._generation += 1
