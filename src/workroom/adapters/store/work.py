"""What waits for the writer: appends and jobs, and how each of them hears of its result."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any, Final

from sqlalchemy import Connection

from workroom.core.values import value
from workroom.errors import Unavailable
from workroom.ports.store import Append, AppendResult, NotStored

CLOSED: Final = "The store is closed"

Done = Callable[[AppendResult], None]
Outcome = tuple[Callable[[Any], None], Any]
"""What to call on the event loop, and with what."""


def seconds() -> int:
    """Whole seconds since 1970: the clock of a store that is given no other."""
    return int(time.time())


@value
class Pending:
    """An append that waits for the next transaction."""

    append: Append
    done: Done

    def fail(self, error: Unavailable) -> Outcome:
        """Its outcome when the transaction failed."""
        return self.done, NotStored(error)

    @property
    def weight(self) -> int:
        """Bytes that it adds to its transaction, roughly."""
        append = self.append
        size = 0 if append.checkpoint is None else len(append.checkpoint.state)
        for record in append.records:
            size += len(record.body) + (0 if record.update is None else len(record.update))
        return size


@value
class Job:
    """Any other writing: ``work`` runs in a savepoint of the next transaction."""

    work: Callable[[Connection], Any]
    future: asyncio.Future[Any]
    weight = 0

    def succeed(self, value: Any) -> None:
        """Give the value to whoever waits, if somebody still does."""
        if not self.future.done():
            self.future.set_result(value)

    def refuse(self, error: BaseException) -> None:
        """Raise the error where the job is awaited."""
        if not self.future.done():
            self.future.set_exception(error)

    def fail(self, error: Unavailable) -> Outcome:
        """Its outcome when the transaction failed."""
        return self.refuse, error


Item = Pending | Job


def deliver(loop: asyncio.AbstractEventLoop, outcomes: list[Outcome]) -> None:
    """Call everybody back, in order; a callback that raises does not keep the next from it."""
    for call, answer in outcomes:
        try:
            call(answer)
        except Exception as error:  # noqa: BLE001 - as the loop itself does
            loop.call_exception_handler({"message": "A store callback failed", "exception": error})
