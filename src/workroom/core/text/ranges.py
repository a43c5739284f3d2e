"""In which of several texts somebody has chosen a range."""

from __future__ import annotations

from collections.abc import Iterable

from workroom.core.text.mirror import Version
from workroom.core.text.units import from_utf16, utf16_length
from workroom.core.text.words import in_word


def meant(versions: Iterable[Version], start: int, end: int) -> Version | None:
    """The first of these texts of which the range (UTF-16 units) cuts no word in two.

    People choose words, and where others have typed before them, the same range is of other
    letters. Else the first that is long enough; None when none is.
    """
    fits = None
    for version in versions:
        if end > utf16_length(version.text):
            continue
        if not any(_cuts(version.text, from_utf16(version.text, at)) for at in (start, end)):
            return version
        fits = fits or version
    return fits


def _cuts(text: str, at: int) -> bool:
    return 0 < at < len(text) and in_word(text[at - 1]) and in_word(text[at])
