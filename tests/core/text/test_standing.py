"""What an editor's update puts in, it puts between two elements that stood side by side.

Of all else Yjs does not promise one text: the document would be another one when it is read again.
"""

from __future__ import annotations

import random
from contextlib import suppress
from itertools import count, permutations

import pycrdt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from workroom.core.essays.text import EssayText
from workroom.core.limits import RoomRules
from workroom.core.text import Change, Mirror, YText
from workroom.core.text.yjs.effort import Effort
from workroom.core.text.yjs.pieces import Id, Pieces, Sides
from workroom.core.text.yjs.portions import portions
from workroom.core.text.yjs.standing import Standing, _Order
from workroom.core.text.yjs.update_check import number, write_vector
from workroom.errors import InvalidMessage
from workroom.ids import UserId

TEXT, DELETED, MARK = 4, 1, 6
EDITORS = (7, "abc"), (8, "def")
NEVER = "never stood side by side"


def struct(left: Id | None, right: Id | None, kind: int = TEXT, length: int = 1) -> bytes:
    """One piece of an update."""
    info = kind | (0x80 if left else 0) | (0x40 if right else 0)
    beside = b"".join(number(part) for side in (left, right) if side for part in side)
    parent = b"" if left or right else b"\x01\x07content"
    content = {
        TEXT: number(length) + b"X" * length,
        DELETED: number(length),
        MARK: b"\x01b\x04true",
    }
    return bytes((info,)) + beside + parent + content[kind]


def update(*parts: tuple[int, int, list[bytes]]) -> bytes:
    """The structs of each client, from a clock on."""
    lists = [
        number(len(structs)) + number(client) + number(clock) + b"".join(structs)
        for client, clock, structs in parts
    ]
    return number(len(parts)) + b"".join(lists) + b"\x00"


def hello() -> YText:
    """``hello world`` by client 50: the letters are its elements 0 to 10."""
    author = YText(client_id=50)
    author.edit(Change.of(0, [(0, 0, "hello world")]))
    return YText(author.state(), client_id=9)


def read_again(ytext: YText) -> str:
    return YText(ytext.state(), client_id=77).text


# ---- what is refused ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "crafted",
    [
        update((7, 0, [struct((50, 8), (50, 3))])),
        update((7, 0, [struct((50, 3), (50, 8))])),
        update((7, 0, [struct((50, 3), (50, 3))])),
        update((7, 0, [struct(None, (50, 3))])),
        update((7, 0, [struct((50, 8), (50, 3), DELETED, 4)])),
        update((7, 0, [struct((50, 8), (50, 3), MARK)])),
        update((7, 0, [struct((50, 3), (50, 4), length=3), struct((7, 2), (7, 0))])),
        update((7, 0, [struct((50, 3), (50, 4), length=3), struct((7, 0), (7, 2))])),
        update((8, 0, [struct((7, 0), (50, 3))]), (7, 0, [struct((50, 10), None)])),
    ],
    ids=[
        "right before left",
        "letters between",
        "one on both sides",
        "far from the beginning",
        "deleted at once",
        "a mark",
        "within the update, right before left",
        "letters between within the update",
        "behind a piece of the update",
    ],
)
def test_what_no_editor_can_have_put_in_is_refused_and_leaves_nothing(crafted: bytes) -> None:
    ytext = hello()
    essay = EssayText.of(ytext, Mirror(ytext.text, seq=1))
    state = essay.state()
    for _ in range(2):
        with pytest.raises(InvalidMessage, match=NEVER) as refused:
            essay.receive(crafted, 2, UserId(7), RoomRules())
        assert refused.value.field == "update"
        assert (essay.text, essay.state(), essay.seq) == ("hello world", state, 1)
    essay.receive(update((7, 0, [struct((50, 4), (50, 5))])), 2, UserId(7), RoomRules())
    assert essay.text == "helloX world"


