"""What an editor's update brings and needs."""

from __future__ import annotations

import pycrdt
import pytest

from workroom.core.text.change import Change
from workroom.core.text.yjs.arrival import FORMAT_BYTES, PIECES, RANGES, TooManyPieces, examine
from workroom.core.text.yjs.update_check import Run
from workroom.core.text.yjs.ytext import EMPTY_UPDATE, UpdateAhead, YText

CONTENT = b"\x01\x07content"


def number(value: int) -> bytes:
    encoded = b""
    while value > 0x7F:
        encoded += bytes([value & 0x7F | 0x80])
        value >>= 7
    return encoded + bytes([value])


def typed(ytext: YText, at: int, words: str) -> bytes:
    return ytext.edit(Change.of(len(ytext.text), [(at, 0, words)]))


def test_a_first_insertion_needs_nothing() -> None:
    update = typed(YText(client_id=7), 0, "a😀é")
    assert examine(update)[:3] == ([Run(7, 0, 4)], {}, {7: {2}})


def test_neighbours_and_deletions_are_needed() -> None:
    one = YText(client_id=7)
    first = typed(one, 0, "abc")
    two = YText(first, client_id=8)
    between = typed(two, 1, "x")
    assert examine(between)[:2] == ([Run(8, 0, 1)], {7: 2})
    deleted = two.edit(Change.of(4, [(0, 4, "")]))
    assert examine(deleted)[:2] == ([], {7: 3, 8: 1})


@pytest.mark.parametrize(
    "struct",
    [
        b"\x04\x01\x05title\x01a",  # another shared text
        b"\x04\x00\x07\x00\x01a",  # within an element
        b"\x24" + CONTENT + b"\x01k\x01a",  # under a key
        b"\x08" + CONTENT + b"\x01\x7e",  # a value
        b"\x07" + CONTENT + b"\x00",  # an array
        b"\x03" + CONTENT + b"\x01a",  # a buffer
        b"\x02" + CONTENT + b"\x01\x01a",  # JSON
        b"\x05" + CONTENT + b"\x02{}",  # an embedded object
        b"\x06" + CONTENT + b"\x01k" + number(FORMAT_BYTES) + b"x" * FORMAT_BYTES,
    ],
    ids=lambda it: repr(it[:16]),
)
def test_what_is_no_text_is_refused(struct: bytes) -> None:
    with pytest.raises(ValueError, match=r"an essay|a formatting mark"):
        examine(b"\x01\x01\x07\x00" + struct + b"\x00")


def test_an_update_of_too_many_pieces_is_refused_before_it_is_walked() -> None:
    piece = b"\x84\x07\x00\x01a"
    many = b"\x01" + number(PIECES + 1) + b"\x07\x01" + piece * (PIECES + 1) + b"\x00"
    with pytest.raises(TooManyPieces):
        examine(many)
    clients = number(PIECES + 1) + b"\x00\x07\x00" * (PIECES + 1) + b"\x00"
    with pytest.raises(TooManyPieces):
        examine(clients)
    ranges = b"\x00\x01\x07" + number(RANGES + 1) + b"\x00\x01" * (RANGES + 1)
    with pytest.raises(TooManyPieces):
        examine(ranges)


def test_what_is_not_here_yet_is_refused_and_leaves_nothing_behind() -> None:
    one, two, here = YText(client_id=7), YText(client_id=8), YText(client_id=9)
    first = typed(one, 0, "abc")
    two.apply(first)
    for early in (typed(one, 3, "d"), typed(two, 1, "x"), two.edit(Change.of(4, [(0, 1, "")]))):
        with pytest.raises(UpdateAhead):
            here.receive(early)
    assert here.receive(first)[0] == Change.of(0, [(0, 0, "abc")])
    assert here.state() == first


def test_an_own_edit_may_be_built_upon_at_once_and_not_made_up() -> None:
    here = YText(client_id=9)
    here.receive(typed(YText(client_id=7), 0, "é"))
    there = YText(here.state(), client_id=8)
    there.apply(typed(here, 1, "😀"))
    here.receive(typed(there, 2, "!"))
    assert here.text == "é😀!"
    with pytest.raises(ValueError, match="makes up"):
        here.receive(b"\x01\x01\x09\x02\x84\x09\x01\x01x\x00")
    assert here.text == "é😀!"


def test_of_an_update_only_what_is_new_comes_back() -> None:
    one, here = YText(client_id=7), YText(client_id=9)
    here.receive(typed(one, 0, "abc"))
    last = typed(one, 3, "d")
    assert here.receive(one.state()) == (Change.of(3, [(3, 0, "d")]), last)
    assert here.receive(one.state())[1] == EMPTY_UPDATE


@pytest.mark.parametrize("origin", ["typed", "loaded", "own"])
@pytest.mark.parametrize(
    "update",
    [
        b"\x00\x01\x07\x01\x01\x01",  # deletes the first half
        b"\x00\x01\x07\x01\x02\x01",  # the second half
        b"\x00\x01\x07\x01\x02\x02",  # the second half and what follows
        b"\x01\x01\x08\x00\xc4\x07\x01\x07\x02\x01x\x00",  # types between them
        b"\x01\x01\x08\x00\x84\x07\x01\x01x\x00",
    ],
    ids=["first", "second", "second and more", "between", "behind the first"],
)
def test_a_pair_is_not_torn(update: bytes, origin: str) -> None:
    there = YText(client_id=7)
    typed(there, 0, "a😀b")
    here = there
    if origin == "loaded":
        here = YText(there.state(), client_id=9)
    elif origin == "typed":
        here = YText(client_id=9)
        here.receive(there.state())
    else:
        here.receive(EMPTY_UPDATE)
        typed(here, 4 - 1, "c")
    before = here.text
    with pytest.raises(ValueError, match="cuts a character in two"):
        here.receive(update)
    assert here.text == before
    assert not here.broken


def test_an_own_pair_is_not_torn_either() -> None:
    here = YText(client_id=9)
    here.receive(EMPTY_UPDATE)
    typed(here, 0, "é😀")
    with pytest.raises(ValueError, match="cuts a character in two"):
        here.receive(b"\x00\x01\x09\x01\x01\x01")
    there = YText(here.state(), client_id=8)
    here.receive(there.edit(Change.of(2, [(1, 1, "x")])))
    assert here.text == "éx"


def test_formatting_is_taken() -> None:
    doc: pycrdt.Doc[pycrdt.Text] = pycrdt.Doc(client_id=7)
    text = doc.get("content", type=pycrdt.Text)
    text += "abc"
    text.format(0, 2, {"bold": True})
    here = YText(client_id=9)
    here.receive(doc.get_update())
    assert here.text == "abc"
