"""Ids for feedback, some of them always at hand, so that nobody has to wait for one."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any, Final

from workroom.core.commands import AddFeedback, Command, QuoteFeedback
from workroom.errors import Unavailable
from workroom.ids import FeedbackId
from workroom.ports.store import RoomStore

ID_BLOCK: Final = 64
"""Ids that are fetched from the store at once."""
FEW_IDS: Final = 16
"""Ids left at which more are fetched."""


def needs_id(command: Command) -> bool:
    """Whether a command makes a piece of feedback."""
    return isinstance(command, AddFeedback | QuoteFeedback)


class FeedbackIds:
    """Those of one node; runs on the event loop's thread."""

    def __init__(self, store: RoomStore, spawn: Callable[[Any], None]) -> None:
        self._store = store
        self._spawn = spawn
        self._ids: list[int] = []
        self._refilling = False

    def __len__(self) -> int:
        return len(self._ids)

    async def refill(self, wanted: int = 1) -> None:
        """Have at least ``wanted`` at hand. Raises Unavailable."""
        if len(self._ids) < wanted:
            fresh = await self._store.new_ids("feedback", max(ID_BLOCK, wanted))
            self._ids[:0] = reversed(fresh)

    def given_to(self, command: Command) -> Command:
        """The command with an id of its own, if it makes something; there must be one at hand."""
        if not isinstance(command, AddFeedback | QuoteFeedback):
            return command
        if len(self._ids) <= FEW_IDS and not self._refilling:
            self._refilling = True
            self._spawn(self._refill_early())
        return replace(command, feedback_id=FeedbackId(self._ids.pop()))

    async def _refill_early(self) -> None:
        try:
            with suppress(Unavailable):  # whoever needs one that is not there will be told
                await self.refill(FEW_IDS)
        finally:
            self._refilling = False
