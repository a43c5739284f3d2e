"""Offsets and clean text at the edge.

Inside, a position counts code points. On the wire it counts UTF-16 code units, as browsers, Yjs and
LSP do: a character above U+FFFF (most emoji) takes two.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

_ASTRAL: Final = re.compile("[\U00010000-\U0010ffff]")
_LINE_END: Final = re.compile(r"(?<!\r)\r++\n")
"""From the first CR on: each of a long run of them would else be tried as the first."""
_PASSES: Final = 4
"""Passes of the quick ``replace``, each of which takes a CR off every line end."""
_REST_OF_LINE_END: Final = re.compile("\r*\n")

_LONG: Final = 2048
_KINDS: Final = bytes(b"x "[chr(code).isspace()] for code in range(256))
_WIDE_BLANKS: Final = "\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(
    map(chr, range(0x2000, 0x200B))
)
"""All white space that is not in Latin-1."""


def _units(text: str) -> bytes:
    return text.encode("utf-16-le", "surrogatepass")


def utf16_length(text: str) -> int:
    """Length of ``text`` in UTF-16 code units."""
    return len(text) if text.isascii() else len(_units(text)) // 2


def to_utf16(text: str, position: int) -> int:
    """The UTF-16 offset of a code-point position in ``text``."""
    if text.isascii():
        return position
    return len(_units(text[:position])) // 2


def to_utf16_many(text: str, sorted_positions: Sequence[int]) -> list[int]:
    """The UTF-16 offsets of ascending code-point positions, in one sweep."""
    if not sorted_positions or text.isascii():
        return list(sorted_positions)
    reach = sorted_positions[-1]
    if len(_units(text[:reach])) == 2 * min(reach, len(text)):
        return list(sorted_positions)
    offsets = []
    astral = _ASTRAL.finditer(text)
    following = next(astral, None)
    extra = 0
    for position in sorted_positions:
        while following is not None and following.start() < position:
            extra += 1
            following = next(astral, None)
        offsets.append(position + extra)
    return offsets


def from_utf16(text: str, offset: int) -> int:
    """The code-point position of a UTF-16 offset, rounded down inside a surrogate pair.

    Raises ValueError when the offset is negative or beyond the end of the text.
    """
    if offset < 0:
        raise ValueError("an offset is not negative")
    if text.isascii():
        if offset > len(text):
            raise ValueError(f"offset {offset} is beyond the end ({len(text)})")
        return offset
    # A code point has one unit or two, so the first ``offset`` code points are enough.
    units = _units(text[:offset])
    if len(units) < 2 * offset:
        raise ValueError(f"offset {offset} is beyond the end ({len(units) // 2})")
    return len(units[: 2 * offset].decode("utf-16-le", "ignore"))


def word_count(text: str) -> int:
    """Number of words: runs of characters without white space."""
    if len(text) < _LONG:
        return len(text.split())
    # ``split`` makes a string of each word, up to 30 ms of them in 500 KB.
    for blank in _WIDE_BLANKS:
        if blank in text:
            text = text.replace(blank, " ")
    kinds = text.encode("latin-1", "replace").translate(_KINDS)
    return kinds.count(b" x") + kinds.startswith(b"x")


def clean_text(text: str) -> str:
    """``text`` as an essay may hold it.

    CRLF (and CR CR LF) becomes LF, a lone CR stays; a lone surrogate becomes U+FFFD, two that
    belong together become their character; NUL is dropped, because PostgreSQL cannot store it.
    """
    text = _without_nul(_without_surrogates(text))
    # One letter is found four times as fast as two, and mostly there is none.
    return _with_lf(text) if "\r" in text else text


def _with_lf(text: str) -> str:
    for _ in range(_PASSES):
        if "\r\n" not in text:
            return text
        text = text.replace("\r\n", "\n")
    return _LINE_END.sub("\n", text)


def clean_with_cursor(text: str, utf16_offset: int | None) -> tuple[str, int | None]:
    """``clean_text(text)`` and the code-point position in it of a caret in the raw text.

    ``utf16_offset`` counts UTF-16 units of the raw ``text``; one that is missing or outside of it
    gives None: a bad caret never refuses a text.
    """
    clean, (caret,) = clean_with_carets(text, utf16_offset)
    return clean, caret


def clean_with_carets(text: str, *utf16_offsets: int | None) -> tuple[str, list[int | None]]:
    """``clean_with_cursor`` for several carets, as the two ends of a selection: cleans once."""
    clean = clean_text(text)
    if clean is text:
        return clean, [_caret_in_clean(text, offset) for offset in utf16_offsets]
    units = _units(text)
    return clean, [_caret_in_raw(units, offset) for offset in utf16_offsets]


def _caret_in_clean(text: str, utf16_offset: int | None) -> int | None:
    try:
        return None if utf16_offset is None else from_utf16(text, utf16_offset)
    except ValueError:
        return None


def _caret_in_raw(units: bytes, utf16_offset: int | None) -> int | None:
    """The position in the clean text of a caret in the raw one, which has these units."""
    if utf16_offset is None or not 0 <= utf16_offset <= len(units) // 2:
        return None
    cut = 2 * utf16_offset
    if _is_half(units[cut - 2 : cut], 0xD8) and _is_half(units[cut : cut + 2], 0xDC):
        cut -= 2
    left = _without_nul(units[:cut].decode("utf-16-le", "replace"))
    right = _without_nul(units[cut:].decode("utf-16-le", "replace"))
    if _REST_OF_LINE_END.match(right):
        left = left.rstrip("\r")
    return len(_with_lf(left))


def _is_half(unit: bytes, kind: int) -> bool:
    """Whether a UTF-16-LE unit is the first (0xD8) or the second (0xDC) half of a pair."""
    return len(unit) == 2 and unit[1] & 0xFC == kind


def _without_nul(text: str) -> str:
    return text.replace("\0", "") if "\0" in text else text


def _without_surrogates(text: str) -> str:
    if text.isascii():
        return text
    try:
        text.encode()  # the quickest test there is: 5 µs for 10 KB
    except UnicodeEncodeError:
        return _units(text).decode("utf-16-le", "replace")
    return text
