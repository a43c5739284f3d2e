"""The Yjs document behind the text."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator

import pycrdt
import pytest

from workroom.core.text.change import Change, Hunk
from workroom.core.text.yjs.update_check import WALKED
from workroom.core.text.yjs.ytext import (
    EMPTY_UPDATE,
    TYPED,
    UpdateAhead,
    YText,
    assert_pycrdt_behaves,
)


@pytest.fixture
def ytext() -> Iterator[YText]:
    text = YText(client_id=1)
    yield text
    text.close()


def write(ytext: YText, *hunks: tuple[int, int, str]) -> bytes:
    return ytext.edit(Change.of(len(ytext.text), hunks))


def peer(state: bytes) -> pycrdt.Text:
    """A peer that is no YText: a plain document with the same text."""
    doc: pycrdt.Doc[pycrdt.Text] = pycrdt.Doc(client_id=77)
    text = doc.get("content", type=pycrdt.Text)
    doc.apply_update(state)
    return text


def test_an_edit_is_written_and_its_update_does_the_same_elsewhere(ytext: YText) -> None:
    other = YText(client_id=2)
    for hunks in (
        [(0, 0, "a😀é漢b")],
        [(1, 1, "x"), (3, 0, "👍"), (5, 0, "!")],
        [(0, 0, "start "), (2, 2, "")],
    ):
        change = Change.of(len(ytext.text), hunks)
        before = other.text
        assert other.apply(ytext.edit(change)).apply(before) == ytext.text == other.text
        assert str(ytext._shared) == ytext.text
    other.close()


def test_an_empty_edit_is_an_update_that_changes_nothing(ytext: YText) -> None:
    write(ytext, (0, 0, "text"))
    assert ytext.edit(Change.keep(4)) == EMPTY_UPDATE
    assert ytext.apply(EMPTY_UPDATE) == Change.keep(4)


def test_an_edit_of_another_text_is_refused_and_changes_nothing(ytext: YText) -> None:
    with pytest.raises(ValueError, match="code points"):
        ytext.edit(Change.keep(3))
    assert not ytext.broken


def test_an_edit_with_half_a_character_is_refused_and_changes_nothing(ytext: YText) -> None:
    write(ytext, (0, 0, "text"))
    with pytest.raises(ValueError, match="surrogates"):
        write(ytext, (0, 1, ""), (2, 0, "\ud800"))
    assert ytext.text == str(ytext._shared) == "text"


def test_a_peer_s_update_is_returned_as_a_change_of_the_text(ytext: YText) -> None:
    write(ytext, (0, 0, "é one 😀 two"))
    remote = peer(ytext.state())
    with remote.doc.transaction():
        del remote[7:11]  # bytes of the emoji
        remote.insert(3, "漢")
        remote.insert(0, ">")
    vector = ytext.state_vector()
    change = ytext.apply(remote.doc.get_update(vector))
    assert ytext.text == str(remote) == ">é 漢one  two"
    assert change == Change.of(11, [Hunk(0, 0, ">"), Hunk(2, 0, "漢"), Hunk(6, 1, "")])


def test_an_update_that_came_before_changes_nothing(ytext: YText) -> None:
    update = write(ytext, (0, 0, "text"))
    assert ytext.apply(update) == Change.keep(4)


def test_an_update_ahead_of_an_earlier_one_of_the_same_copy_is_refused(ytext: YText) -> None:
    other = YText(client_id=2)
    first = write(other, (0, 0, "one "))
    second = write(other, (4, 0, "two"))
    with pytest.raises(UpdateAhead):
        ytext.apply(second)
    assert ytext.apply(first) == Change.of(0, [Hunk(0, 0, "one ")])
    assert ytext.apply(second) == Change.of(4, [Hunk(4, 0, "two")])
    assert ytext.apply(first).is_empty
    other.close()


def test_an_update_with_a_gap_inside_is_refused_until_the_gap_is_filled(ytext: YText) -> None:
    other = YText(client_id=2)
    updates = [write(other, (at, 0, letter)) for at, letter in enumerate("abc")]
    with_gap = pycrdt.merge_updates(updates[0], updates[2])
    with pytest.raises(UpdateAhead):
        ytext.apply(with_gap)
    ytext.apply(pycrdt.merge_updates(*updates[:2]))
    ytext.apply(with_gap)
    assert ytext.text == "abc"
    other.close()


def test_an_update_that_builds_on_another_copy_waits_for_it(ytext: YText) -> None:
    ana, ben = YText(client_id=2), YText(client_id=3)
    by_ana = write(ana, (0, 0, "one "))
    ben.apply(by_ana)
    by_ben = [write(ben, (4, 0, "two")), write(ben, (7, 0, "!"))]
    assert [ytext.apply(update) for update in by_ben] == [Change.keep(0)] * 2
    assert ytext.apply(by_ana) == Change.of(0, [Hunk(0, 0, "one two!")])
    ana.close()
    ben.close()


def test_what_came_with_a_state_or_a_long_update_counts_as_received(ytext: YText) -> None:
    other = YText(client_id=2)
    first = write(other, (0, 0, "long " * WALKED))
    copy = YText(first, client_id=3)
    ytext.apply(first)
    second = write(other, (0, 0, "x"))
    assert copy.apply(second) == ytext.apply(second) == Change.of(5 * WALKED, [Hunk(0, 0, "x")])
    for text in (other, copy):
        text.close()


def test_what_a_copy_made_itself_is_never_ahead(ytext: YText) -> None:
    write(ytext, (0, 0, "one"))
    other = YText(ytext.state(), client_id=2)
    vector = other.state_vector()
    other.apply(write(ytext, (3, 0, "two")))
    assert ytext.apply(other.update_since(vector)).is_empty
    other.close()


def test_formatting_by_a_rich_editor_is_no_change_of_the_text(ytext: YText) -> None:
    write(ytext, (0, 0, "some words"))
    remote = peer(ytext.state())
    remote.format(0, 4, {"bold": True})
    remote.insert(10, "!", {"bold": True})
    change = ytext.apply(remote.doc.get_update(ytext.state_vector()))
    assert change == Change.of(10, [Hunk(10, 0, "!")])
    assert write(ytext, (5, 0, "more ")) and str(ytext._shared) == "some more words!"


def test_other_shared_types_of_a_peer_are_no_change_of_the_text(ytext: YText) -> None:
    write(ytext, (0, 0, "text"))
    remote = peer(ytext.state())
    remote.doc.get("meta", type=pycrdt.Map)["title"] = "A title"
    assert ytext.apply(remote.doc.get_update(ytext.state_vector())) == Change.keep(4)


def test_an_object_in_the_text_is_refused(ytext: YText) -> None:
    write(ytext, (0, 0, "text"))
    remote = peer(ytext.state())
    remote.insert_embed(2, {"image": "x"})
    with pytest.raises(ValueError, match="does not take content"):
        ytext.apply(remote.doc.get_update(ytext.state_vector()))
    assert ytext.text == "text" and not ytext.broken


def test_an_object_that_slips_through_breaks_the_text_and_not_the_process(ytext: YText) -> None:
    """A shared type inside of the text takes a place in it that no letter stands for."""
    write(ytext, (0, 0, "text"))
    remote = peer(ytext.state())
    remote.insert_embed(2, pycrdt.Map({"a": 1}))
    with pytest.raises(ValueError, match="letters"):
        ytext.apply(remote.doc.get_update(ytext.state_vector()))
    assert ytext.broken and ytext.text == "text"
    with pytest.raises(RuntimeError, match="broken"):
        ytext.state()


def test_a_state_with_more_than_text_is_refused() -> None:
    remote = peer(EMPTY_UPDATE)
    remote.insert(0, "text")
    remote.insert_embed(2, {"image": "x"})
    with pytest.raises(ValueError, match="something else"):
        YText(remote.doc.get_update(), client_id=1)


@pytest.mark.parametrize("garbage", [b"", b"\x01", b"\x01\x02nonsense", b"\xff" * 40])
def test_garbage_is_refused_and_does_no_harm(ytext: YText, garbage: bytes) -> None:
    write(ytext, (0, 0, "text"))
    with pytest.raises(ValueError, match=r"."):
        ytext.apply(garbage)
    with pytest.raises(ValueError, match=r"."):
        YText(garbage, client_id=3)
    assert not ytext.broken and write(ytext, (4, 0, "!")) and ytext.text == "text!"


def test_garbage_that_only_the_decoder_notices_is_refused(ytext: YText) -> None:
    broken_text = b"\x01\x01\x07\x00\x04\x01\x07content\x02\xc3\x28\x00"
    with pytest.raises(ValueError, match=r"."):
        ytext.apply(broken_text)


def test_a_panic_becomes_a_value_error_and_breaks_the_text(
    ytext: YText, capfd: pytest.CaptureFixture[str]
) -> None:
    write(ytext, (0, 0, "some text"))
    del ytext._shared[0:8]
    with pytest.raises(ValueError, match="PanicException"):
        write(ytext, (0, 9, ""))
    assert ytext.broken and "panicked" in capfd.readouterr().err
    for use in (ytext.state, ytext.state_vector, lambda: ytext.apply(EMPTY_UPDATE)):
        with pytest.raises(RuntimeError, match="broken"):
            use()


def test_a_document_that_disagrees_breaks_the_text(ytext: YText) -> None:
    write(ytext, (0, 0, "some text"))
    ytext._shared.insert(0, "unseen ")
    with pytest.raises(ValueError, match="something else"):
        write(ytext, (5, 0, "x"))
    assert ytext.broken


def test_those_who_type_on_are_taken_up_together_and_none_too_late(ytext: YText) -> None:
    write(ytext, (0, 0, "words"))
    twin = YText(client_id=ytext.client_id)
    write(twin, (0, 0, "words"))
    waited = []
    for at in range(5, 105):
        twin._pens.forget()  # so that it looks for the place in its document, each time
        assert write(ytext, (at, 0, "é")) == write(twin, (at, 0, "é"))
        waited.append(len(ytext._typed))
        if at == 40:
            assert ytext.state() == twin.state()
    assert 0 < max(waited) < TYPED and ytext.text == twin.text
    assert ytext.state_vector() == twin.state_vector() and str(ytext._shared) == ytext.text


def test_letters_put_before_the_latest_ones_need_no_search_for_their_place_either(
    ytext: YText,
) -> None:
    write(ytext, (0, 0, "words"))
    twin = YText(client_id=ytext.client_id)
    write(twin, (0, 0, "words"))
    for count in range(TYPED - 1):
        twin._pens.forget()
        place = 5 + count // 2  # behind the latest letter and before it, by turns
        assert write(ytext, (place, 0, "l")) == write(twin, (place, 0, "l"))
        assert len(ytext._typed) == count + 1
    assert ytext.state() == twin.state()


def test_a_document_that_cannot_take_up_what_was_typed_breaks_the_text(ytext: YText) -> None:
    write(ytext, (0, 0, "some text"))
    write(ytext, (9, 0, "s"))
    ytext._shared.insert(0, "unseen ")
    with pytest.raises(RuntimeError, match="broken"):
        ytext.state()
    assert ytext.broken and ytext.text == "some texts"


def test_however_many_places_are_typed_at_few_are_remembered(ytext: YText) -> None:
    write(ytext, (0, 0, "one place here " * 100))
    for at in range(0, 1500, 15):
        write(ytext, (at, 0, "x"))
    assert len(ytext._pens._pens) <= 16


def test_an_interrupt_is_passed_on(ytext: YText) -> None:
    class Interrupting:
        """A change during which the operator presses Ctrl-C."""

        is_empty = False
        only_hunk = None

        def apply(self, text: str) -> str:
            return text

        @property
        def ops(self) -> tuple[int | str, ...]:
            if self.asked:
                raise KeyboardInterrupt
            self.asked = True
            return ("x",)

        asked = False

    with pytest.raises(KeyboardInterrupt):
        ytext.edit(Interrupting())  # type: ignore[arg-type]
    assert ytext.broken


def test_a_copy_that_was_away_gets_what_it_lacks(ytext: YText) -> None:
    write(ytext, (0, 0, "one "))
    copy = YText(ytext.state(), client_id=2)
    write(ytext, (4, 0, "two"))
    assert copy.apply(ytext.update_since(copy.state_vector())) == Change.of(4, [Hunk(4, 0, "two")])
    copy.close()


@pytest.mark.parametrize("vector", [b"", b"\xff\xff\xff\x7f", b"\x02\x01\x01"])
def test_garbage_for_a_state_vector_is_refused(ytext: YText, vector: bytes) -> None:
    with pytest.raises(ValueError, match="update"):
        ytext.update_since(vector)


def test_a_closed_text_can_still_be_read_but_not_used(ytext: YText) -> None:
    write(ytext, (0, 0, "text"))
    ytext.close()
    ytext.close()
    assert ytext.text == "text"
    for use in (ytext.state, lambda: write(ytext, (0, 0, "x"))):
        with pytest.raises(RuntimeError, match="closed"):
            use()


def test_closed_texts_are_collected() -> None:
    texts = [YText(client_id=number + 1) for number in range(50)]
    for text in texts:
        write(text, (0, 0, "some text"))
        text.apply(EMPTY_UPDATE)
        text.close()
    alive = [weakref.ref(it) for text in texts for it in (text, text._doc)]
    del texts, text
    gc.collect()
    assert not any(reference() for reference in alive)


def test_this_pycrdt_behaves() -> None:
    assert_pycrdt_behaves()
