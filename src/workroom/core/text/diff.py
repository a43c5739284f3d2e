"""What somebody changed between two texts, in hunks that merge well.

1. The common beginning and end are cut off. One insertion or one deletion stays exact to the letter
   and slides within its run of equal places: to end at the caret, else to be whole words.
2. Else longer stretches that agree part the rest into regions, and each region is compared word by
   word. A hunk that both deletes and inserts replaces whole words, so that no word is half kept.
3. No hunk cuts a cluster (base and marks, emoji sequence) apart.

The result depends on nothing but the arguments. Work is bounded by counts and not by a clock, and
what is over a bound costs looks alone: 10 KB rewritten from end to end is one hunk, a word of
thousands of letters may be kept by halves, the hunks nearest to each other become one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import partial
from itertools import accumulate, pairwise
from typing import Final

from rapidfuzz.distance import Indel

from workroom.core.text.alignment import (
    Allowance,
    Span,
    common_prefix,
    common_suffix,
    regions,
    trim,
)
from workroom.core.text.change import Change, Hunk
from workroom.core.text.words import Clusters, in_word, is_word, tokens

_TOKEN_PAIRS: Final = 9_000_000
"""Most pairs of words that one comparison looks at, 2 ms. More are compared by sentences first."""
_ALL_PAIRS: Final = 4 * _TOKEN_PAIRS
_LETTERS: Final = 49_152
"""Most pairs and letters that all comparisons word by word look at."""
_BEYOND_ASCII: Final = 3
"""How many letters one counts for in a text that is not ASCII: cutting it takes as much longer."""
_SENTENCE_ENDS: Final = 16_384
"""Most ends of sentences in two texts that are compared by sentences."""
_HUNKS: Final = 1000
_STEPS: Final = 8192
"""Steps (code points) that all slides, and all widenings, go."""
_WIDEST: Final = 1024
"""Most steps that a side of a span is widened to keep a word or a cluster whole. Not half a word
of more letters is taken in, but nothing of it."""
_REGION: Final = 400
"""A difference of fewer letters than this is compared word by word at once."""
_SLIDE: Final = 200
"""Farthest that an insertion or deletion slides, in code points."""
_ANOTHER_WORD: Final = 4
"""Fewest letters that make a word another one when they are put into it."""
_ISLANDS: Final = 4
"""A region in more pieces than this, of which hardly anything was kept, is one replacement."""
_STOP: Final = ".!?\u3002\uff01\uff1f\n"
_SENTENCES: Final = re.compile(rf"[^{_STOP}]*+[{_STOP}]++\s*+|[^{_STOP}]++")


def diff(old: str, new: str, caret: int | None = None) -> Change:
    """The change that turns ``old`` into ``new``.

    ``caret`` is where the writer's caret stands in ``new`` (code points), when known: of several
    equal readings (typing an ``a`` within ``aaa``) it picks the one at the caret.
    """
    if old == new:
        return Change.keep(len(old))
    if caret is not None and (typed := _at_caret(old, new, caret)) is not None:
        return typed
    whole = trim(old, new)
    steps = Allowance(_STEPS)
    spans = [whole] if _is_pure(whole) else _spans(old, new, whole, steps)
    spans = _settled(old, new, spans, caret)
    spans = _widened(len(old), spans, Clusters(old).splits, Clusters(new).splits, steps)
    return Change.of(len(old), [Hunk(x0, x1 - x0, new[y0:y1]) for x0, x1, y0, y1 in spans])


def _at_caret(old: str, new: str, caret: int) -> Change | None:
    """The usual case, at the speed of comparing: letters were typed, or deleted, at the caret.

    None for any other case, and where a cut could tear what belongs together: that takes a look.
    """
    grown = len(new) - len(old)
    start, end = (caret - grown, caret) if grown > 0 else (caret, caret - grown)
    text = new if grown > 0 else old
    if grown == 0 or start < 0 or end > len(text):
        return None
    around = text[max(0, start - 1) : end + 1]
    if not around.isascii() or "\r" in around:
        return None
    other = old if grown > 0 else new
    if other[:start] != text[:start] or other[start:] != text[end:]:
        return None
    typed, gone = (text[start:end], 0) if grown > 0 else ("", -grown)
    return Change.one(len(old), start, gone, typed)


def _is_pure(span: Span) -> bool:
    return span.x0 == span.x1 or span.y0 == span.y1


class _Work:
    """What all comparisons of words in one diff may cost."""

    def __init__(self) -> None:
        self.letters = Allowance(_LETTERS)
        self.pairs = Allowance(_ALL_PAIRS)


def _spans(old: str, new: str, whole: Span, steps: Allowance) -> list[Span]:
    """The differences of two texts that have more than one insertion or deletion between them."""
    small = whole.x1 - whole.x0 + whole.y1 - whole.y0 <= _REGION
    found = [whole] if small else regions(old, new, whole)
    cuts = partial(_cuts_word, old), partial(_cuts_word, new)
    work = _Work()
    spans: list[Span] = []
    for region in _widened(len(old), found, *cuts, steps, pure_too=False):
        spans += [region] if _is_pure(region) else _by_words(old, new, region, work)
    if len(spans) <= _HUNKS:
        return spans
    # An insertion that is part of a replacement now may end within a word.
    return _widened(len(old), _fewer(spans, _HUNKS), *cuts, steps, pure_too=False)


def _fewer(spans: list[Span], most: int) -> list[Span]:
    """``most`` spans: those with the least between them become one."""
    gaps = [following.x0 - span.x1 for span, following in pairwise(spans)]
    closed = set(sorted(range(len(gaps)), key=gaps.__getitem__)[: len(spans) - most])
    fewer: list[Span] = []
    for at, span in enumerate(spans):
        if at - 1 in closed:
            x0, _, y0, _ = fewer.pop()
            span = Span(x0, span.x1, y0, span.y1)
        fewer.append(span)
    return fewer


def _by_words(old: str, new: str, region: Span, work: _Work) -> list[Span]:
    """Compare a region word by word; one that is too large sentence by sentence first."""
    spans = _word_spans(old, new, region, work)
    if spans is None:
        spans = []
        for part in _sentence_spans(old, new, region, work):
            # The second look is given up where there is still too much to compare.
            finer = None if _is_pure(part) or part == region else _word_spans(old, new, part, work)
            spans += finer or [part]
    if len(spans) > _ISLANDS and _is_rewritten(region, spans):
        return [region]
    return spans


def _is_rewritten(region: Span, spans: list[Span]) -> bool:
    """Whether less than a quarter was kept: such islands ("the", "and") are mere coincidence."""
    kept = (region.x1 - region.x0) - sum(span.x1 - span.x0 for span in spans)
    return 4 * kept < max(region.x1 - region.x0, region.y1 - region.y0)


def _sentence_spans(old: str, new: str, region: Span, work: _Work) -> list[Span]:
    """The sentences that differ; the whole region when there are too many to compare."""
    x0, x1, y0, y1 = region
    ends = [sum(map(text.count, _STOP)) for text in (old[x0:x1], new[y0:y1])]
    if not all(ends) or sum(ends) > _SENTENCE_ENDS:
        return [region]
    before, after = _SENTENCES.findall(old[x0:x1]), _SENTENCES.findall(new[y0:y1])
    blocks = _common(before, after, work.pairs)
    if blocks is None:
        return [region]
    xs = list(accumulate(map(len, before), initial=x0))
    ys = list(accumulate(map(len, after), initial=y0))
    spans = []
    i = j = 0
    for a, b, size in blocks:
        if i < a or j < b:
            spans.append(Span(xs[i], xs[a], ys[j], ys[b]))
        i, j = a + size, b + size
    return spans


def _word_spans(old: str, new: str, region: Span, work: _Work) -> list[Span] | None:
    """The words that differ, with the blanks between them; None when there are too many.

    Only words are aligned. Blanks follow: they are all alike, and would draw words out of line.
    """
    x0, x1, y0, y1 = region
    if not _may_be_cut(old[x0:x1], new[y0:y1], work.letters):
        return None
    before, after = tokens(old[x0:x1]), tokens(new[y0:y1])
    left = [at for at, token in enumerate(before) if not token.isspace()]
    right = [at for at, token in enumerate(after) if not token.isspace()]
    blocks = _common([before[at] for at in left], [after[at] for at in right], work.pairs)
    if blocks is None:
        return None
    xs = list(accumulate(map(len, before), initial=x0))
    ys = list(accumulate(map(len, after), initial=y0))
    left.append(len(before))
    right.append(len(after))
    spans: list[Span] = []
    i = j = 0  # tokens that are done
    for a, b, size in blocks:
        # The last block is empty, and stands for the end of both texts.
        for nth in range(size or 1):
            until, there = left[a + nth], right[b + nth]
            if before[i:until] != after[j:there]:
                cut = _unlike(before, after, (i, until, j, there))
                spans += [
                    _letters(old, new, Span(xs[i], xs[k], ys[j], ys[m])) for i, k, j, m in cut
                ]
            i, j = until + 1, there + 1
    return spans


def _may_be_cut(before: str, after: str, letters: Allowance) -> bool:
    """Whether two stretches may be cut into words, as far as can be told before."""
    if before.count(" ") * after.count(" ") > _TOKEN_PAIRS:
        return False  # about as many words would be too many to compare
    ascii_only = before.isascii() and after.isascii()
    return letters.take((len(before) + len(after)) * (1 if ascii_only else _BEYOND_ASCII))


def _common(
    before: list[str], after: list[str], allowance: Allowance
) -> list[tuple[int, int, int]] | None:
    """Most of what is in both lists in one order: (index, index, count); the last count is 0.

    None when there are too many pairs to look at.
    """
    pairs = len(before) * len(after)
    if pairs > _TOKEN_PAIRS or not allowance.take(pairs):
        return None
    # Numbers instead of words: nothing then depends on how strings are hashed.
    number: dict[str, int] = {}
    left = [number.setdefault(token, len(number)) for token in before]
    right = [number.setdefault(token, len(number)) for token in after]
    blocks = Indel.opcodes(left, right).as_matching_blocks()
    return [(block.a, block.b, block.size) for block in blocks]


def _unlike(
    before: list[str], after: list[str], gap: tuple[int, int, int, int]
) -> list[tuple[int, int, int, int]]:
    """A stretch of tokens between common words, cut down to what differs.

    Words that were corrected one by one ("teh qiuck", "the quick") are pieces of their own; a
    phrase that was put in place of another is one.
    """
    i, k, j, m = gap
    while i < k and j < m and before[i] == after[j]:
        i, j = i + 1, j + 1
    while i < k and j < m and before[k - 1] == after[m - 1]:
        k, m = k - 1, m - 1
    if k - i == m - j > 1:
        pairs = list(zip(before[i:k], after[j:m], strict=True))
        if all(old == new or (old[0] == new[0] or old[-1] == new[-1]) for old, new in pairs):
            places = [at for at, (old, new) in enumerate(pairs) if old != new]
            return [(i + at, i + at + 1, j + at, j + at + 1) for at in places]
    return [(i, k, j, m)]


def _letters(old: str, new: str, span: Span) -> Span:
    """A word, or blank, that only grew or shrank: its letters that came or went. Else the span."""
    x0, x1, y0, y1 = span
    shorter = min(x1 - x0, y1 - y0)
    if not shorter:
        return span
    head = common_prefix(old, new, x0, y0, shorter)
    tail = common_suffix(old, new, x1, y1, shorter - head)
    if head + tail < shorter or not _is_one(old[x0:x1] + new[y0:y1]):
        return span
    return Span(x0 + head, x1 - tail, y0 + head, y1 - tail)


def _is_one(letters: str) -> bool:
    """Whether these are only letters of words, or only white space."""
    return letters.isspace() or is_word(letters)


def _settled(old: str, new: str, spans: list[Span], caret: int | None) -> list[Span]:
    """The spans, with each insertion and deletion at the best of the places where it can be."""
    settled: list[Span] = []
    steps = Allowance(_STEPS)
    for span, following in pairwise([*spans, None]):
        assert span is not None
        if _is_pure(span):
            # One kept letter at least stays between two spans.
            floor = settled[-1].x1 + 1 if settled else 0
            ceiling = following.x0 - 1 if following else len(old)
            span = _slide(old, new, span, caret, range(floor, ceiling + 1), steps)
            if span.x0 == span.x1 and caret != span.y1:
                span = _whole_word(old, new, span, range(floor, ceiling + 1))
        settled.append(span)
    return settled


def _slide(
    old: str, new: str, span: Span, caret: int | None, reach: range, steps: Allowance
) -> Span:
    """Move one insertion or deletion, among the places where it means the same.

    It goes to where it ends at the caret, else to where it is words and the blank behind them, else
    to where it starts a word (as "b, "), else to the rightmost. It stays within ``reach`` of the
    old text, and within ``_SLIDE`` code points.
    """
    text, start, end = (new, span.y0, span.y1) if span.x0 == span.x1 else (old, span.x0, span.x1)
    most = min(_SLIDE, reach.stop - 1 - span.x1, steps.left)
    right = 0
    while right < most and text[start + right] == text[end + right]:
        right += 1
    least = -min(_SLIDE, span.x0 - reach.start, steps.left)
    left = 0
    while left > least and text[start + left - 1] == text[end + left - 1]:
        left -= 1
    steps.take(min(right - left, steps.left))
    wanted = None if caret is None else caret - span.y1
    if wanted is None or not left <= wanted <= right:
        places = range(right, left - 1, -1)
        apart = (by for by in places if _stands_apart(text, start + by, end + by))
        words = (by for by in places if _starts_word(text, start + by, end + by))
        wanted = next(apart, None)
        wanted = next(words, right) if wanted is None else wanted
    return Span(*(end + wanted for end in span))


def _whole_word(old: str, new: str, span: Span, reach: range) -> Span:
    """An insertion into a word shorter than itself: it became another one ("hat", "habitat").

    As an insertion it would leave "bita" behind when somebody deletes the hat. What was typed at
    the caret, letter by letter, is not meant, nor a letter or two that were missing. Or it became
    several: nobody types the end of one and the beginning of the next ("hat", "ham at").
    """
    x, _, y, y1 = span
    several = _makes_words(new[y:y1])
    most = _WIDEST if several else y1 - y
    another = most >= _ANOTHER_WORD and is_word(new[y:y1])
    if not _cuts_word(old, x) or not (several or another):
        return span
    start, end = x, x
    while start > reach.start and x - start < most and in_word(old[start - 1]):
        start -= 1
    while end < reach.stop - 1 and end - start < most and in_word(old[end]):
        end += 1
    if end - start >= most or _cuts_word(old, start) or _cuts_word(old, end):
        return span
    return Span(start, end, y - (x - start), y1 + (end - x))


def _makes_words(inserted: str) -> bool:
    """Whether this, put into a word, ends one there and begins another."""
    ends = in_word(inserted[0]) and in_word(inserted[-1])
    return ends and any(map(str.isspace, inserted))


def _stands_apart(text: str, start: int, end: int) -> bool:
    """Whether ``text[start:end]`` is what stands between white space, with the blank behind it.

    "3.14 ", "e.g. " and "👍 " are no words, or several: a place within them would tear them apart.
    """
    begins = start == 0 or text[start - 1].isspace()
    return begins and text[end - 1].isspace() and not text[start].isspace()


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
    length: int,
    spans: Iterable[Span],
    tears_old: Callable[[int], bool],
    tears_new: Callable[[int], bool],
    steps: Allowance,
    *,
    pure_too: bool = True,
) -> list[Span]:
    """The spans, made wide enough that no end of them tears something apart.

    Unless ``pure_too``, mere insertions and deletions stay as they are.
    Between two spans both texts agree, so both sides move by the same letters, and never beyond the
    next span (or the old text's ``length``): those that meet become one.
    """

    def tears(by: int) -> bool:
        return tears_old(x + by) or tears_new(y + by)

    wide: list[Span] = []
    for span, following in pairwise([*spans, None]):
        assert span is not None
        x0, x1, y0, y1 = span
        if pure_too or not _is_pure(span):
            x, y = x0, y0
            by = _steps(tears, -1, x0 - (wide[-1].x1 if wide else 0), steps)
            x0, y0 = x0 + by, y0 + by
            x, y = x1, y1
            by = _steps(tears, 1, (following.x0 if following else length) - x1, steps)
            x1, y1 = x1 + by, y1 + by
        if wide and wide[-1].x1 == x0:
            x0, _, y0, _ = wide.pop()
        wide.append(Span(x0, x1, y0, y1))
    return wide


def _steps(tears: Callable[[int], bool], direction: int, room: int, steps: Allowance) -> int:
    """How far to go, within ``room``, until nothing is torn; nowhere when that is too far."""
    most = min(room, _WIDEST, steps.left)
    by = 0
    while by < most and tears(by * direction):
        by += 1
    steps.take(by)
    return by * direction if by < most or by == room else 0
