"""A room is read without its Yjs document, which is made for who edits: that of the text."""

from __future__ import annotations

from dataclasses import replace

import pytest

from workroom.core.commands import ApplyUpdate, Join, Origin, SaveText
from workroom.core.effects import Send
from workroom.core.entries import Entry, EssayCreated, TextEdited
from workroom.core.essays.room import EssayRoom
from workroom.core.essays.state import EssayState, evolve, first_state
from workroom.core.essays.text import EssayText
from workroom.core.events import EssayUpdated
from workroom.core.limits import RoomRules
from workroom.core.people import Role, User
from workroom.core.text import Change, Mirror, YText
from workroom.core.time import Now
from workroom.ids import ConnectionId, EssayId, UserId, essay_room
from workroom.ports.store import StoredRoom
from workroom.service.rooms.checkpoints import Checkpoints
from workroom.service.rooms.life import EssayDraft, revive
from workroom.service.rooms.records import to_record

EMMA = User(UserId(2), "emma", "Emma", Role.STUDENT)
NOW = Now(10.0, 1_800_000_000_000)
ORIGIN = Origin(EMMA, ConnectionId(1))


def written(*words: str) -> tuple[EssayState, EssayText, list[Entry]]:
    """An essay that was written word by word, and its log."""
    created = Entry(1, EMMA.id, 5, EssayCreated("Title", "", None))
    state, text = first_state(EssayId(1), created), EssayText.of(YText(client_id=1), Mirror())
    log = [created]
    for word in words:
        change = Change.of(len(state.text), [(len(state.text), 0, word)])
        fact = text.commit(change, state.seq + 1, EMMA.id)
        log.append(Entry(state.seq + 1, EMMA.id, 6, fact))
        state = evolve(state, log[-1])
    return state, text, log


def stored(*words: str, tail: int = 0) -> StoredRoom:
    """What the store has of it: a checkpoint, and so many entries after it."""
    early, text, _ = written(*words[: len(words) - tail])
    checkpoint = EssayDraft(early, text.state(), text.head().authors).checkpoint()
    state, _, log = written(*words)
    records = tuple(map(to_record, log[early.seq :]))
    return StoredRoom(essay_room(1), state.seq, checkpoint, records, {EMMA.id: EMMA})


def revived(found: StoredRoom) -> EssayRoom:
    room = revive(found, RoomRules(), lambda: 99)
    assert isinstance(room, EssayRoom)
    return room


def contents(effects: object) -> list[str]:
    assert isinstance(effects, tuple)
    sent = [effect.event for effect in effects if isinstance(effect, Send)]
    return [event.content for event in sent if isinstance(event, EssayUpdated)]


@pytest.mark.parametrize("tail", [0, 2, 40])
def test_who_only_reads_does_without_the_document(tail: int) -> None:
    words = [f"word{number} " for number in range(50)]
    room = revived(stored(*words, tail=tail))
    joined = room.handle(Join(), ORIGIN, NOW)
    assert contents(joined.effects) == ["".join(words)]
    assert room.confirmed.text == "".join(words)
    assert room._text._made is None


@pytest.mark.parametrize("tail", [0, 2, 40])
def test_the_first_edit_finds_the_document_that_was_stored(tail: int) -> None:
    words = [f"word{number} " for number in range(50)]
    room = revived(stored(*words, tail=tail))
    room.handle(Join(), ORIGIN, NOW)
    save = SaveText("Now: " + "".join(words), None, None)
    [entry] = room.handle(save, ORIGIN, NOW).entries
    assert isinstance(entry.fact, TextEdited)
    _, text, _ = written(*words)
    other = YText(text.state(), client_id=5)
    other.apply(entry.fact.update)
    assert other.text == "Now: " + "".join(words)
    state, yjs, _ = room.checkpoint()
    assert YText(yjs, client_id=5).text == state.text == other.text


def spoilt() -> tuple[EssayRoom, EssayState]:
    """A room whose stored document is not that of its text, and what else is stored of it."""
    found = stored("one ", "two")
    state, _, _ = written("one ", "two")
    _, another, _ = written("something else")
    marks = another.head().authors[: len(state.text)]
    made = EssayDraft(state, another.state(), marks).checkpoint()
    return revived(replace(found, checkpoint=made)), state


