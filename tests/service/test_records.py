"""What was written by an earlier version is read by this one, and the other way round."""

from __future__ import annotations

import orjson
import pytest

from workroom.core.entries import Entry, EssayCreated, Fact, RevisionNamed, TextEdited
from workroom.core.essays.state import evolve, first_state
from workroom.core.essays.text import EssayText, author_mark
from workroom.core.text import Change, Mirror, YText
from workroom.ids import EssayId, UserId, essay_room
from workroom.ports.store import Checkpoint, StoredRoom
from workroom.service.rooms.life import EssayDraft, essay_body, essay_parts, essay_state_of
from workroom.service.rooms.records import to_entry, to_record

EDIT = Change((3, "new "))


def _entry(fact: Fact) -> Entry:
    return Entry(7, UserId(2), 1_800_000_000_000, fact)


@pytest.mark.parametrize(
    "fact",
    [
        TextEdited(EDIT, b"\x01"),
        TextEdited(EDIT, b"\x01", inferred=True),
        TextEdited(EDIT, b"\x01", restores=3),
        RevisionNamed(4, "First draft 😀"),
        RevisionNamed(4, None),
    ],
)
def test_an_entry_comes_back_as_it_was_recorded(fact: Fact) -> None:
    assert to_entry(to_record(_entry(fact))) == _entry(fact)


def test_an_ordinary_edit_is_recorded_as_it_always_was() -> None:
    record = to_record(_entry(TextEdited(EDIT, b"\x01")))
    assert orjson.loads(record.body) == {"change": [3, "new "]}
    assert (record.kind, record.update) == ("text_edited", b"\x01")


def test_a_checkpoint_that_knows_no_names_can_be_read() -> None:
    created = Entry(1, UserId(2), 5, EssayCreated("Title", "", None))
    state = first_state(EssayId(1), created)
    body = orjson.loads(orjson.dumps(essay_body(state)))
    del body["names"]

    assert essay_state_of(body) == state


def test_a_checkpoint_that_knows_no_authors_takes_the_last_editor_for_all() -> None:
    room, text = essay_room(1), EssayText.of(YText(client_id=1), Mirror())
    created = Entry(1, UserId(2), 5, EssayCreated("Title", "", None))
    state = first_state(EssayId(1), created)
    edit = Entry(2, UserId(3), 6, text.commit(Change(("Words",)), 2, UserId(3)))
    state = evolve(state, edit)
    made = EssayDraft(state, text.state(), text.head().authors).checkpoint()
    size = int.from_bytes(made.state[:4], "big")
    body = orjson.loads(made.state[4 : 4 + size])
    assert body.pop("authors") == [[5, ord(author_mark(UserId(3)))]]
    older = orjson.dumps(body)
    old = len(older).to_bytes(4, "big") + older + made.state[4 + size :]

    stored = StoredRoom(room, 2, Checkpoint(2, old), (), {})
    loaded, mirrored = essay_parts(stored, [to_entry(each) for each in stored.records], lambda: 9)

    assert loaded == state
    assert mirrored.head().authors == 5 * author_mark(UserId(3))


def test_names_outlive_a_checkpoint() -> None:
    state = first_state(EssayId(1), Entry(1, UserId(2), 5, EssayCreated("Title", "", None)))
    state = evolve(state, Entry(2, UserId(2), 6, RevisionNamed(1, "First")))

    assert essay_state_of(orjson.loads(orjson.dumps(essay_body(state)))) == state
    assert dict(state.names) == {1: "First"}
