"""Where two texts agree: common ends by galloping, and stretches in between.

Everything here works on slices and ``str.find``, at the speed of ``memcmp``: ten edits spread over
100 KB cost ten short searches and not a pass over the text.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple


class Span(NamedTuple):
    """One place that differs: ``old[x0:x1]`` became ``new[y0:y1]``."""

    x0: int
    x1: int
    y0: int
    y1: int


class Allowance:
    """How much of one kind of work may still be done.

    It counts work and not time, so that a result depends on nothing but the texts.
    """

    __slots__ = ("left",)

    def __init__(self, amount: int) -> None:
        self.left = amount

    def take(self, amount: int) -> bool:
        """Whether so much may be done; then it counts as done."""
        if amount > self.left:
            return False
        self.left -= amount
        return True


REGIONS: Final = 1000
"""Most regions that two texts are parted into; behind them, all the rest is one."""
SEARCHED: Final = 4_000_000
"""Letters that the search for agreements goes through, at up to 10 ns each in texts made for it."""

_SEED: Final = 24
"""Letters that must agree before two places count as the same; shorter phrases repeat too often."""
_FAR_SEED: Final = 48
_NEAR: Final = ((128, 4), (1024, 16))
"""How far to look for the next agreement, and how densely. One edit is mostly far below 128."""
_FAR: Final = (0, 32, 128, 512, 2048, 8192)
"""Offsets of the seeds that are searched for farther on (a big part came or went)."""
_FARTHER: Final = (8192, 65536, 1 << 30)
"""How far: what came or went is mostly a paragraph."""


def common_prefix(old: str, new: str, x: int, y: int, limit: int) -> int:
    """Number of equal code points, at most ``limit``, from x in ``old`` and from y in ``new``."""
    if limit <= 0 or old[x] != new[y]:
        return 0
    same, step = 1, 64
    # The first step that differs ends it: slices of all that follows would be a pass over the text.
    while (
        same + step <= limit and old[x + same : x + same + step] == new[y + same : y + same + step]
    ):
        same += step
        step *= 2
    differs = min(limit, same + step)
    while differs - same > 1:
        middle = (same + differs) >> 1
        if old[x + same : x + middle] == new[y + same : y + middle]:
            same = middle
        else:
            differs = middle
    return same + 1 if same < limit and old[x + same] == new[y + same] else same


def common_suffix(old: str, new: str, x: int, y: int, limit: int) -> int:
    """Number of equal code points, at most ``limit``, before x in ``old`` and y in ``new``."""
    if limit <= 0 or old[x - 1] != new[y - 1]:
        return 0
    same, step = 1, 64
    while (
        same + step <= limit and old[x - same - step : x - same] == new[y - same - step : y - same]
    ):
        same += step
        step *= 2
    differs = min(limit, same + step)
    while differs - same > 1:
        middle = (same + differs) >> 1
        if old[x - middle : x - same] == new[y - middle : y - same]:
            same = middle
        else:
            differs = middle
    return same + 1 if same < limit and old[x - same - 1] == new[y - same - 1] else same


def trim(old: str, new: str) -> Span:
    """The one span outside of which both texts agree; empty when they are equal."""
    shorter = min(len(old), len(new))
    head = common_prefix(old, new, 0, 0, shorter)
    tail = common_suffix(old, new, len(old), len(new), shorter - head)
    return Span(head, len(old) - tail, head, len(new) - tail)


def regions(old: str, new: str, whole: Span) -> Iterator[Span]:
    """The spans within ``whole`` between which both texts agree over a longer stretch."""
    x, y = whole.x0, whole.y0
    parts, letters = Allowance(REGIONS - 1), Allowance(SEARCHED)
    while x < whole.x1 and y < whole.y1 and parts.take(1):
        left = Span(x, whole.x1, y, whole.y1)
        found = _near(old, new, left, letters) or _far(old, new, left, letters)
        if found is None:
            break
        back = common_suffix(old, new, *found, min(found[0] - x, found[1] - y))
        at, there = found[0] - back, found[1] - back
        yield Span(x, at, y, there)
        same = common_prefix(old, new, at, there, min(whole.x1 - at, whole.y1 - there))
        x, y = at + same, there + same
    if x < whole.x1 or y < whole.y1:
        yield Span(x, whole.x1, y, whole.y1)


def _near(old: str, new: str, span: Span, letters: Allowance) -> tuple[int, int] | None:
    """The closest place within 1,024 letters where both go on alike for ``_SEED`` letters."""
    for reach, step in _NEAR:
        found = None
        cost = 2 * reach
        for ahead in range(0, min(reach, span.x1 - span.x0 - _SEED + 1), step):
            if ahead >= cost:
                break
            x = span.x0 + ahead
            stop = min(span.y1, span.y0 + cost - ahead + _SEED)
            y = _find(new, old[x : x + _SEED], span.y0, stop, letters)
            if y >= 0:
                found = (x, y)
                cost = ahead + y - span.y0
        if found:
            return found
    return None


def _far(old: str, new: str, span: Span, letters: Allowance) -> tuple[int, int] | None:
    """A place anywhere in the span that follows a long insertion or deletion."""
    for reach in _FARTHER:
        found = None
        cost = span.x1 - span.x0 + span.y1 - span.y0
        for ahead in _FAR:
            x, y = span.x0 + ahead, span.y0 + ahead
            if x + _FAR_SEED <= span.x1:
                stop = min(span.y1, span.y0 + reach)
                there = _find(new, old[x : x + _FAR_SEED], span.y0, stop, letters)
                if there >= 0 and ahead + there - span.y0 < cost:
                    found, cost = (x, there), ahead + there - span.y0
            if y + _FAR_SEED <= span.y1:
                stop = min(span.x1, span.x0 + reach)
                there = _find(old, new[y : y + _FAR_SEED], span.x0, stop, letters)
                if there >= 0 and ahead + there - span.x0 < cost:
                    found, cost = (there, y), ahead + there - span.x0
        if found or reach >= cost:
            return found
    return None


def _find(text: str, seed: str, start: int, stop: int, letters: Allowance) -> int:
    """``text.find``, as long as there are letters left to go through; then always -1."""
    if letters.left <= stop - start:
        return -1
    found = text.find(seed, start, stop)
    letters.take((found if found >= 0 else max(start, stop)) - start)
    return found
