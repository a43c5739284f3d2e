"""What a word is, and where a text may be cut.

A word is a run of letters, digits, underscores and emoji with the marks on them: people put blanks
around emoji too, and those that touch a word ("great👍") are one thing with it. Scripts that write
no blanks between words (Han, Kana, Thai, Khmer, …) have no such runs: there, every character stands
for itself. A *cluster* is what a reader takes for one character: a base with its combining marks,
an emoji sequence, a flag.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from itertools import chain
from typing import Final

_UNSPACED: Final = (
    "\u0e00-\u109f"  # Thai, Lao, Tibetan, Myanmar
    "\u1780-\u17ff\u1950-\u19ff\u1a20-\u1aaf\u1b00-\u1b7f"  # Khmer, Tai, Balinese
    "\u2e80-\ua4cf\ua980-\ua9df\uaa00-\uaadf"  # Han, Kana, Bopomofo, Yi, Javanese, Cham, Tai Viet
    "\uf900-\ufaff\uff66-\uff9f\U0001b000-\U0001b16f\U00020000-\U0003ffff"
)
_MARKED: Final = (
    range(0x0300, 0x2100),
    range(0x2CE0, 0x3100),
    range(0xA660, 0xAC00),
    range(0xFB1E, 0xFB1F),
    range(0xFE00, 0xFE30),
    range(0x10A00, 0x12000),
)
"""Where Unicode keeps its combining marks, but for rare ones that the cluster rule sees anyway."""


_PICTURED: Final = (range(0xA0, 0x2E80), range(0x1F000, 0x1FC00))
"""Where it keeps emoji, and signs like them (°, ©, ☎), but for those of scripts without blanks."""

_TONES: Final = ("\U0001f3fb", "\U0001f3ff")
_FLAGS: Final = ("\U0001f1e6", "\U0001f1ff")
_TAGS: Final = ("\U000e0020", "\U000e007f")
"""They end the flags of England, Scotland and Wales."""


def _of(codes: Iterable[int], *categories: str) -> str:
    """The codes of these categories as ranges for a character class: ``re`` knows no categories."""
    found = [code for code in codes if unicodedata.category(chr(code)).startswith(categories)]
    them = set(found)
    starts = [code for code in found if code - 1 not in them]
    ends = [code for code in found if code + 1 not in them]
    return "".join(f"{chr(start)}-{chr(end)}" for start, end in zip(starts, ends, strict=True))


_LETTER: Final = rf"[^\W{_UNSPACED}]"
_SIGN: Final = rf"[{_of(chain(*_PICTURED), 'So', 'Sk')}{'-'.join(_TAGS)}]"
_ON_IT: Final = rf"[{_of(chain(*_MARKED), 'M')}\u200c\u200d]"
"""Marks and zero-width joiners ride on a letter."""

TOKEN: Final = re.compile(
    rf"(?:{_LETTER}|{_SIGN})(?:{_LETTER}++|{_SIGN}++|{_ON_IT}++)*+"
    rf"|[{_UNSPACED}]{_ON_IT}*|\s+|[^\w\s]|."
)
"""Cuts any text into words, runs of white space and single other characters, without a rest."""

_ASCII_TOKEN: Final = re.compile(r"\w+|\s+|[^\w\s]", re.ASCII)
_WORD_CHARACTER: Final = re.compile(f"(?![{_UNSPACED}])(?:{_LETTER}|{_SIGN}|{_ON_IT})")
_WORD: Final = re.compile(f"(?:{_WORD_CHARACTER.pattern})*+")

_INDICATORS: Final = "".join(map(chr, range(ord(_FLAGS[0]), ord(_FLAGS[1]) + 1)))
_RUN_OF_FLAGS: Final = re.compile(f"[{_INDICATORS}]*+")
_STRIDE: Final = 4096
"""Letters of a run of flags that are looked at in one go, on the way back to its beginning."""


def tokens(text: str) -> list[str]:
    """``text`` cut by ``TOKEN``."""
    return (_ASCII_TOKEN if text.isascii() else TOKEN).findall(text)


def in_word(character: str) -> bool:
    """Whether ``character`` belongs to a word of a script that writes blanks between words."""
    if character.isascii():
        return character.isalnum() or character == "_"
    return _WORD_CHARACTER.match(character) is not None


def is_word(text: str) -> bool:
    """Whether ``in_word`` holds for each character."""
    return _WORD.fullmatch(text) is not None


def splits_cluster(text: str, position: int) -> bool:
    """Whether a cut of ``text`` at ``position`` would tear a cluster apart (or a CRLF)."""
    return Clusters(text).splits(position)


class Clusters:
    """The clusters of one text, for many questions about it.

    Two regional indicators make a flag, so whether a cut tears one depends on where their run
    begins, however long it is. The run asked about last is remembered.
    """

    __slots__ = ("_run", "_text")

    def __init__(self, text: str) -> None:
        self._text = text
        self._run = range(0)

    def splits(self, position: int) -> bool:
        """Whether a cut at ``position`` would tear a cluster apart (or a CRLF)."""
        text = self._text
        if not 0 < position < len(text):
            return False
        left, right = text[position - 1], text[position]
        if right < "\u0300":
            return (right == "\n" and left == "\r") or _joins(left, right)
        if _joins(left, right):
            return True
        if _TONES[0] <= right <= _TONES[1] or _TAGS[0] <= right <= _TAGS[1]:
            return True
        if _FLAGS[0] <= right <= _FLAGS[1]:
            return (position - self._run_at(position).start) % 2 == 1
        return unicodedata.category(right).startswith("M")

    def _run_at(self, position: int) -> range:
        """The run of regional indicators that has ``position`` in it."""
        if position not in self._run:
            text, start = self._text, position
            while start and _RUN_OF_FLAGS.fullmatch(text, max(0, start - _STRIDE), start):
                start = max(0, start - _STRIDE)
            start -= _flags_before(text[max(0, start - _STRIDE) : start])
            end = _RUN_OF_FLAGS.match(text, position)
            assert end is not None  # the empty run matches anywhere
            self._run = range(start, end.end())
        return self._run


def _joins(left: str, right: str) -> bool:
    """Whether a zero-width joiner ties the two: a letter or an emoji follows it."""
    return right == "\u200d" or (left == "\u200d" and right > "\u00a8")


def _flags_before(text: str) -> int:
    """Number of regional indicators that ``text`` ends with."""
    return len(text) - len(text.rstrip(_INDICATORS))
