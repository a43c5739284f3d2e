"""Letters that an essay does not hold, in text that came from a Yjs editor.

Clients that send their whole text have it cleaned on the way in (``units.clean_text``). What comes
as a Yjs update is in the text already, and is taken out by an edit of our own.
"""

from __future__ import annotations

import re
from typing import Final

from workroom.core.text.change import Change
from workroom.core.text.units import clean_text

MOST_PLACES: Final = 100
"""Places that are mended one by one; more, and all from the first to the last is replaced."""

_SUSPECTS: Final = re.compile(r"[\r\0]++\n?")


def mending(text: str) -> Change | None:
    """The change that leads to ``clean_text(text)``; None when the text is clean."""
    if "\0" not in text and "\r\n" not in text:
        return None
    places: list[int] = []
    for match in _SUSPECTS.finditer(text):
        run, start = match[0], match.start()
        at_line_end = run[-1] == "\n"
        places += [
            start + n for n, it in enumerate(run) if it == "\0" or (at_line_end and it == "\r")
        ]
        if len(places) > MOST_PLACES:
            return _mended_at_once(text, places[0])
    return Change.of(len(text), [(at, 1, "") for at in places])


def _mended_at_once(text: str, start: int) -> Change:
    last = max(text.rfind("\0"), text.rfind("\r\n"))
    # The end of the line is taken along: without it, a CR before it would be one that stays.
    end = text.find("\n", last) + 1 or len(text)
    return Change.of(len(text), [(start, end - start, clean_text(text[start:end]))])
