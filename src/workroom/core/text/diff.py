"""What somebody changed between two texts, in hunks that merge well.

1. The common beginning and end are cut off. One insertion or one deletion stays exact to the letter
   and slides within its run of equal places: to end at the caret, else to start a word.
2. Else longer stretches that agree part the rest into regions, and each region is compared word by
   word. A hunk that both deletes and inserts replaces whole words, so that no word is half kept.
3. No hunk cuts a cluster (base and marks, emoji sequence) apart.

The result depends on nothing but the arguments. Work is bounded by the number of words compared,
not by a clock: 10 KB rewritten from end to end is one hunk after some milliseconds.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from itertools import accumulate, pairwise
from typing import Final

from rapidfuzz.distance import Indel

from workroom.core.text.alignment import Span, common_prefix, common_suffix, regions, trim
from workroom.core.text.change import Change, Hunk
from workroom.core.text.words import in_word, splits_cluster, tokens

_TOKEN_PAIRS: Final = 9_000_000
"""Most pairs of words that one comparison looks at, 2 ms. More are compared by sentences first."""
_REGION: Final = 400
"""A difference of fewer letters than this is compared word by word at once."""
_SLIDE: Final = 200
"""Farthest that an insertion or deletion slides, in code points."""
_ISLANDS: Final = 4
"""A region in more pieces than this, of which hardly anything was kept, is one replacement."""
_STOP: Final = r".!?\u3002\uff01\uff1f\n"
_SENTENCES: Final = re.compile(rf"[^{_STOP}]*[{_STOP}]+\s*|[^{_STOP}]+")


def diff(old: str, new: str, caret: int | None = None) -> Change:
    """The change that turns ``old`` into ``new``.

    ``caret`` is where the writer's caret stands in ``new`` (code points), when known: of several
    equal readings (typing an ``a`` within ``aaa``) it picks the one at the caret.
    """
    if old == new:
        return Change.keep(len(old))
    whole = trim(old, new)
    spans = [whole] if _is_pure(whole) else _spans(old, new, whole)
    spans = _widened(old, new, _settled(old, new, spans, caret), splits_cluster)
    return Change.of(len(old), [Hunk(x0, x1 - x0, new[y0:y1]) for x0, x1, y0, y1 in spans])


def _is_pure(span: Span) -> bool:
    return span.x0 == span.x1 or span.y0 == span.y1


def _spans(old: str, new: str, whole: Span) -> list[Span]:
    """The differences of two texts that have more than one insertion or deletion between them."""
    small = whole.x1 - whole.x0 + whole.y1 - whole.y0 <= _REGION
    found = [whole] if small else regions(old, new, whole)
    spans: list[Span] = []
    for region in _widened(old, new, found, _cuts_word, pure_too=False):
        spans += [region] if _is_pure(region) else _by_words(old, new, region)
    return spans


def _by_words(old: str, new: str, region: Span) -> list[Span]:
    """Compare a region word by word; one that is too large sentence by sentence first."""
    spans = _by_tokens(old, new, region, tokens)
    if spans is None:
        coarse = _by_tokens(old, new, region, _SENTENCES.findall) or [region]
        if coarse == [region]:
            return coarse
        spans = []
        for part in coarse:
            finer = None if _is_pure(part) else _by_tokens(old, new, part, tokens)
            spans += finer or [part]
    if len(spans) > _ISLANDS and _is_rewritten(region, spans):
        return [region]
    return [_letters(old, new, span) for span in spans]


def _is_rewritten(region: Span, spans: list[Span]) -> bool:
    """Whether less than a quarter was kept: such islands (blanks, "the") are mere coincidence."""
    kept = (region.x1 - region.x0) - sum(span.x1 - span.x0 for span in spans)
    return 4 * kept < max(region.x1 - region.x0, region.y1 - region.y0)


def _by_tokens(
    old: str, new: str, region: Span, cut: Callable[[str], list[str]]
) -> list[Span] | None:
    """The fewest tokens that differ; None when there are too many to compare."""
    x0, x1, y0, y1 = region
    before, after = cut(old[x0:x1]), cut(new[y0:y1])
    if len(before) * len(after) > _TOKEN_PAIRS:
        return None
    # Numbers instead of words: nothing then depends on how strings are hashed.
    number: dict[str, int] = {}
    left = [number.setdefault(token, len(number)) for token in before]
    right = [number.setdefault(token, len(number)) for token in after]
    xs = list(accumulate(map(len, before), initial=x0))
    ys = list(accumulate(map(len, after), initial=y0))
    spans: list[Span] = []
    for block in Indel.opcodes(left, right):
        if block.tag == "equal":
            continue
        start, there = xs[block.src_start], ys[block.dest_start]
        if spans and spans[-1].x1 == start and spans[-1].y1 == there:
            start, there = spans.pop()[::2]
        spans.append(Span(start, xs[block.src_end], there, ys[block.dest_end]))
    return spans


def _letters(old: str, new: str, span: Span) -> Span:
    """A word that only grew or shrank: its letters that came or went. Any other span as it is."""
    x0, x1, y0, y1 = span
    shorter = min(x1 - x0, y1 - y0)
    if not shorter or not all(map(in_word, old[x0:x1])) or not all(map(in_word, new[y0:y1])):
        return span
    head = common_prefix(old, new, x0, y0, shorter)
    tail = common_suffix(old, new, x1, y1, shorter - head)
    if head + tail < shorter:
        return span
    return Span(x0 + head, x1 - tail, y0 + head, y1 - tail)


def _settled(old: str, new: str, spans: list[Span], caret: int | None) -> list[Span]:
    """The spans, with each insertion and deletion at the best of the places where it can be."""
    settled: list[Span] = []
    for span, following in pairwise([*spans, None]):
        assert span is not None
        if _is_pure(span):
            # One kept letter at least stays between two spans.
            floor = settled[-1].x1 + 1 if settled else 0
            ceiling = following.x0 - 1 if following else len(old)
            span = _slide(old, new, span, caret, range(floor, ceiling + 1))
        settled.append(span)
    return settled


def _slide(old: str, new: str, span: Span, caret: int | None, reach: range) -> Span:
    """Move one insertion or deletion, among the places where it means the same.

    It goes to where it ends at the caret, else to where it starts a word (as "word "), else to the
    rightmost. It stays within ``reach`` of the old text, and within ``_SLIDE`` code points.
    """
    text, start, end = (new, span.y0, span.y1) if span.x0 == span.x1 else (old, span.x0, span.x1)
    most = min(_SLIDE, reach.stop - 1 - span.x1)
    right = 0
    while right < most and text[start + right] == text[end + right]:
        right += 1
    least = -min(_SLIDE, span.x0 - reach.start)
    left = 0
    while left > least and text[start + left - 1] == text[end + left - 1]:
        left -= 1
    wanted = None if caret is None else caret - span.y1
    if wanted is None or not left <= wanted <= right:
        words = (
            by for by in range(right, left - 1, -1) if _starts_word(text, start + by, end + by)
        )
        wanted = next(words, right)
    return Span(*(end + wanted for end in span))


def _starts_word(text: str, start: int, end: int) -> bool:
    """Whether ``text[start:end]`` is of the form "word "."""
    return (
        in_word(text[start])
        and not in_word(text[end - 1])
        and (start == 0 or not in_word(text[start - 1]))
    )


def _cuts_word(text: str, position: int) -> bool:
    """Whether a cut of ``text`` at ``position`` would tear a word apart."""
    inside = 0 < position < len(text)
    return inside and in_word(text[position - 1]) and in_word(text[position])


def _widened(
    old: str,
    new: str,
    spans: Iterable[Span],
    tears: Callable[[str, int], bool],
    *,
    pure_too: bool = True,
) -> list[Span]:
    """The spans, made wide enough that no end of them tears something apart.

    Unless ``pure_too``, mere insertions and deletions stay as they are.
    Between two spans both texts agree, so both sides move by the same letters, and never beyond the
    next span: those that meet become one.
    """
    wide: list[Span] = []
    for span, following in pairwise([*spans, None]):
        assert span is not None
        x0, x1, y0, y1 = span
        floor, ceiling = wide[-1].x1 if wide else 0, following.x0 if following else len(old)
        if _is_pure(span) and not pure_too:
            floor, ceiling = x0, x1
        while x0 > floor and (tears(old, x0) or tears(new, y0)):
            x0 -= 1
            y0 -= 1
        while x1 < ceiling and (tears(old, x1) or tears(new, y1)):
            x1 += 1
            y1 += 1
        if wide and wide[-1].x1 == x0:
            x0, y0 = wide[-1].x0, wide[-1].y0
            wide.pop()
        wide.append(Span(x0, x1, y0, y1))
    return wide
