"""Offsets in a text: Python counts characters (code points), the wire counts UTF-16 code units.

Most emoji are one character in Python and two units on the wire. Where a text is ASCII, both counts
are the same.
"""

from __future__ import annotations


def utf16_length(text: str) -> int:
    """How many UTF-16 code units the text has."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def to_utf16(text: str, position: int) -> int:
    """The offset on the wire of ``text[position]``.

    Raises ValueError when there is no such place in the text.
    """
    if not 0 <= position <= len(text):
        raise ValueError(f"position {position} is not in a text of {len(text)} characters")
    return utf16_length(text[:position])


def from_utf16(text: str, offset: int) -> int:
    """Where in ``text`` an offset of the wire is; within an emoji, where it begins.

    Raises ValueError when there is no such place in the text.
    """
    # A character has one unit or two, so the first ``offset`` characters are enough.
    units = text[: max(0, offset)].encode("utf-16-le", "surrogatepass")
    if not 0 <= 2 * offset <= len(units):
        raise ValueError(f"offset {offset} is not in a text of {utf16_length(text)} UTF-16 units")
    return len(units[: 2 * offset].decode("utf-16-le", "ignore"))
