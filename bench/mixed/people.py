"""What all six have in common: who they are, when they type, what words they use."""

from __future__ import annotations

import asyncio
import itertools
import random
from dataclasses import dataclass, field
from typing import Final, Literal

from bench.mixed.account import Account
from bench.mixed.links import Link

Kind = Literal["replace", "stubborn", "yjs", "rest"]

PARTS: Final = (
    *("שלום", "מִלָּה", "סֵפֶר", "עוֹלָם", "רוּחַ"),  # Hebrew, with and without points
    *("e\u0301te\u0301", "n\u0303o", "a\u0308\u0304x", "Z\u0335o", "q\u0323\u0307"),
    *("😀", "👋🏽", "👩‍👩‍👧‍👦", "🇮🇱", "❤️", "🏴󠁧󠁢󠁳󠁣󠁴󠁿", "𝔘𝔫"),
    *("über", "naïve", "Ωμέγα", "слово", "ab", "xyz"),
)
"""Of words: emoji of one to fourteen UTF-16 units, letters of several scripts, combining marks."""


@dataclass
class Setting:
    """What a run hands to everybody in it."""

    essay: int
    seconds: float
    """How long people type."""
    account: Account
    started: float = field(default_factory=lambda: asyncio.get_running_loop().time())

    @property
    def now(self) -> float:
        """Seconds since the beginning."""
        return asyncio.get_running_loop().time() - self.started

    @property
    def over(self) -> bool:
        """Whether nobody types any more."""
        return self.now > self.seconds


class Person:
    """One of the six, behind a link of their own. Subclasses say how they write."""

    def __init__(self, setting: Setting, name: str, kind: Kind, link: Link, seed: str) -> None:
        self.setting, self.name, self.kind, self.link = setting, name, kind, link
        self.chance = random.Random(seed)
        self._numbers = itertools.count()
        self.text: str | None = None
        """What they see; None before they have seen anything."""
        self.saves = self.breaks = 0

    def new_word(self) -> str:
        """A word that is nobody else's."""
        parts = self.chance.choices(PARTS, k=self.chance.randint(1, 3))
        parts.insert(self.chance.randint(0, len(parts)), f"{self.name}{next(self._numbers)}")
        return "".join(parts)

    def pause(self) -> float:
        """How long they think before the next thing: a second, or now and then several."""
        return 0.1 + self.chance.lognormvariate(-0.9, 1.0)

    def mine(self, text: str) -> list[str]:
        """The words of theirs in a text."""
        words = self.setting.account.words
        return [word for word in text.split() if word in words and words[word].author == self.name]

    def foreign(self, text: str) -> list[str]:
        """The words of the others in a text."""
        words = self.setting.account.words
        return [
            word
            for word in text.split()
            if word in words and words[word].author not in (self.name, "")
        ]

    def decide(self, text: str) -> tuple[str | None, str | None]:
        """The next thing to do: a word to delete, and one to type (in its place, if both)."""
        what, mine, foreign = self.chance.random(), self.mine(text), self.foreign(text)
        if what < 0.18 and mine:
            return self.chance.choice(mine[-20:] if what < 0.06 else mine), None
        if what < 0.22 and mine:
            return self.chance.choice(mine), self.new_word()
        if what < 0.25 and foreign:
            return self.chance.choice(foreign), None
        return None, self.new_word()

    def cut(self, seconds: float) -> None:
        """The link breaks, for so long."""
        self.breaks += 1
        self.setting.account.broken(self.name)
        self.link.cut(seconds)

    async def lives(self) -> None:
        """Type until the time is over, and then go on reading until cancelled."""
        raise NotImplementedError

    def reloads(self) -> None:
        """Leave cleanly, forget everything, and come back."""
        raise NotImplementedError