@pytest.mark.parametrize("of", [(7, 0), (7, 1), (7, 5)], ids=["itself", "within it", "to come"])
def test_what_is_put_beside_itself_is_refused(of: Id) -> None:
    ytext = hello()
    for sides in ((of, (50, 3)), ((50, 3), of)):
        with pytest.raises(ValueError, match=r"circle|not come in yet"):
            ytext.receive(update((7, 0, [struct(*sides, length=2), struct((7, 1), None)])))
    assert not ytext.broken


def test_neighbours_that_are_deleted_have_their_order_too() -> None:
    ytext = hello()
    ytext.edit(Change.of(11, [(2, 8, "")]))
    with pytest.raises(ValueError, match=NEVER):
        ytext.receive(update((7, 0, [struct((50, 8), (50, 3))])))
    ytext.receive(update((7, 0, [struct((50, 4), (50, 5))])))
    assert ytext.text == read_again(ytext) == "heXd"


def test_neighbours_within_a_run_that_came_in_deleted_have_their_order_too() -> None:
    ytext = hello()
    ytext.receive(update((7, 0, [struct((50, 4), (50, 5), DELETED, 9)])))
    ytext.receive(update((8, 0, [struct((7, 3), (7, 4))]), (6, 0, [struct((7, 3), (7, 4))])))
    for sides in ((7, 5), (7, 3)), ((7, 3), (7, 5)), ((8, 0), (6, 0)), ((7, 4), (8, 0)):
        with pytest.raises(ValueError, match=NEVER):
            ytext.receive(update((5, 0, [struct(*sides)])))
    for client, sides in enumerate([((6, 0), (8, 0)), ((8, 0), (7, 4)), ((7, 6), (7, 7))], 90):
        ytext.receive(update((client, 0, [struct(*sides)])))
        assert ytext.text == read_again(ytext)


def test_what_was_thrown_away_has_no_neighbours() -> None:
    ytext = hello()
    ytext.receive(b"\x01\x01\x07\x00\x00\x03\x00")
    for sides in ((7, 1), None), (None, (7, 1)):
        with pytest.raises(ValueError, match="thrown away"):
            ytext.receive(update((8, 0, [struct(*sides)])))
    ytext.receive(update((7, 3, [struct((50, 4), (50, 5))])))
    assert ytext.text == read_again(ytext) == "helloX world"


def test_what_comes_in_the_name_of_another_is_looked_at_as_well() -> None:
    ytext = hello()
    with pytest.raises(ValueError, match=NEVER):
        ytext.receive(update((50, 11, [struct((50, 8), (50, 3))])))
    with pytest.raises(ValueError, match=NEVER):
        ytext.receive(update((50, 8, [struct((50, 7), (50, 2), length=6)])))  # a part is known
    known = update((50, 4, [struct((50, 3), (50, 1), length=7)]))
    assert ytext.receive(known)[0].is_empty
    assert ytext.text == read_again(ytext) == "hello world"


# ---- what is taken -----------------------------------------------------------------------------


def test_of_a_run_only_the_beginning_may_have_been_there() -> None:
    """Its author may have typed the rest of it afterwards."""
    ytext = hello()
    ytext.receive(update((7, 0, [struct((50, 3), None)])))
    assert read_again(ytext) == ytext.text
    assert sorted(ytext.text) == sorted("hello worldX")


def test_of_two_that_had_parts_of_a_run_the_second_may_have_had_more() -> None:
    ytext = hello()
    ytext.receive(update((60, 0, [struct((50, 1), None)])))
    with pytest.raises(ValueError, match=NEVER):
        ytext.receive(update((70, 0, [struct((60, 0), (50, 3))])))
    ytext.receive(update((70, 0, [struct((50, 3), (60, 0))])))
    assert ytext.text == read_again(ytext) == "hello worldXX"


def test_where_two_wrote_at_once_anybody_goes_on_between_them() -> None:
    ytext = hello()
    ytext.receive(update((7, 0, [struct((50, 4), (50, 5), length=2)])))
    ytext.receive(update((8, 0, [struct((50, 4), (50, 5), length=2)])))
    ytext.receive(update((60, 0, [struct((7, 1), (8, 0))])))
    with pytest.raises(ValueError, match=NEVER):
        ytext.receive(update((61, 0, [struct((8, 1), (7, 0))])))
    assert ytext.text == read_again(ytext) == "helloXXXXX world"


