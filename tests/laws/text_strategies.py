"""Texts, changes and edits for the laws of ``workroom.core.text``."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from workroom.core.text import Change, Hunk

PIECES = [
    *("a", "b ", "the ", "word ", "long sentence here. ", " ", "\n", "\r\n", "\r"),
    *("é", "e\u0301", "ש ", "漢字", "สวัสดี", "नमस्ते ", "\u2028", "\ufeff"),
    *("😀", "👩\u200d👩\u200d👧", "👍🏽", "🇩🇪", "🇫🇷"),
]

texts = st.lists(st.sampled_from(PIECES), max_size=12).map("".join)
words = st.lists(st.sampled_from(PIECES), min_size=1, max_size=3).map("".join)


@st.composite
def changes(draw: DrawFn, text: str) -> Change:
    """Any change of ``text``, in up to four places."""
    hunks = []
    at = 0
    for _ in range(draw(st.integers(0, 4))):
        at = draw(st.integers(at, len(text)))
        deleted = draw(st.integers(0, min(4, len(text) - at)))
        hunks.append(Hunk(at, deleted, draw(st.just("") | words)))
        at += deleted
    return Change.of(len(text), hunks)


@st.composite
def runs_of_changes(draw: DrawFn, count: int) -> tuple[str, list[Change]]:
    """A text and ``count`` changes, each of the text that the ones before lead to."""
    start = text = draw(texts)
    run = []
    for _ in range(count):
        run.append(draw(changes(text)))
        text = run[-1].apply(text)
    return start, run


@st.composite
def edited(draw: DrawFn) -> tuple[str, str]:
    """A text, and the same text after somebody worked on it."""
    old = draw(texts)
    return old, draw(changes(old)).apply(old) if draw(st.booleans()) else draw(texts)
