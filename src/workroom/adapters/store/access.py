"""What the ports' coroutines need of an open SQL database, whichever it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeVar

from sqlalchemy import Connection

from workroom.adapters.store.work import Done
from workroom.errors import Unavailable
from workroom.ports.store import Append

T = TypeVar("T")


class Access(Protocol):
    """Reading, writing, and the group commit. Both coroutines raise Unavailable."""

    @property
    def fault(self) -> Unavailable | None:
        """Why the last group commit failed; None when it did not."""

    async def open(self) -> None:
        """As ``SqlStore.open``."""

    async def close(self) -> None:
        """As ``SqlStore.close``."""

    def append(self, append: Append, done: Done) -> None:
        """As ``RoomStore.append``."""

    async def write(self, work: Callable[[Connection], T]) -> T:
        """Run ``work`` in a transaction; returns once it is durable.

        ``work`` only reads and writes: where others write too, it may be run more than once.
        """

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Run ``work`` on one snapshot, with all that was acknowledged before."""
