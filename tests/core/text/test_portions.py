"""An update from outside is taken in portions, and given up when it is more work than honest."""

from __future__ import annotations

import random
import time

import pycrdt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from workroom.core.essays.text import EssayText
from workroom.core.limits import RoomRules
from workroom.core.text import Change, Mirror, YText
from workroom.core.text.yjs.arrival import MARKS
from workroom.core.text.yjs.portions import portions
from workroom.core.text.yjs.update_check import number, read_deletions, read_vector
from workroom.errors import InvalidMessage, TooLarge
from workroom.ids import UserId

EMMA = UserId(7)


def scattered(letters: int) -> YText:
    """A text of single letters, each put in at a random place: no two can be joined."""
    doc: pycrdt.Doc[pycrdt.Text] = pycrdt.Doc(client_id=5)
    text = doc.get("content", type=pycrdt.Text)
    chance = random.Random(1)
    with doc.transaction():
        for at in range(letters):
            text.insert(chance.randint(0, at), chr(97 + at % 26))
    return YText(doc.get_update(), client_id=9)


def at_both_ends(client: int, pieces: int) -> bytes:
    """Pieces that name the ends of the text as their neighbours, though all of it is between."""
    piece = b"\x04\x01\x07content\x01x"
    return b"\x01" + number(pieces) + number(client) + b"\x00" + piece * pieces + b"\x00"


def deleting(client: int, ranges: list[tuple[int, int]]) -> bytes:
    numbers = [0, 1, client, len(ranges), *(value for each in ranges for value in each)]
    return b"".join(map(number, numbers))


class Work:
    """Tells that so much time was worked between each two questions."""

    def __init__(self, seconds: float) -> None:
        self._step = seconds
        self.asked = 0

    def __call__(self) -> float:
        self.asked += 1
        return self.asked * self._step


# ---- what is given up --------------------------------------------------------------------------


@pytest.mark.parametrize("client", [3, 900])
def test_pieces_that_are_compared_with_the_whole_text_are_given_up(client: int) -> None:
    """The whole of it takes seconds: 0.3 to 1 µs for each piece and each letter."""
    ytext = scattered(3_000)
    essay = EssayText.of(ytext, Mirror(ytext.text, seq=1))
    before, state = essay.text, essay.state()
    rules = RoomRules(processor_time=Work(0.002))
    with pytest.raises(TooLarge, match="more work than an editor makes") as refused:
        essay.receive(at_both_ends(client, 2_000), 2, EMMA, rules)
    assert refused.value.field == "update"
    assert (essay.text, essay.state(), essay.seq) == (before, state, 1)
    essay.commit(Change.of(3_000, [(0, 0, "goes on ")]), 2, EMMA)
    assert essay.text == "goes on " + before


def test_the_time_is_that_of_the_processor() -> None:
    ytext, copy = scattered(4_000), scattered(4_000)
    essay = EssayText.of(ytext, Mirror(ytext.text, seq=1))
    begin = time.thread_time()
    with pytest.raises(TooLarge):
        essay.receive(at_both_ends(900, 1_999), 2, EMMA, RoomRules(processor_time=time.thread_time))
    given_up = time.thread_time() - begin
    begin = time.thread_time()
    copy.receive(at_both_ends(900, 500))
    assert given_up < time.thread_time() - begin


def test_what_is_too_much_work_to_be_counted_is_refused() -> None:
    """It is worked at twice where the text may get too long, and may take less the second time."""
    slow = Work(0.005)
    ytext = scattered(50)
    essay = EssayText.of(ytext, Mirror(ytext.text, seq=1))

    def first_time_slow() -> float:
        return slow() if slow.asked < 2 * 8 else 0.0

    rules = RoomRules(essay_units=60, processor_time=first_time_slow)
    with pytest.raises(TooLarge, match="more work"):
        essay.receive(at_both_ends(900, 2_000), 2, EMMA, rules)
    assert len(essay.text) == 50


def test_only_the_first_portions_of_such_an_update_are_worked_at() -> None:
    work = Work(0.005)
    ytext = scattered(50)
    with pytest.raises(ValueError, match="more work"):
        ytext.receive(at_both_ends(900, 2_000), work)
    assert work.asked == 2 * 8
    assert ytext.broken


