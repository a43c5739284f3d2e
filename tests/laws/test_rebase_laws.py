"""What merging two concurrent changes promises."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from text_strategies import changes, texts
from workroom.core.text import Change, Hunk, Rebased, rebase, signed
from workroom.core.text.rebase import _apart, _Weave

ME, ANA, BEN = "m", "a", "b"


class Case(NamedTuple):
    base: str
    authors: str
    mine: Change
    since: Change
    since_authors: Change
    join: bool

    def rebase(self) -> Rebased:
        return rebase(
            self.mine,
            self.since,
            base=self.base,
            base_authors=self.authors,
            author=ME,
            since_authors=self.since_authors,
            join=self.join,
        )


@st.composite
def cases(draw: DrawFn) -> Case:
    """A change of mine, and up to three by others (or by me, earlier) on the same base."""
    base = text = draw(texts)
    authors = draw(st.text(st.sampled_from(ME + ANA), min_size=len(base), max_size=len(base)))
    since = since_authors = Change.keep(len(base))
    for _ in range(draw(st.integers(0, 3))):
        change = draw(changes(text))
        text = change.apply(text)
        since = since.compose(change)
        author = draw(st.sampled_from((ANA, BEN, ME)))
        since_authors = since_authors.compose(signed(change, author))
    return Case(base, authors, draw(changes(base)), since, since_authors, draw(st.booleans()))


@given(cases())
def test_both_ways_lead_to_the_same_text(case: Case) -> None:
    result = case.rebase()
    head, own = case.since.apply(case.base), case.mine.apply(case.base)
    assert result.change.apply(head) == result.bridge.apply(own)


@given(cases())
def test_both_ways_lead_to_the_same_authors(case: Case) -> None:
    result = case.rebase()
    head = case.since_authors.apply(case.authors)
    own = signed(case.mine, ME).apply(case.authors)
    assert signed(result.change, ME).apply(head) == result.bridge_authors.apply(own)


@given(cases())
def test_only_what_the_base_held_and_the_writer_deleted_goes(case: Case) -> None:
    """Every letter has its own name here, so that nobody's letter can stand in for another's."""
    own_letters, their_letters = iter(range(0xE000, 0xE800)), iter(range(0xE800, 0xF800))
    named = case._replace(
        base="".join(chr(0xAC00 + at) for at in range(len(case.base))),
        mine=_renamed(case.mine, own_letters),
        since=_renamed(case.since, their_letters),
    )
    result = named.rebase()
    own, head = named.mine.apply(named.base), named.since.apply(named.base)
    merged = result.change.apply(head).replace(" ", "")
    kept = [letter for letter in named.base if letter in own and letter in head]
    added = [letter for letter in own + head if letter not in named.base]
    assert sorted(merged) == sorted(kept + added)
    assert [letter for letter in merged if letter in own] == [x for x in own if x in merged]
    assert [letter for letter in merged if letter in head] == [x for x in head if x in merged]


@given(cases())
def test_no_insertion_is_lost_or_torn(case: Case) -> None:
    result = case.rebase()
    merged = result.change.apply(case.since.apply(case.base))
    for hunk in case.mine.hunks():
        assert hunk.inserted in merged
    without_seams = "".join(x for at, x in enumerate(merged) if at not in set(result.seams))
    for words in _by_author(case.since, case.since_authors):
        assert words in without_seams


@given(cases())
def test_blanks_are_put_only_between_letters_that_did_not_touch_before(case: Case) -> None:
    result = case.rebase()
    merged = result.change.apply(case.since.apply(case.base))
    for seam in result.seams:
        assert merged[seam] == " " and 0 < seam < len(merged) - 1
        assert not merged[seam - 1].isspace() and not merged[seam + 1].isspace()


@given(cases())
def test_with_nothing_in_between_the_change_is_taken_as_it_is(case: Case) -> None:
    alone = case._replace(
        since=Change.keep(len(case.base)), since_authors=Change.keep(len(case.base))
    )
    result = alone.rebase()
    assert result.change == case.mine
    assert result.bridge == Change.keep(case.mine.after) == result.bridge_authors
    assert result.seams == ()


@given(cases())
def test_saving_the_base_unchanged_changes_nothing(case: Case) -> None:
    result = case._replace(mine=Change.keep(len(case.base))).rebase()
    assert result.change.is_empty
    assert (result.bridge, result.bridge_authors) == (case.since, case.since_authors)


def _renamed(change: Change, names: Iterator[int]) -> Change:
    return Change(
        tuple(
            "".join(chr(next(names)) for _ in op) if isinstance(op, str) else op
            for op in change.ops
        )
    )


def _by_author(since: Change, since_authors: Change) -> list[str]:
    pieces = []
    for words, authors in zip(since.ops, since_authors.ops, strict=True):
        if isinstance(words, str) and isinstance(authors, str):
            start = 0
            for at in range(1, len(words) + 1):
                if at == len(words) or authors[at] != authors[start]:
                    pieces.append(words[start:at])
                    start = at
    return pieces


@st.composite
def long_cases(draw: DrawFn) -> Case:
    """One small change of mine in a text long enough for the others to be somewhere else."""
    base = text = draw(st.lists(texts, min_size=1, max_size=6).map(" ".join))
    since = since_authors = Change.keep(len(base))
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(text)))
        gone = draw(st.integers(0, min(3, len(text) - at)))
        change = Change.of(len(text), [Hunk(at, gone, draw(texts)[:4])])
        text = change.apply(text)
        since = since.compose(change)
        author = draw(st.sampled_from((ANA, BEN, ME)))
        since_authors = since_authors.compose(signed(change, author))
    at = draw(st.integers(0, len(base)))
    gone = draw(st.integers(0, min(3, len(base) - at)))
    mine = Change.of(len(base), [Hunk(at, gone, draw(texts)[:4])])
    authors = draw(st.text(st.sampled_from(ME + ANA), min_size=len(base), max_size=len(base)))
    return Case(base, authors, mine, since, since_authors, draw(st.booleans()))


@given(long_cases() | cases())
def test_what_cannot_touch_is_merged_by_arithmetic_as_the_weave_would(case: Case) -> None:
    quick = _apart(case.mine, case.since, case.since_authors)
    if quick is not None and not case.since.is_empty and not case.mine.is_empty:
        weave = _Weave(case.base, case.authors, ME, join=case.join)
        assert quick == weave.run(case.mine, case.since, case.since_authors)


def test_the_usual_case_is_merged_by_arithmetic() -> None:
    base = "One two three four five"
    mine, since = Change.of(23, [Hunk(8, 0, "x")]), Change.of(23, [Hunk(0, 0, "y"), (20, 2, "z")])
    quick = _apart(mine, since, signed(since, ANA))
    assert quick is not None
    assert quick.bridge.apply(mine.apply(base)) == "yOne two xthree four fze"