def test_what_the_essay_and_other_nodes_wrote_meanwhile_may_be_written_beside() -> None:
    ytext = hello()
    ytext.receive(update((7, 0, [struct((50, 4), (50, 5))])))
    ytext.edit(Change.of(12, [(6, 0, "by save")]))
    ytext.apply(update((8, 0, [struct((9, 6), (50, 5))])))
    with pytest.raises(ValueError, match=NEVER):
        ytext.receive(update((60, 0, [struct((8, 0), (9, 6))])))
    ytext.receive(update((60, 0, [struct((9, 6), (8, 0))])))
    assert ytext.text == read_again(ytext) == "helloXby saveXX world"


def typed_into(ytext: YText, client: int, places: list[int], letters: str) -> bytes:
    """What an editor types who has all of it, with a slip each time, which is deleted again."""
    editor: pycrdt.Doc[pycrdt.Text] = pycrdt.Doc(client_id=client)
    text = editor.get("content", type=pycrdt.Text)
    editor.apply_update(ytext.state())
    for place in reversed(places):
        text.insert(place, letters[:1] + "-" + letters[1:])
        del text[place + 1 : place + 2]
    return editor.get_update(ytext.state_vector())


def test_where_two_wrote_at_once_in_many_places_it_is_no_work_to_go_on_between_them() -> None:
    ytext = YText(client_id=50)
    ytext.edit(Change.of(0, [(0, 0, "." * 300)]))
    apart = [typed_into(ytext, client, list(range(300)), letters) for client, letters in EDITORS]
    for update in apart:
        ytext.receive(update)
    assert ytext.text == "abcdef." * 300
    between = typed_into(ytext, 90, [7 * nth + 3 for nth in range(300)], "X")
    standing = Standing()
    standing.learn(ytext.state())
    standing.take(portions(between).order, Effort(count(0.0, 0.01).__next__))
    ytext.receive(between)
    assert ytext.text == read_again(ytext) == "abcXdef." * 300


@st.composite
def sessions(draw: DrawFn) -> tuple[YText, list[pycrdt.Doc[pycrdt.Text]], random.Random]:
    """A document, editors who each have some of it, and chance."""
    chance = draw(st.randoms(use_true_random=False))
    start = YText(client_id=50)
    start.edit(Change.of(0, [(0, 0, draw(st.sampled_from(["", "hello 😀 world"])))]))
    here = YText(start.state(), client_id=draw(st.sampled_from([9, 2**40])))
    editors: list[pycrdt.Doc[pycrdt.Text]] = []
    for client in draw(st.permutations([1, 7, 60, 2**32 + 1]))[: draw(st.integers(2, 4))]:
        editors.append(pycrdt.Doc(client_id=client))
        editors[-1].get("content", type=pycrdt.Text)
        editors[-1].apply_update(here.state())
    return here, editors, chance


def type_something(editor: pycrdt.Doc[pycrdt.Text], chance: random.Random) -> None:
    """Where the others are as well, most of the time."""
    text = editor.get("content", type=pycrdt.Text)
    letters = str(text)
    at = min(len(letters), chance.choice([2, 5, chance.randint(0, len(letters))]))
    end = min(len(letters), at + chance.randint(1, 5))
    start, stop = len(letters[:at].encode()), len(letters[:end].encode())
    match chance.randrange(6):
        case 0 if stop > start:
            del text[start:stop]
        case 1 if stop > start:
            text.format(start, stop, {"b": chance.choice([True, None])})
        case 2 if stop > start:
            del text[start:stop]
            text.insert(start, "new")
        case _:
            text.insert(start, chance.choice(["a", "bc", "é", "😀"]))