def test_the_longer_an_update_is_the_more_it_may_take() -> None:
    """What an editor brings of an offline day is ten times as fast as this."""
    ytext = scattered(50)
    change, _ = ytext.receive(at_both_ends(900, 1_999), Work(0.000_035))
    assert change.after == 50 + 1_999


@pytest.mark.parametrize("clients", [(7, 60), (60, 7)])
def test_two_who_typed_at_one_place_each_letter_before_the_last_are_both_taken(
    clients: tuple[int, int],
) -> None:
    """Each letter of the one is compared with all those of the other: 40 ns each, 0.09 s in all."""
    start = YText(client_id=5)
    start.edit(Change.of(0, [(0, 0, "so far")]))
    here = YText(start.state(), client_id=9)
    for client in clients:
        editor = YText(start.state(), client_id=client)
        base = editor.state_vector()
        for typed in range(1_500):
            editor.edit(Change.of(6 + typed, [(3, 0, "x")]))
        here.receive(editor.update_since(base), Work(0.000_12 if client == clients[1] else 0.0))
    assert len(here.text) == 3_006


def test_at_a_place_where_nobody_else_typed_no_more_work_is_allowed() -> None:
    editor = YText(client_id=7)
    for typed in range(1_500):
        editor.edit(Change.of(typed, [(0, 0, "x")]))
    with pytest.raises(ValueError, match="more work"):
        YText(client_id=9).receive(editor.state(), Work(0.000_12))


@pytest.mark.parametrize("pieces", [1, 2])
def test_nobody_is_refused_for_what_took_long_but_once(pieces: int) -> None:
    ytext = scattered(50)
    change, _ = ytext.receive(at_both_ends(900, pieces), Work(1.0))
    assert change.after == 50 + pieces


def test_ranges_that_meet_are_deleted_once() -> None:
    ranges = [(3, 4), (3, 4), (0, 2), (5, 9), (14, 1), (20, 1)]
    cut = portions(deleting(5, ranges))
    assert cut.pieces == []
    assert cut.deletions is not None
    assert read_deletions(cut.deletions) == [(5, 0, 2), (5, 3, 12), (5, 20, 1)]


def test_ranges_of_one_client_in_several_lists_are_deleted_once() -> None:
    update = b"\x00\x02\x05\x01\x00\x08\x05\x01\x04\x08"
    cut = portions(update)
    assert cut.deletions is not None
    assert read_deletions(cut.deletions) == [(5, 0, 12)]


def test_what_an_editor_deletes_is_passed_on_as_it_came() -> None:
    update = deleting(5, [(0, 2), (3, 4), (20, 1)])
    assert portions(update).deletions == update


# ---- what comes out is the same ----------------------------------------------------------------


@st.composite
def sessions(draw: DrawFn) -> tuple[bytes, bytes, str]:
    """A document, the update of several editors who worked apart from it, and their text."""
    start = YText(client_id=50)
    start.edit(Change.of(0, [(0, 0, draw(st.text("ab 😀é", max_size=12)))]))
    base = start.state_vector()
    clients = draw(st.permutations([7, 60, 2**32 + 1]))
    editors = [YText(start.state(), client_id=client) for client in clients]
    for _ in range(draw(st.integers(1, 25))):
        editor = draw(st.sampled_from(editors))
        if draw(st.integers(0, 3)) == 0:
            other = draw(st.sampled_from(editors))
            editor.apply(other.update_since(editor.state_vector()))
        size = len(editor.text)
        at = draw(st.integers(0, size))
        gone = draw(st.integers(0, min(2, size - at)))
        editor.edit(Change.of(size, [(at, gone, draw(st.text("xy😀", max_size=3)))]))
    last = editors[0]
    for other in editors[1:]:
        last.apply(other.update_since(last.state_vector()))
    return start.state(), last.update_since(base), last.text


@given(sessions())
def test_the_portions_do_what_the_update_does(session: tuple[bytes, bytes, str]) -> None:
    state, update, text = session
    whole, parts = YText(state, client_id=98), YText(state, client_id=98)
    cut = portions(update)
    for part in [*cut.pieces, *([] if cut.deletions is None else [cut.deletions])]:
        parts.apply(part)
    assert whole.apply(update).apply(YText(state, client_id=1).text) == text
    assert parts.text == text
    assert read_vector(parts.state_vector()) == read_vector(whole.state_vector())
    # How pieces are joined may differ, not what they are: neither has anything for the other.
    assert whole.apply(parts.state()).is_empty
    assert parts.apply(whole.state()).is_empty


