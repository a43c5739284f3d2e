"""Edits of an essay by whole words, each of which is written by one client, once."""

from __future__ import annotations

import random
import re
from typing import Final

MOST_WORDS: Final = 12
"""Words of its own that a client keeps in the text."""
_DRESS: Final = ("", "", "", "", "é", "ש", "👋")
_WORD: Final = re.compile(r"\S+")


def new_word(mark: str, chance: random.Random) -> str:
    """A word that is nobody else's, without punctuation in it."""
    return mark.replace(".", "x") + chance.choice(_DRESS)


def insert(text: str, word: str, chance: random.Random) -> str:
    """The text with one more word, at the beginning of another or at the end."""
    return "".join(_around(text, word, chance))


def _around(text: str, word: str, chance: random.Random) -> tuple[str, str, str]:
    starts = [found.start() for found in _WORD.finditer(text)]
    at = chance.choice([*starts, len(text)])
    before = text[:at]
    gap = "" if not before or before[-1].isspace() else " "
    return before, f"{gap}{word} ", text[at:]


def place(text: str, word: str, chance: random.Random) -> tuple[int, str]:
    """Where in the text (in code points) what has to be typed for one more word."""
    before, typed, _ = _around(text, word, chance)
    return len(before), typed


def find(text: str, word: str) -> tuple[int, int] | None:
    """From where to where a word stands, with the blank behind it."""
    for found in _WORD.finditer(text):
        if found[0] == word:
            return found.start(), found.end() + (text[found.end() : found.end() + 1] == " ")
    return None


def cut(text: str, word: str) -> str:
    """The text without a word."""
    found = find(text, word)
    return text if found is None else text[: found[0]] + text[found[1] :]


def has(text: str, word: str) -> bool:
    """Whether a word stands there by itself."""
    return find(text, word) is not None
