"""What the operator can set of the REST interface, and whether the node can serve."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

from workroom.errors import Unavailable
from workroom.service.web_pages import WebPages

CHECK_SECONDS: Final = 2.0
"""A check that takes longer has failed."""

Check = Callable[[], Awaitable[None]]
"""Raises Unavailable, or anything else, when the thing checked is not there."""


@dataclass(frozen=True, slots=True)
class RestSettings:
    """Settings of the REST interface, with the defaults that the contract promises."""

    pages: WebPages = field(default_factory=WebPages)
    """Whose pages may call the API."""
    hsts_seconds: int = 0
    """How long browsers must insist on https; 0 leaves it open."""
    max_body: int = 2 * 1024 * 1024
    """Bytes of a request's body."""
    body_seconds: float = 30.0
    """How long a body may take to arrive."""
    answer_seconds: float = 30.0
    """How long an answer may take; then 503, and the outcome is not known."""
    max_upload: int = 25 * 1024 * 1024
    """Bytes of a file."""
    upload_seconds: float = 900.0
    """How long a file may take to arrive and to be looked into."""


class Deadlines:
    """Until when the answers that are being made have to be there."""

    def __init__(self) -> None:
        self._open: set[asyncio.Timeout] = set()
        self._last: float | None = None

    @asynccontextmanager
    async def within(self, seconds: float) -> AsyncIterator[asyncio.Timeout]:
        """So long and no longer: as ``asyncio.timeout``."""
        async with asyncio.timeout(seconds) as deadline:
            self._open.add(deadline)
            self._shorten(deadline)
            try:
                yield deadline
            finally:
                self._open.discard(deadline)

    def hurry(self, seconds: float) -> None:
        """The server stops: no answer takes longer than this from now on."""
        self._last = asyncio.get_running_loop().time() + seconds
        for deadline in self._open:
            self._shorten(deadline)

    @property
    def running(self) -> int:
        """How many answers are being made."""
        return len(self._open)

    def _shorten(self, deadline: asyncio.Timeout) -> None:
        when = deadline.when()
        if self._last is not None and when is not None and self._last < when:
            deadline.reschedule(self._last)


class Readiness:
    """Whether this node can serve: every check passes, and it is not shutting down."""

    def __init__(
        self,
        checks: Mapping[str, Check],
        *,
        notes: Callable[[], Mapping[str, str]] = dict,
        stopping: Callable[[], bool] = lambda: False,
        refusing: Callable[[], bool] = lambda: False,
    ) -> None:
        """``checks`` by the name that operators see, as ``database``.

        ``notes``: what operators are told beside it, and what nothing hangs on. ``stopping``: send
        nobody here any more. ``refusing``: nothing new is begun here.
        """
        self._checks = checks
        self._notes = notes
        self._stopping = stopping
        self.refusing = refusing
        self.deadlines = Deadlines()

    async def examine(self) -> dict[str, str]:
        """``ok`` by name, for every check, and the notes. Raises Unavailable naming who failed."""
        if self._stopping():
            raise Unavailable("the server is shutting down")
        names = list(self._checks)
        passed = await asyncio.gather(*(_passes(self._checks[name]) for name in names))
        failed = [name for name, good in zip(names, passed, strict=True) if not good]
        if failed:
            raise Unavailable(f"not ready: {', '.join(failed)}")
        return {**dict.fromkeys(names, "ok"), **self._notes()}


async def _passes(check: Check) -> bool:
    try:
        async with asyncio.timeout(CHECK_SECONDS):
            await check()
    except Exception:  # noqa: BLE001 -- whatever it is, the thing is not there
        return False
    return True
