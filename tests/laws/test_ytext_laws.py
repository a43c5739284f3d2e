"""Copies of a Yjs text that exchange updates late, and in any order between pairs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from hypothesis import given, settings
from hypothesis import strategies as st
from text_strategies import changes

from workroom.core.text import YText

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
        waiting: list[tuple[int, bytes]] = []  # for whom, what
        for _ in range(data.draw(st.integers(1, 14))):
            deliver: bool = data.draw(st.booleans())
            if waiting and deliver:
                which: int = data.draw(st.integers(0, len(waiting) - 1))
                _deliver(texts, waiting.pop(which))
                continue
            writer: int = data.draw(st.integers(0, COPIES - 1))
            change = data.draw(changes(texts[writer].text))
            expected = change.apply(texts[writer].text)
            update = texts[writer].edit(change)
            assert texts[writer].text == expected == str(texts[writer]._shared)
            waiting += [(reader, update) for reader in range(COPIES) if reader != writer]
        for item in waiting:
            _deliver(texts, item)
        assert texts[0].text == texts[1].text == texts[2].text
        again = YText(texts[0].state(), client_id=9)
        assert again.text == texts[0].text
        again.close()


def _deliver(texts: list[YText], item: tuple[int, bytes]) -> None:
    reader, update = item
    before = texts[reader].text
    change = texts[reader].apply(update)
    assert change.apply(before) == texts[reader].text == str(texts[reader]._shared)


@settings(max_examples=40)
@given(st.data())
def test_a_copy_that_was_away_catches_up_by_its_state_vector(data: st.DataObject) -> None:
    with copies() as (here, there, _):
        for text in (here, there, here):
            text.edit(data.draw(changes(text.text)))
        for mine, other in ((here, there), (there, here)):
            mine.apply(other.update_since(mine.state_vector()))
        assert here.text == there.text
