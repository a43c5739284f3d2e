"""The texts that a client can have written from."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

from workroom.core.text.change import Builder, Change
from workroom.core.text.diff import diff
from workroom.core.text.mirror import Mirror

_RUN: Final = re.compile(r"(.)\1*+", re.DOTALL)


@dataclass(slots=True, eq=False)  # not frozen, for the reason that ``value`` gives
class Candidate:
    """A text that the client can have written from."""

    text: str
    authors: str
    seq: int
    """The log's number of the head to which ``bridge`` leads (or which the text was)."""
    number: int
    """Which of the versions sent it is; for the client's own text the one that it descends from."""
    sent_at: float
    bridge: Change | None = None
    """From the text to the head at ``seq``; None for a version sent, which was the head."""
    bridge_authors: Change | None = None
    root: int = -1
    """Of the client's own text: the ``seq`` of the version that it descends from."""
    undo: Change | None = None
    """Of a version sent into which the client has put what it wrote meanwhile (see ``mixed``): back
    to that version."""

    @property
    def is_mixed(self) -> bool:
        """Whether the client has put its own changes into a version sent."""
        return self.undo is not None

    @property
    def is_own(self) -> bool:
        """Whether it is the client's own last text, and not a version sent."""
        return self.bridge is not None and not self.is_mixed


class Deletion(NamedTuple):
    """What one change deleted."""

    seq: int
    """The log's number of the change."""
    stretches: list[tuple[int, int]]
    """Of the text that it was made on, from left to right."""


def mixed(
    version: Candidate, head: Mirror, author: str, deleted: Iterable[Deletion]
) -> Candidate | None:
    """``version`` with what the client (``author``) has put into the head since; None if nothing.

    ``deleted``: what the client has deleted lately.
    None too when the head forgot how it came from ``version``.
    """
    since, authors = head.since(version.seq), head.authors_since(version.seq)
    if since is None or authors is None:
        return None
    gone = _gone(version, head, deleted)
    mine, signature = Builder(), Builder()
    rest, rest_authors = Builder(), Builder()
    at = 0
    for op, by in zip(since.ops, authors.ops, strict=True):
        if isinstance(op, str) and isinstance(by, str):
            for run in _RUN.finditer(by):
                letters, own = op[run.start() : run.end()], run[1] == author
                (mine if own else rest).insert(letters)
                (signature if own else rest_authors).insert(run[0])
                if own:
                    rest.keep(len(letters))
                    rest_authors.keep(len(letters))
        elif isinstance(op, int) and op >= 0:
            for each in (mine, signature, rest, rest_authors):
                each.keep(op)
            at += op
        elif isinstance(op, int):
            for count, own in _parted(at, at - op, gone):
                for each in (mine, signature) if own else (rest, rest_authors):
                    each.delete(count)
                for each in () if own else (mine, signature):
                    each.keep(count)
            at -= op
    change = mine.change()
    if change.is_empty:
        return None
    return Candidate(
        text=change.apply(version.text),
        authors=signature.change().apply(version.authors),
        seq=head.seq,
        number=version.number,
        sent_at=version.sent_at,
        bridge=rest.change(),
        bridge_authors=rest_authors.change(),
        root=version.seq,
        undo=change.invert(version.text),
    )


def _gone(version: Candidate, head: Mirror, deleted: Iterable[Deletion]) -> list[tuple[int, int]]:
    """The stretches of a version's text that went with these deletions, from left to right."""
    places: list[tuple[int, int]] = []
    for seq, stretches in deleted:
        before = head.between(version.seq, seq) if seq > version.seq else None
        if before is not None:
            places += _origins(before, stretches)
    return sorted(places)


def _origins(before: Change, stretches: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """These stretches of the text that ``before`` led to, where they stood in the one before."""
    old = new = nth = 0
    for op in before.ops:
        if isinstance(op, str):
            new += len(op)
            continue
        if op > 0:
            while nth < len(stretches) and stretches[nth][0] < new + op:
                start, end = stretches[nth]
                first, last = max(start, new), min(end, new + op)
                if first < last:
                    yield old + first - new, old + last - new
                if end > new + op:
                    break
                nth += 1
            new += op
        old += abs(op)


def _parted(start: int, end: int, gone: list[tuple[int, int]]) -> Iterator[tuple[int, bool]]:
    """A stretch, part by part: how long that is, and whether it is within ``gone``."""
    for first, last in gone:
        if first >= end or last <= start:
            continue
        if first > start:
            yield first - start, False
        start = max(start, first)
        yield min(last, end) - start, True
        start = min(last, end)
    if start < end:
        yield end - start, False


def grown(old: str, new: str, authors: str) -> tuple[Change, Change]:
    """The change from one text to another, and the same of their authors (``authors``: of new)."""
    change = diff(old, new)
    hunks, shift = [], 0
    for at, deleted, inserted in change.hunks():
        place = at + shift
        hunks.append((at, deleted, authors[place : place + len(inserted)]))
        shift += len(inserted) - deleted
    return change, Change.of(len(old), hunks)


def regrown(candidate: Candidate, head: Mirror) -> Candidate:
    """The same, followed to a head that has forgotten how it came from there: by comparing."""
    bridge, bridge_authors = grown(candidate.text, head.text, head.authors)
    root = candidate.root if candidate.is_own else candidate.seq
    return replace(candidate, seq=head.seq, bridge=bridge, bridge_authors=bridge_authors, root=root)
