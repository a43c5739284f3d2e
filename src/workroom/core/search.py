"""Finding rooms by what people remember of them: words, in any order, case and spelling."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Self

_MOST_LETTERS: Final = 800
"""Of a text taken apart. A title has 200 letters, and those that people write with become four at
most; a few signs become up to 18, and a thousand titles of them would take long."""
_KEPT: Final = 8192
"""Texts that are not taken apart again: people search the same titles with each letter they type.
At most 40 MB, of texts that are as long as can be."""


@dataclass(frozen=True, slots=True)
class Search:
    """What somebody looks for: all of these parts of words, wherever they stand."""

    parts: tuple[str, ...]

    @classmethod
    def of(cls, text: str) -> Self | None:
        """What a person typed; None when that is nothing."""
        parts = tuple(dict.fromkeys(_folded(text).split()))
        return cls(parts) if parts else None

    def finds(self, *texts: str) -> bool:
        """Whether each part stands in one of the texts."""
        folded = "\n".join(map(_folded, texts))
        return all(part in folded for part in self.parts)


def _folded(text: str) -> str:
    """Without case, accents and compatibility forms."""
    return text.lower() if text.isascii() else _taken_apart(text)


@lru_cache(maxsize=_KEPT)
def _taken_apart(text: str) -> str:
    letters = unicodedata.normalize("NFKD", text)[:_MOST_LETTERS].casefold()
    letters = unicodedata.normalize("NFKD", letters)
    return "".join(each for each in letters if unicodedata.category(each) != "Mn")