def test_a_document_that_is_not_that_of_the_text_is_written_anew_by_the_next_save() -> None:
    room, state = spoilt()
    room.handle(Join(), ORIGIN, NOW)
    [entry] = room.handle(SaveText("one two three", None, None), ORIGIN, NOW).entries
    assert isinstance(entry.fact, TextEdited)
    assert entry.fact.change.apply(state.text) == "one two three"
    kept, yjs, authors = room.checkpoint()
    assert YText(yjs, client_id=5).text == kept.text == "one two three"
    assert authors == room._text.head().authors
    room.committed(entry.seq, NOW)
    editor = Origin(EMMA, ConnectionId(2))
    room.handle(Join(replica=True), editor, NOW)
    typist = YText(yjs, client_id=5)
    typed = typist.edit(Change.of(13, [(13, 0, " four")]))
    assert room.handle(ApplyUpdate(typed), editor, NOW).entries
    assert room.head.text == "one two three four"


@pytest.mark.parametrize("has_document", [True, False])
def test_an_essay_that_was_made_unreadable_is_written_anew_on_all_nodes(has_document: bool) -> None:
    """Earlier versions took a piece whose right neighbour stood before its left one."""
    author = YText(client_id=50)
    author.edit(Change.of(0, [(0, 0, "hello world")]))
    crafted = YText(author.state(), client_id=3)
    crafted.apply(b"\x01\x01\x07\x00\xc4\x32\x08\x32\x03\x01X\x00")
    state, text, _ = written(crafted.text)
    made = EssayDraft(state, crafted.state(), text.head().authors).checkpoint()
    assert YText(crafted.state(), client_id=5).text != state.text
    found = StoredRoom(essay_room(1), state.seq, made, (), {EMMA.id: EMMA})
    room, other = revived(found), revived(found)
    for each in room, other:
        each.handle(Join(), ORIGIN, NOW)
    if has_document:
        other._text._made = crafted
    [entry] = room.handle(SaveText(f"{state.text}!", None, None), ORIGIN, NOW).entries
    other.follow([entry], NOW)
    assert other.handle(SaveText(f"{state.text}! Yes", None, None), ORIGIN, NOW).entries
    again = revived(StoredRoom(essay_room(1), entry.seq, made, (to_record(entry),), found.people))
    again.handle(Join(replica=True), ORIGIN, NOW)
    texts = [YText(each.checkpoint()[1], client_id=5).text for each in (room, other, again)]
    assert texts == [f"{state.text}!", f"{state.text}! Yes", f"{state.text}!"]


def test_writing_anew_that_was_not_stored_is_done_again() -> None:
    room, state = spoilt()
    room.handle(Join(), ORIGIN, NOW)
    for text in "one two three", "one two!":
        [entry] = room.handle(SaveText(text, None, None), ORIGIN, NOW).entries
        assert isinstance(entry.fact, TextEdited)
        assert YText(room.checkpoint()[1], client_id=5).text == text
        room.rewind()
        room.retrace()
        assert room.head == room.confirmed == state


def test_an_editor_is_not_let_in_to_a_document_that_is_not_that_of_the_text() -> None:
    room, _ = spoilt()
    with pytest.raises(RuntimeError, match="not that of the text"):
        room.handle(Join(replica=True), ORIGIN, NOW)
    assert room.idle


def test_a_document_that_is_not_that_of_the_text_is_not_written_down_again() -> None:
    """Its room leaves memory like any other."""
    room, state = spoilt()
    drafts: list[object] = []
    checkpoints = Checkpoints(room, 0, drafts.append, drafts.append)
    assert checkpoints.unwritten == state.seq
    checkpoints.begin()
    assert not drafts
    assert not checkpoints.busy
    assert checkpoints.unwritten == 0


def test_a_document_that_cannot_be_read_is_never_written_to() -> None:
    found = stored("one ", "two")
    state, _, _ = written("one ", "two")
    broken = EssayDraft(state, b"\x01\x02nonsense", "a" * len(state.text)).checkpoint()
    room = revived(replace(found, checkpoint=broken))
    room.handle(Join(), ORIGIN, NOW)
    with pytest.raises(RuntimeError, match="cannot be read"):
        room.handle(SaveText("one two three", None, None), ORIGIN, NOW)
    assert room.head == room.confirmed == state


def test_a_room_that_follows_another_node_needs_no_document() -> None:
    words = [f"word{number} " for number in range(50)]
    room = revived(stored(*words[:10]))
    _, _, log = written(*words)
    room.follow(log[11:], NOW)
    assert room.confirmed.text == "".join(words)
    assert room._text._made is None
    room.handle(Join(), ORIGIN, NOW)
    [entry] = room.handle(SaveText("".join(words) + "end", None, None), ORIGIN, NOW).entries
    assert isinstance(entry.fact, TextEdited)
    assert YText(room.checkpoint()[1], client_id=5).text == "".join(words) + "end"
