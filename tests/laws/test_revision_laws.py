"""An essay's past, against an oracle that keeps each letter with the entry that brought it."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from text_strategies import changes, texts
from workroom.core.entries import Entry, EssayChanged, EssayCreated, Fact, TextEdited
from workroom.core.essays.revisions import (
    CHAPTER,
    TOGETHER,
    Moment,
    Teller,
    Telling,
    compact,
    differences,
    passages,
    runs_of,
)
from workroom.core.text import Change
from workroom.ids import EssayId, UserId

PEOPLE = [UserId(1), UserId(2), UserId(2**52)]
ESSAY = EssayId(1)


@dataclass
class Told:
    """A log, and who brought each letter of the text: its author and the entry's number."""

    entries: list[tuple[Entry, str]] = field(default_factory=list)
    text: str = ""
    letters: list[tuple[UserId, int]] = field(default_factory=list)


def _edit(told: Told, change: Change, who: UserId, seq: int) -> None:
    after: list[tuple[UserId, int]] = []
    at = 0
    for op in change.ops:
        if isinstance(op, str):
            after += [(who, seq)] * len(op)
        elif op > 0:
            after += told.letters[at : at + op]
            at += op
        else:
            at -= op
    told.text, told.letters = change.apply(told.text), after


@st.composite
def logs(draw: DrawFn) -> Told:
    told, at = Told(), 0
    gaps = st.sampled_from([0, 1_000, TOGETHER - 1, TOGETHER, 10 * TOGETHER])
    for seq in range(1, draw(st.integers(1, 30)) + 1):
        at += draw(gaps)
        who = draw(st.sampled_from(PEOPLE))
        fact: Fact = EssayCreated("Title", "", None)
        kind = "essay_created"
        if seq > 1 and draw(st.integers(0, 9)):
            change = draw(changes(told.text))
            _edit(told, change, who, seq)
            restores = 1 if draw(st.integers(0, 9)) == 0 else None
            fact, kind = TextEdited(change, b"", restores=restores), "text_edited"
        elif seq > 1:
            fact, kind = EssayChanged({"title": f"Title {seq}"}), "essay_changed"
        told.entries.append((Entry(seq, who, at, fact), kind))
    return told


def _retell(start: Moment | None, entries: list[tuple[Entry, str]]) -> Telling:
    teller = Teller(ESSAY, start)
    teller.add(entries[:3])
    teller.add(entries[3:])
    return teller.telling()


@given(logs(), st.data())
def test_every_letter_is_known_to_be_of_who_wrote_it(told: Told, data: st.DataObject) -> None:
    whole = _retell(None, told.entries).moment
    cut = data.draw(st.integers(1, len(told.entries)))
    first = _retell(None, told.entries[:cut])
    start = compact(first.moment)
    rest = told.entries[cut:]
    pieced = _retell(start, rest).moment if rest else start

    for moment in (whole, pieced):
        assert moment.state.text == told.text
        labels = [moment.labels[ord(mark)] for mark in moment.marks]
        assert len(labels) == len(told.letters)
        for label, (who, seq) in zip(labels, told.letters, strict=True):
            assert label.actor == who
            assert label.first <= seq <= label.last


@given(logs())
def test_the_passages_cover_the_text_without_gaps_in_utf16_units(told: Told) -> None:
    moment = _retell(None, told.entries).moment
    found = passages(moment)
    units = told.text.encode("utf-16-le")

    edges = [(each.start, each.end) for each in found]
    assert all(before[1] == after[0] for before, after in pairwise(edges))
    assert edges[:1] == ([(0, edges[0][1])] if told.text else [])
    assert 2 * (edges[-1][1] if edges else 0) == len(units)
    assert sum(count for count, _ in runs_of(moment.marks)) == len(told.text)
    assert all(units[2 * start : 2 * end].decode("utf-16-le") for start, end in edges)


@given(logs())
def test_groups_are_the_whole_log_in_order_and_each_is_one_persons(told: Told) -> None:
    groups = _retell(None, told.entries).groups
    entries = [entry for entry, _ in told.entries]

    assert [seq for g in groups for seq in range(g.first, g.last + 1)] == [e.seq for e in entries]
    for group in groups:
        within = entries[group.first - 1 : group.last]
        assert {entry.actor for entry in within} == {group.actor}
        assert all(after.at - before.at < TOGETHER for before, after in pairwise(within))
        if len(within) > 1:
            assert all(isinstance(entry.fact, TextEdited) for entry in within)
            assert group.restores is None


def test_a_group_ends_with_its_chapter() -> None:
    text, entries = "", [(Entry(1, PEOPLE[0], 0, EssayCreated("T", "", None)), "essay_created")]
    for seq in range(2, CHAPTER + 3):
        change = Change.of(len(text), [(len(text), 0, "x")])
        text = change.apply(text)
        entries.append((Entry(seq, PEOPLE[0], seq, TextEdited(change, b"")), "text_edited"))

    groups = _retell(None, entries).groups

    edges = [(group.first, group.last) for group in groups]
    assert edges == [(1, 1), (2, CHAPTER), (CHAPTER + 1, CHAPTER + 2)]
    assert groups[1].added == CHAPTER - 1


@given(texts, st.data())
def test_differences_lead_back_to_the_text_before(before: str, data: st.DataObject) -> None:
    change = data.draw(changes(before))
    after = change.apply(before).encode("utf-16-le")
    pieces, at = [], 0
    for start, end, deleted in differences(before, change):
        pieces += [after[2 * at : 2 * start], deleted.encode("utf-16-le")]
        at = end
    pieces.append(after[2 * at :])
    assert b"".join(pieces).decode("utf-16-le") == before
