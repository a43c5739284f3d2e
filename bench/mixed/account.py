"""Every word that anybody typed, and what became of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final

AT_MOST_ON_ITS_WAY: Final = 5.0
"""Seconds. What was sent longer before a link broke had arrived, and must not be missing."""


@dataclass(slots=True)
class Word:
    """One word, which nobody else types."""

    author: str
    sent: float
    """When it was last on its way to the server."""
    in_flight: bool = False
    """Whether the author's link broke right then."""
    deleted_by: str = ""
    deleted: float = 0.0
    deletion_in_flight: bool = False


@dataclass(slots=True)
class Share:
    """What became of the words of one author; the lists hold words that call for an explanation."""

    typed: int = 0
    kept: int = 0
    deleted_by_author: int = 0
    deleted_by_others: int = 0
    in_flight: int = 0
    """Sent right before the link broke, never confirmed to anybody, and nowhere."""
    deletion_in_flight: int = 0
    """There, as the link broke right after they were deleted."""
    lost: list[str] = field(default_factory=list)
    glued: list[str] = field(default_factory=list)
    """No words of their own, though all their letters stand there: a blank is missing."""
    doubled: list[str] = field(default_factory=list)
    back: list[str] = field(default_factory=list)
    """Deleted by somebody, and there."""


class Account:
    """Words by what was done with them. A word is confirmed when the server has told anybody."""

    def __init__(self, now: Callable[[], float], text: str) -> None:
        self._now = now
        self.words = {word: Word("", 0.0) for word in text.split()}
        self.confirmed = set(self.words)

    def sent(self, author: str, words: Iterable[str]) -> None:
        """These words are on their way, for the first time or once more."""
        for word in words:
            known = self.words.setdefault(word, Word(author, 0.0))
            known.sent, known.in_flight = self._now(), False

    def deleted(self, by: str, words: Iterable[str]) -> None:
        """So is a text without these."""
        for word in words:
            known = self.words[word]
            known.deleted_by, known.deleted = by, self._now()
            known.deletion_in_flight = False

    def told(self, words: Iterable[str]) -> None:
        """The server has told somebody of these."""
        self.confirmed.update(words)

    def unanswered(self, words: Iterable[str]) -> None:
        """A request to type or delete these ended without an answer."""
        for word in words:
            self.words[word].in_flight = self.words[word].deletion_in_flight = True

    def broken(self, author: str) -> None:
        """The link of this author broke: what went out last may have arrived or not."""
        since = self._now() - AT_MOST_ON_ITS_WAY
        for known in self.words.values():
            if known.author == author and known.sent >= since:
                known.in_flight = True
            if known.deleted_by == author and known.deleted >= since:
                known.deletion_in_flight = True

    def unconfirmed(self, author: str, text: str) -> list[str]:
        """The words of this author in a text that nobody has been told of."""
        words = (word for word in text.split() if word not in self.confirmed)
        return [word for word in words if word in self.words and self.words[word].author == author]

    def settle(self, text: str) -> dict[str, Share]:
        """What became of all words, by author, in the text with which everything ended."""
        there, shares = Counter(text.split()), dict[str, Share]()
        for word, known in self.words.items():
            share = shares.setdefault(known.author, Share())
            share.typed += 1
            if known.deleted_by:
                self._settle_deleted(word, known, share, there)
            elif there[word] == 1:
                share.kept += 1
            elif there[word]:
                share.doubled.append(word)
            elif any(word in each for each in there):
                share.glued.append(word)
            elif known.in_flight and word not in self.confirmed:
                share.in_flight += 1
            else:
                share.lost.append(word)
        return shares

    def _settle_deleted(self, word: str, known: Word, share: Share, there: Counter[str]) -> None:
        if there[word] and not known.deletion_in_flight:
            share.back.append(word)
        elif there[word]:
            share.deletion_in_flight += 1
        elif known.deleted_by == known.author:
            share.deleted_by_author += 1
        else:
            share.deleted_by_others += 1

    def strange(self, text: str) -> list[str]:
        """What stands in the text and was typed by nobody."""
        return [word for word in text.split() if word not in self.words]
