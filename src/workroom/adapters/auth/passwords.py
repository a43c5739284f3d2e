"""Password hashing with argon2id, off the event loop and in bounded numbers."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from threading import Lock
from typing import Final, TypeVar

from pwdlib.exceptions import PwdlibError
from pwdlib.hashers import argon2

from workroom.errors import RateLimited, Unavailable

Result = TypeVar("Result")

_RETRY_AFTER: Final = 2.0


@dataclass(frozen=True, slots=True)
class Cost:
    """What one hash costs: memory in KiB, passes over it, and lanes (threads of its own)."""

    memory: int
    passes: int
    lanes: int = 1


STRONG: Final = Cost(memory=47_104, passes=2)
"""Twice OWASP's figure for 46 MiB. One lane, so that two log-ins never take more than two cores."""
CHEAP: Final = Cost(memory=64, passes=1)
"""For tests and demos; worthless against somebody who has the hashes."""


class Argon2Hasher:
    """Implements ``ports.auth.PasswordHasher`` with ``threads`` threads of its own.

    At most ``waiting`` further calls queue up behind the running ones.
    """

    def __init__(self, cost: Cost = STRONG, *, threads: int = 2, waiting: int = 32) -> None:
        self._argon2 = argon2.Argon2Hasher(
            time_cost=cost.passes, memory_cost=cost.memory, parallelism=cost.lanes
        )
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="passwords")
        self._room = threads + waiting
        self._busy = 0
        self._lock = Lock()
        # What a name without an account is checked against. Nobody knows its password. The start
        # of a server does not wait for it.
        self._nobody = self._pool.submit(self._argon2.hash, secrets.token_urlsafe(32))

    async def hash(self, password: str) -> str:
        """The encoded hash, with salt and parameters.

        Raises RateLimited when too many hashes are waiting, ValueError for a lone surrogate.
        """
        return await self._run(partial(self._argon2.hash, password.encode()))

    async def verify(self, password: str, password_hash: str | None) -> bool:
        """Whether the password is right; as slow for None as for a wrong one.

        Raises RateLimited when too many checks are waiting, Unavailable after ``close``.
        """
        return await self._run(partial(self._verify, password, password_hash))

    def close(self) -> None:
        """Take no more work and drop what waits."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _verify(self, password: str, password_hash: str | None) -> bool:
        self._nobody.exception()  # wait for it, whoever asks; it was begun before: no circle
        known = password_hash is not None and self._argon2.identify(password_hash)
        against = password_hash if known and password_hash is not None else self._nobodys()
        try:
            # A lone surrogate is never part of a password that was hashed, so it is just wrong.
            right = self._argon2.verify(password.encode("utf-8", "surrogatepass"), against)
        except (PwdlibError, ValueError):
            right = False
        return known and right

    def _nobodys(self) -> str:
        if self._nobody.exception() is not None:  # there was no room for it then
            again: Future[str] = Future()
            again.set_result(self._argon2.hash(secrets.token_urlsafe(32)))
            self._nobody = again
        return self._nobody.result()

    async def _run(self, job: Callable[[], Result]) -> Result:
        with self._lock:
            if self._busy >= self._room:
                raise RateLimited("Too many log-ins at once", retry_after=_RETRY_AFTER)
            self._busy += 1
        try:
            future = self._pool.submit(job)
        except RuntimeError:
            self._done()
            raise Unavailable("The server is shutting down") from None
        # The thread's future, not the caller's: a caller who gives up does not free the thread.
        future.add_done_callback(self._done)
        return await asyncio.wrap_future(future)

    def _done(self, _: Future[Result] | None = None) -> None:
        with self._lock:
            self._busy -= 1