@given(sessions())
def test_what_comes_in_portions_is_one_change(session: tuple[bytes, bytes, str]) -> None:
    state, update, text = session
    here, there = YText(state, client_id=98), YText(state, client_id=97)
    before = here.text
    change, done = here.receive(update)
    assert change.apply(before) == here.text == text
    assert there.apply(done) == change
    assert read_vector(there.state_vector()) == read_vector(here.state_vector())
    assert there.apply(here.state()).is_empty
    assert here.apply(there.state()).is_empty


@given(sessions())
def test_a_portion_holds_one_piece_of_one_client(session: tuple[bytes, bytes, str]) -> None:
    _, update, _ = session
    assert all(part[:2] == b"\x01\x01" for part in portions(update).pieces)


def test_pieces_that_build_on_each_other_in_a_circle_are_refused() -> None:
    pieces = b"\x01\x07\x00\x84\x08\x00\x01a", b"\x01\x08\x00\x84\x07\x00\x01b"
    here = YText(client_id=9)
    with pytest.raises(ValueError, match="circle"):
        here.receive(b"\x02" + b"".join(pieces) + b"\x00")
    assert (here.text, here.broken) == ("", False)


@pytest.mark.parametrize("is_known_first", [True, False])
def test_a_piece_may_build_on_what_is_known_behind_the_other_pieces(is_known_first: bool) -> None:
    """Of client 7 the update repeats a few letters, and names one that came in after those."""
    here = YText(client_id=9)
    author = YText(client_id=7)
    first = author.edit(Change.of(0, [(0, 0, "so far")]))
    for update in (first, author.edit(Change.of(6, [(6, 0, ", so good")]))):
        here.receive(update)
    known, new = first[1:-1], b"\x01\x08\x00\x84\x07" + number(14) + b"\x01!"
    pieces = known + new if is_known_first else new + known
    change, _ = here.receive(b"\x02" + pieces + b"\x00")
    assert here.text == "so far, so good!"
    assert change == Change.of(15, [(15, 0, "!")])


def test_garbage_behind_good_pieces_leaves_nothing_of_them() -> None:
    essay = EssayText.of(YText(client_id=9), Mirror(seq=1))
    good = b"\x04\x01\x07content\x01x"
    broken_text = b"\x84\x07\x05\x02\xc3\x28"
    update = b"\x01\x07\x07\x00" + good * 6 + broken_text + b"\x00"
    with pytest.raises(InvalidMessage):
        essay.receive(update, 2, EMMA, RoomRules())
    assert essay.text == ""
    essay.commit(Change.of(0, [(0, 0, "goes on")]), 2, EMMA)
    assert YText(essay.state(), client_id=1).text == "goes on"


# ---- marks -------------------------------------------------------------------------------------


def marks(client: int, names: range) -> bytes:
    pieces = b"".join(b"\x06\x01\x07content" + named(f"k{name}") + named("1") for name in names)
    return b"\x01" + number(len(names)) + number(client) + b"\x00" + pieces + b"\x00"


def named(text: str) -> bytes:
    return number(len(text)) + text.encode()


def test_an_essay_holds_only_so_many_kinds_of_marks() -> None:
    """Pycrdt lists all that hold with each inserted piece: 2,000 by 20,000 are gigabytes."""
    here = YText(client_id=9)
    here.receive(marks(7, range(MARKS)))
    there = YText(here.state(), client_id=10)
    for text in (here, there):
        text.receive(marks(8, range(MARKS)))
        with pytest.raises(ValueError, match="kinds of formatting marks"):
            text.receive(marks(11, range(MARKS, MARKS + 1)))
        assert not text.broken


def test_marks_that_another_node_took_count() -> None:
    here = YText(client_id=9)
    here.receive(marks(7, range(1)))
    here.apply(marks(8, range(1, MARKS)))
    with pytest.raises(ValueError, match="kinds of formatting marks"):
        here.receive(marks(11, range(MARKS, MARKS + 1)))
