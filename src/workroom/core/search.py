"""Finding rooms by what people remember of them: words, in any order, case and spelling."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import Self


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
    if text.isascii():
        return text.lower()
    letters = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    return "".join(each for each in letters if unicodedata.category(each) != "Mn")
