"""What the operator can set of the REST interface, and whether the node can serve."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final

from workroom.errors import Unavailable

CHECK_SECONDS: Final = 2.0
"""A check that takes longer has failed."""

Check = Callable[[], Awaitable[None]]
"""Raises Unavailable, or anything else, when the thing checked is not there."""


@dataclass(frozen=True, slots=True)
class RestSettings:
    """Settings of the REST interface, with the defaults that the contract promises."""

    allowed_origins: frozenset[str] = frozenset()
    """Origins (as ``https://app.example.org``) whose pages may call the API, compared exactly; or
    ``*`` for any."""
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


class Readiness:
    """Whether this node can serve: every check passes, and it is not shutting down."""

    def __init__(
        self,
        checks: Mapping[str, Check],
        *,
        notes: Callable[[], Mapping[str, str]] = dict,
        stopping: Callable[[], bool] = lambda: False,
    ) -> None:
        """``checks`` by the name that operators see, as ``database``.

        ``notes``: what operators are told beside it, and what nothing hangs on.
        """
        self._checks = checks
        self._notes = notes
        self._stopping = stopping

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