@given(sessions(), st.integers(5, 40))
def test_whatever_editors_write_apart_is_taken_in_any_order(
    session: tuple[YText, list[pycrdt.Doc[pycrdt.Text]], random.Random], steps: int
) -> None:
    here, editors, chance = session
    for _ in range(steps):
        editor, other = chance.choice(editors), chance.choice(editors)
        match chance.randrange(8):
            case 0:
                here.receive(editor.get_update(here.state_vector()))
            case 1:
                here.receive(editor.get_update())
            case 2:
                editor.apply_update(here.update_since(editor.get_state()))
            case 3 if other is not editor:
                editor.apply_update(other.get_update(editor.get_state()))
            case 4:
                here.edit(Change.of(len(here.text), [(len(here.text) // 2, 0, "save")]))
            case _:
                type_something(editor, chance)
    for editor in editors:
        here.receive(editor.get_update(here.state_vector()))
        assert here.text == read_again(here)
    for editor in editors:
        editor.apply_update(here.update_since(editor.get_state()))
        assert str(editor.get("content", type=pycrdt.Text)) == here.text


@st.composite
def pieces_of_anybody(draw: DrawFn, ends: dict[int, int]) -> bytes:
    """An update of pieces that name any elements as their neighbours."""
    elements: list[Id | None] = [None, *((c, n) for c, end in ends.items() for n in range(end))]
    reached, lists = dict(ends), dict[int, list[bytes]]()
    for _ in range(draw(st.integers(1, 3))):
        client = draw(st.sampled_from([3, 8, 70]))
        left, right = draw(st.sampled_from(elements)), draw(st.sampled_from(elements))
        if left and draw(st.booleans()) and (left[0], left[1] + 1) in elements:
            right = left[0], left[1] + 1
        kind, length = draw(st.sampled_from([TEXT, TEXT, DELETED, MARK])), draw(st.integers(1, 4))
        lists.setdefault(client, []).append(struct(left, right, kind, length))
        start = reached.get(client, 0)
        reached[client] = start + (1 if kind == MARK else length)
        elements += [(client, number) for number in range(start, reached[client])]
    return update(*((client, ends.get(client, 0), made) for client, made in lists.items()))


@given(st.data())
def test_whatever_is_made_up_the_document_read_again_is_its_text(data: st.DataObject) -> None:
    here = hello()
    ends = {50: 11}
    for _ in range(data.draw(st.integers(1, 12))):
        before = here.state()
        crafted = data.draw(pieces_of_anybody(ends))
        try:
            here.receive(crafted)
        except ValueError:
            assert here.state() == before
        assert here.text == read_again(here)
        pieces = Pieces()
        pieces.learn(here.state())
        ends = pieces.vector()


@given(st.data())
def test_runs_that_are_seen_to_be_siblings_stand_in_that_order(data: st.DataObject) -> None:
    here = hello()
    pieces, ends = Pieces(), {50: 11}
    for _ in range(data.draw(st.integers(1, 12))):
        with suppress(ValueError):
            here.receive(data.draw(pieces_of_anybody(ends)))
        pieces.learn(here._doc.get_update(write_vector(pieces.vector())))
        ends = pieces.vector()
    order = _Order()
    order.catch_up(pieces)
    elements = [(client, clock) for client, end in ends.items() for clock in range(end)]
    for left, right in permutations(elements, 2):
        if pieces.are_siblings(left, right):
            around = pieces.sides(right).left, left, right, pieces.sides(left).right
            assert order.is_ascending(list(around))


# ---- what is kept of a document ----------------------------------------------------------------


def test_what_is_typed_on_makes_no_further_piece() -> None:
    pieces = Pieces()
    pieces.add(7, 3, Sides(None, (8, 0)))
    pieces.settle()
    for end in range(4, 9):
        pieces.add(7, end, Sides((7, end - 2), (8, 0)))
    assert pieces.sides((7, 0)) == Sides(None, (8, 0))
    assert pieces.sides((7, 7)) == Sides((7, 6), (8, 0))
    assert len(pieces._copies[7].starts) == 1
    pieces.take_back()
    assert pieces.vector() == {7: 3}


def test_a_document_with_a_gap_is_none() -> None:
    with pytest.raises(ValueError, match="gap"):
        Pieces().learn(b"\x01\x01\x07\x00\x0a\x03\x00")


def test_what_is_unknown_has_no_neighbours() -> None:
    with pytest.raises(ValueError, match="unknown"):
        Pieces().sides((7, 0))
