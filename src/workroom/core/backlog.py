"""The latest entries of a room's log, for those who come back and missed them."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from itertools import islice
from typing import Final

from workroom.core.entries import Entry, TextEdited
from workroom.core.text import Change

MOST_MISSED: Final = 1024
"""Entries that are kept. Who missed more is given the state instead: that is less to read."""

_EDITED: Final = TextEdited(Change.keep(0), b"")
"""What is kept of an edit: that there was one. Who missed edits is sent the text."""


class Backlog:
    """Entries that everybody may know, numbered without gaps up to the newest."""

    __slots__ = ("_entries", "newest")

    def __init__(self, newest: int, entries: Iterable[Entry] = ()) -> None:
        """``entries`` end with the one numbered ``newest``."""
        self.newest = newest
        self._entries: deque[Entry] = deque(map(_without_text, entries), maxlen=MOST_MISSED)

    @property
    def floor(self) -> int:
        """All entries after this number are here."""
        return self.newest - len(self._entries)

    @property
    def lowest(self) -> int:
        """Where ``floor`` can be at best: more is never kept."""
        return max(0, self.newest - MOST_MISSED)

    def add(self, entry: Entry) -> None:
        """The entry after the newest. Raises ValueError for any other."""
        if entry.seq != self.newest + 1:
            message = f"entry {entry.seq} does not follow {self.newest}"
            raise ValueError(message)
        self._entries.append(_without_text(entry))
        self.newest = entry.seq

    def after(self, seq: int) -> list[Entry] | None:
        """The entries after ``seq``; None when some of them are not here, or not there yet."""
        if not self.floor <= seq <= self.newest:
            return None
        return list(islice(self._entries, seq - self.floor, None))

    def shortly_before(self, seq: int, span: float) -> list[Entry] | None:
        """The entries up to ``seq`` that are at most ``span`` ms older than that one.

        They come in their order. None when some of them are not here.
        """
        newest_first = islice(reversed(self._entries), self.newest - seq, None)
        found: list[Entry] = []
        for entry in newest_first:
            if found and entry.at < found[0].at - span:
                return found[::-1]
            found.append(entry)
        return None if self.floor else found[::-1]

    def reach_back(self, entries: Iterable[Entry]) -> None:
        """Take in older entries, which end right before the oldest one here, as far as they fit."""
        room = MOST_MISSED - len(self._entries)
        older = [entry for entry in entries if entry.seq <= self.floor]
        self._entries.extendleft(map(_without_text, reversed(older[max(0, len(older) - room) :])))


def _without_text(entry: Entry) -> Entry:
    if not isinstance(entry.fact, TextEdited):
        return entry
    return Entry(entry.seq, entry.actor, entry.at, _EDITED)
