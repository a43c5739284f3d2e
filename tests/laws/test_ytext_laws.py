"""Copies of a Yjs text that exchange updates late: those of one copy in order, others in any."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import permutations

from hypothesis import given, settings
from hypothesis import strategies as st

from text_strategies import changes, words
from workroom.core.text import Change, Side, UpdateAhead, YText

COPIES = 3


@contextmanager
def copies() -> Iterator[list[YText]]:
    texts = [YText(client_id=number + 1) for number in range(COPIES)]
    try:
        yield texts
    finally:
        for text in texts:
            text.close()


@settings(max_examples=60)
@given(st.data())
def test_copies_converge_and_every_mirror_is_exact(data: st.DataObject) -> None:
    with copies() as texts:
        wires = {pair: list[bytes]() for pair in permutations(range(COPIES), 2)}
        for _ in range(data.draw(st.integers(1, 14))):
            waiting = [pair for pair, updates in wires.items() if updates]
            deliver: bool = data.draw(st.booleans())
            if waiting and deliver:
                pair = data.draw(st.sampled_from(waiting))
                _deliver(texts[pair[1]], wires[pair].pop(0))
                continue
            writer: int = data.draw(st.integers(0, COPIES - 1))
            change = data.draw(changes(texts[writer].text))
            expected = change.apply(texts[writer].text)
            update = texts[writer].edit(change)
            assert texts[writer].text == expected
            for pair, updates in wires.items():
                if pair[0] == writer:
                    updates.append(update)
        for pair, updates in wires.items():
            for update in updates:
                _deliver(texts[pair[1]], update)
        assert texts[0].text == texts[1].text == texts[2].text
        again = YText(texts[0].state(), client_id=9)
        assert again.text == texts[0].text
        again.close()


def _deliver(reader: YText, update: bytes) -> None:
    before = reader.text
    change = reader.apply(update)
    assert change.apply(before) == reader.text == held(reader)


def held(text: YText) -> str:
    """What the document holds, once it has taken up all that was typed on."""
    text.state_vector()
    return str(text._shared)


@settings(max_examples=60)
@given(st.data())
def test_an_update_out_of_order_changes_nothing_and_what_is_missing_can_be_asked_for(
    data: st.DataObject,
) -> None:
    with copies() as (here, there, _):
        updates = [there.edit(data.draw(changes(there.text))) for _ in range(4)]
        for update in data.draw(st.permutations(updates)):
            before = here.state()
            try:
                here.apply(update)
            except UpdateAhead:
                assert here.state() == before
        here.apply(there.update_since(here.state_vector()))
        assert here.text == there.text == held(here)


@settings(max_examples=40)
@given(st.data())
def test_a_copy_that_was_away_catches_up_by_its_state_vector(data: st.DataObject) -> None:
    with copies() as (here, there, _):
        for text in (here, there, here):
            text.edit(data.draw(changes(text.text)))
        for mine, other in ((here, there), (there, here)):
            mine.apply(other.update_since(mine.state_vector()))
        assert here.text == there.text


@settings(max_examples=150)
@given(st.data())
def test_typing_on_writes_the_same_updates_as_finding_the_place_each_time(
    data: st.DataObject,
) -> None:
    """``there`` types on where it stopped, or before what it typed last.

    ``twin`` is made to forget where that was.
    """
    with copies() as (there, peer, reader):
        twin = YText(client_id=1)
        carets = [0, 0, 0]
        last = 0
        for _ in range(data.draw(st.integers(1, 30))):
            kind = data.draw(st.sampled_from(["type", "type", "type", "erase", "any", "peer"]))
            looked_at: bool = data.draw(st.booleans())
            at = data.draw(st.sampled_from([*carets, last]))
            if kind == "peer":
                update = peer.edit(data.draw(changes(peer.text)))
                change = there.apply(update)
                twin.apply(update)
            else:
                change = _typing(kind, at, there.text, data)
                twin._pens.forget()
                update = there.edit(change)
                assert update == twin.edit(change)
                peer.apply(update)
            reader.apply(update)
            carets = [change.map(caret, Side.AFTER) for caret in carets]
            last = change.map(at if kind == "type" else last, Side.BEFORE)
            if kind == "any":
                carets[0] = data.draw(st.integers(0, len(there.text)))
            assert there.text == peer.text == reader.text
            if looked_at:  # else the document takes it up later
                assert held(there) == there.text and there.state() == twin.state()
        assert there.state() == twin.state()
        twin.close()


def _typing(kind: str, at: int, text: str, data: st.DataObject) -> Change:
    if kind == "any":
        return data.draw(changes(text))
    if kind == "erase":
        return Change.of(len(text), [(max(0, at - 1), min(at, 1), "")])
    return Change.of(len(text), [(at, 0, data.draw(words))])
