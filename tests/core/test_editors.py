"""Yjs editors in the room of an essay: what they are owed, and what they show."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

import pytest

from workroom.core.awareness import ClientState
from workroom.core.commands import (
    ApplyUpdate,
    Join,
    QueryAwareness,
    Resynchronize,
    SetRight,
    ShowAwareness,
    StartTyping,
    Synchronize,
)
from workroom.core.entries import TextEdited
from workroom.core.essays.awareness import FIRST_OWN, PACE, RENEWED_EVERY
from workroom.core.essays.room import EssayRoom
from workroom.core.essays.text import EssayText
from workroom.core.events import (
    AwarenessShown,
    CursorMoved,
    EssayUpdated,
    FeedbackUpdated,
    SyncAnswered,
    SyncRequested,
    TextPatched,
    TypingStarted,
    UserJoined,
)
from workroom.core.limits import RoomRules
from workroom.core.people import Right
from workroom.core.text import Change, Mirror, YText
from workroom.errors import InvalidMessage, PermissionDenied, TooLarge
from workroom.testing.scenario import JANE, MIKE, Person, Scenario


@dataclass
class Copy:
    """An editor with a copy of the text; it takes what it is told when asked to."""

    person: Person
    client: int
    ytext: YText
    taken: int = 0
    clock: int = 0
    states: dict[int, ClientState] = field(default_factory=dict)

    @property
    def text(self) -> str:
        return self.catch_up().ytext.text

    def catch_up(self) -> Copy:
        """Take what was told since."""
        heard = self.person.heard
        while self.taken < len(heard):
            event = heard[self.taken]
            self.taken += 1
            match event:
                case TextPatched(update=update) | SyncAnswered(update=update):
                    self.ytext.receive(update)
                case SyncRequested(vector=vector):
                    self.person.does(ApplyUpdate(self.ytext.update_since(vector)))
                case AwarenessShown(states=states):
                    self.states |= {it.client: it for it in states}
        return self

    def edits(self, at: int, deleted: int, inserted: str) -> bytes:
        """Edit the copy; the update is not sent."""
        return self.ytext.edit(Change.of(len(self.ytext.text), [(at, deleted, inserted)]))

    def types(self, at: int, words: str) -> Copy:
        """Insert words, and send the update."""
        self.catch_up()
        self.person.does(ApplyUpdate(self.edits(at, 0, words)))
        return self

    def shows(self, state: dict[str, object] | None, client: int | None = None) -> Copy:
        """Show something of its user."""
        self.clock += 1
        states = (ClientState(client or self.client, self.clock, state),)
        self.person.does(ShowAwareness(states))
        return self


def editor(essay: Scenario, name: str, client: int) -> Copy:
    person = essay.connect(name).does(Join(quiet=True, replica=True))
    copy = Copy(person, client, YText(client_id=client))
    person.does(Synchronize(copy.ytext.state_vector()))
    return copy.catch_up()


@pytest.fixture
def essay() -> Scenario:
    return Scenario.essay("Once upon a time.")


def room(essay: Scenario) -> EssayRoom:
    assert isinstance(essay.room, EssayRoom)
    return essay.room


def stored_again(essay: Scenario) -> None:
    """The store failed, and the room is read back as its service does it."""
    ytext, mirror = YText(client_id=8), Mirror(seq=1)
    for entry in essay.log:
        if isinstance(entry.fact, TextEdited):
            mirror.commit(entry.seq, ytext.apply(entry.fact.update), "x")
    knows = room(essay).glimpse()
    room(essay).restore(room(essay).confirmed, EssayText.of(ytext, mirror))
    for connection in list(room(essay).presence.connections()):
        essay._perform(room(essay).catch_up(connection, knows, essay.clock.now()))


# ---- text ----------------------------------------------------------------------------------


def test_an_editor_gets_the_text_and_is_asked_for_what_it_has(essay: Scenario) -> None:
    jane = editor(essay, "jane", 100)
    assert jane.text == "Once upon a time."
    assert len(jane.person.told(SyncRequested)) == 1
    assert jane.person.told(EssayUpdated) == []


def test_an_edit_goes_to_everybody_but_back_to_its_author(essay: Scenario) -> None:
    emma, jane, mike = essay.join("emma"), editor(essay, "jane", 100), editor(essay, "mike", 101)
    jane.types(0, "😀 ")
    assert emma.text == mike.text == "😀 Once upon a time."
    assert jane.person.told(TextPatched) == []
    assert [event.user for event in emma.told(TypingStarted)] == [JANE]


def test_a_save_reaches_editors_as_an_edit(essay: Scenario) -> None:
    jane = editor(essay, "jane", 100)
    essay.join("emma").saves("Once upon a rainy time.")
    assert jane.text == "Once upon a rainy time."
    assert len(jane.person.told(TextPatched)) == 1


def test_nothing_is_told_before_it_is_durable(essay: Scenario) -> None:
    jane, mike = editor(essay, "jane", 100), editor(essay, "mike", 101)
    with essay.store_waiting():
        jane.types(0, "x")
        late = editor(essay, "emma", 102)
        assert mike.text == "Once upon a time."
        assert late.text == ""  # what it lacks includes what is not durable, so it waits
    assert mike.text == late.text == "xOnce upon a time."


def test_an_update_that_is_known_costs_nothing(essay: Scenario) -> None:
    jane, mike = editor(essay, "jane", 100), editor(essay, "mike", 101)
    update = jane.edits(0, 0, "x")
    jane.person.does(ApplyUpdate(update))
    entries, heard = len(essay.log), len(mike.person.heard)
    for _ in range(3):
        jane.person.does(ApplyUpdate(update))
        jane.person.does(ApplyUpdate(jane.ytext.state()))
    assert (len(essay.log), len(mike.person.heard)) == (entries, heard)


def test_what_an_update_repeats_is_neither_stored_nor_relayed(essay: Scenario) -> None:
    jane = editor(essay, "jane", 100)
    jane.types(0, "first ")
    update = jane.edits(0, 0, "second ")
    jane.person.does(ApplyUpdate(jane.ytext.state()))
    fact = essay.log[-1].fact
    assert isinstance(fact, TextEdited)
    assert fact.update == update


def test_formatting_is_stored_and_changes_no_text(essay: Scenario) -> None:
    import pycrdt

    emma, jane, mike = essay.join("emma"), editor(essay, "jane", 100), editor(essay, "mike", 101)
    doc: pycrdt.Doc[pycrdt.Text] = pycrdt.Doc(client_id=103)
    text = doc.get("content", type=pycrdt.Text)
    doc.apply_update(jane.ytext.state())
    before = doc.get_state()
    text.format(0, 4, {"bold": True})
    emma.forgets()
    jane.person.does(ApplyUpdate(doc.get_update(before)))
    assert len(mike.person.told(TextPatched)) == 1
    assert emma.told(EssayUpdated) == []
    assert isinstance(essay.log[-1].fact, TextEdited)
    assert essay.log[-1].fact.change.is_empty


def test_rights_are_checked_for_every_update(essay: Scenario) -> None:
    mike, jane = editor(essay, "mike", 101), editor(essay, "jane", 100)
    mike.types(0, "x")
    assert [type(error) for error in mike.person.refusals] == [PermissionDenied]
    essay.join("emma").does(SetRight(JANE, Right.VIEW))
    jane.types(0, "y")
    assert [type(error) for error in jane.person.refusals] == [PermissionDenied]
    assert room(essay).confirmed.text == "Once upon a time."


def test_the_limit_counts_what_the_text_would_be() -> None:
    essay = Scenario.essay("x" * 90, rules=RoomRules(essay_units=100))
    jane = editor(essay, "jane", 100)
    update = jane.edits(0, 50, "😀" * 30)
    jane.person.does(ApplyUpdate(update))
    assert jane.person.refusals == []
    jane.person.does(ApplyUpdate(jane.edits(0, 0, "y")))
    assert [type(error) for error in jane.person.refusals] == [TooLarge]
    assert len(room(essay).confirmed.text) == 70


@pytest.mark.parametrize("client", [1, 2**53 - 1])
def test_the_limit_holds_for_editors_of_any_id(client: int) -> None:
    essay = Scenario.essay("x" * 90, rules=RoomRules(essay_units=100))
    jane = editor(essay, "jane", client)
    jane.person.does(ApplyUpdate(jane.edits(0, 0, "y" * 11)))
    assert [type(error) for error in jane.person.refusals] == [TooLarge]
    assert len(room(essay).confirmed.text) == 90


def test_what_is_no_update_is_refused_and_the_text_goes_on(essay: Scenario) -> None:
    jane = editor(essay, "jane", 100)
    jane.person.does(ApplyUpdate(b"\1\1\1nonsense"))
    jane.person.does(Synchronize(b"\5\1"))
    assert [type(error) for error in jane.person.refusals] == [InvalidMessage, InvalidMessage]
    jane.types(0, "x")
    assert room(essay).confirmed.text == "xOnce upon a time."


def test_line_ends_and_nuls_are_mended_for_everybody_at_once(essay: Scenario) -> None:
    emma, jane, mike = essay.join("emma"), editor(essay, "jane", 100), editor(essay, "mike", 101)
    emma.forgets()
    jane.types(0, "a\r\nb\0")
    assert [event.content for event in emma.told(EssayUpdated)] == ["a\nbOnce upon a time."]
    assert jane.text == mike.text == "a\nbOnce upon a time."


@pytest.mark.parametrize(
    ("deleted", "saved", "cursor", "expected"),
    [
        ((5, 5), "Once upon quite a time.", 15, "Once  quite a time."),
        ((4, 5), "Once just upon a time.", 10, "Once just  a time."),
    ],
)
def test_a_word_put_beside_one_that_an_editor_deletes_keeps_its_blank(
    essay: Scenario, deleted: tuple[int, int], saved: str, cursor: int, expected: str
) -> None:
    emma, jane, mike = essay.join("emma"), editor(essay, "jane", 100), editor(essay, "mike", 101)
    update = jane.edits(*deleted, "")
    emma.saves(saved, cursor)
    jane.person.does(ApplyUpdate(update))
    assert jane.text == mike.text == room(essay).head.text == expected


@pytest.mark.parametrize("editor_id", [3, 100])
def test_a_word_put_beside_one_that_an_editor_replaces_is_not_glued_to_the_new_one(
    essay: Scenario, editor_id: int
) -> None:
    """As Yjs editors do it: what is typed in place of a word stands behind what was deleted."""
    emma, mike = essay.join("emma"), editor(essay, "mike", 101)
    jane = editor(essay, "jane", editor_id)
    known = jane.ytext.state_vector()
    jane.edits(5, 5, "")
    jane.edits(5, 0, "over ")
    emma.saves("Once upon quite a time.", 15)
    jane.person.does(ApplyUpdate(jane.ytext.update_since(known)))
    assert jane.text == mike.text == room(essay).head.text == "Once  quite over a time."


def test_letters_typed_over_the_blank_behind_a_word_go_on_with_it(essay: Scenario) -> None:
    """It is clear that the editor saw the word: nothing else went with the blank."""
    emma, jane = essay.join("emma"), editor(essay, "jane", 100)
    emma.saves("Once upon quite a time.", 15)
    jane.catch_up()
    jane.person.does(ApplyUpdate(jane.edits(15, 1, "s")))
    assert jane.text == room(essay).head.text == "Once upon quitesa time."


@pytest.mark.parametrize(
    ("editor_id", "place", "word", "saved", "expected"),
    [
        # Emma puts "over" in place of "upon", Jane types before it, and has not heard of that.
        (100, 5, "quite ", "Once over a time.", "Once over quite  a time."),
        (3, 4, " quite", "Once over a time.", "Once quite over a time."),
        (3, 9, " quite", "Once upon👍 a time.", "Once upon quite 👍 a time."),
        (100, 17, " It", "Once upon a time.So", "Once upon a time.So It"),
        (3, 17, " It", "Once upon a time.So", "Once upon a time. It So"),
    ],
)
def test_words_put_at_one_place_by_an_editor_and_a_save_are_not_glued(
    essay: Scenario, editor_id: int, place: int, word: str, saved: str, expected: str
) -> None:
    emma, jane, mike = (
        essay.join("emma"),
        editor(essay, "jane", editor_id),
        editor(essay, "mike", 101),
    )
    update = jane.edits(place, 0, word)
    emma.saves(saved)
    jane.person.does(ApplyUpdate(update))
    assert jane.text == mike.text == room(essay).head.text == expected


def test_words_of_two_editors_at_one_place_are_not_glued(essay: Scenario) -> None:
    """Letter by letter: what Emma types goes beside what Jane has typed, which she has not seen."""
    jane, emma = editor(essay, "jane", 100), editor(essay, "emma", 101)
    first = emma.edits(5, 0, "e")
    for at, letter in enumerate("jane"):
        jane.person.does(ApplyUpdate(jane.edits(5 + at, 0, letter)))
    emma.person.does(ApplyUpdate(first))
    for at, letter in enumerate("mma "):
        emma.person.does(ApplyUpdate(emma.edits(6 + at, 0, letter)))
    assert jane.text == emma.text == "Once jane emma upon a time."


@pytest.mark.parametrize(("place", "letters"), [(4, "s"), (5, "here"), (7, "x"), (0, "n")])
def test_letters_put_to_a_word_that_the_editor_has_seen_stay_there(
    essay: Scenario, place: int, letters: str
) -> None:
    emma, jane = essay.join("emma"), editor(essay, "jane", 100)
    emma.saves("Once over a time.")
    emma.saves("Once on a time.")
    text = jane.text
    for at, letter in enumerate(letters):
        jane.types(place + at, letter)
    assert jane.text == room(essay).head.text == text[:place] + letters + text[place:]


def test_two_people_within_one_word_leave_it_one_word(essay: Scenario) -> None:
    jane, emma = editor(essay, "jane", 100), editor(essay, "emma", 101)
    update = emma.edits(7, 0, "e")
    jane.person.does(ApplyUpdate(jane.edits(7, 0, "j")))
    emma.person.does(ApplyUpdate(update))
    assert jane.text == emma.text == "Once upjeon a time."


def test_two_words_are_joined_when_an_editor_joins_them(essay: Scenario) -> None:
    jane = editor(essay, "jane", 100)
    jane.person.does(ApplyUpdate(jane.edits(4, 1, "")))
    assert jane.text == "Onceupon a time."


def test_highlights_move_with_an_editors_words(essay: Scenario) -> None:
    emma, jane = essay.join("emma"), editor(essay, "jane", 100)
    emma.comments(5, 9)
    jane.types(0, "😀")
    essay.passes(1)
    (moved,) = emma.told(FeedbackUpdated)
    assert (moved.feedback.start, moved.feedback.end) == (7, 11)


def test_an_early_update_is_asked_for_once_a_second(essay: Scenario) -> None:
    jane = editor(essay, "jane", 100)
    essay.passes(2)
    jane.edits(0, 0, "lost ")
    for words in ("a", "b", "c"):
        jane.person.does(ApplyUpdate(jane.edits(0, 0, words)))
    assert len(jane.person.told(SyncRequested)) == 2
    essay.passes(1)
    assert len(jane.person.told(SyncRequested)) == 3
    assert jane.text == room(essay).confirmed.text == "cbalost Once upon a time."


# ---- slow readers and a failing store --------------------------------------------------------


def test_a_slow_reader_gets_what_it_missed(essay: Scenario) -> None:
    jane, mike = editor(essay, "jane", 100), editor(essay, "mike", 101)
    essay.waiting = True
    jane.types(0, "on its way, ")
    knows = room(essay).glimpse(mike.person.connection)
    mike.person.here = False  # as the audience leaves it out
    essay.waiting = False
    essay.commit()
    jane.types(0, "later, ")
    assert mike.text == "Once upon a time."
    mike.person.here = True
    now = essay.clock.now()
    essay._perform(room(essay).catch_up(mike.person.connection, knows, now))
    assert mike.text == "later, on its way, Once upon a time."


def test_a_slow_reader_is_not_told_what_is_not_durable(essay: Scenario) -> None:
    jane, mike = editor(essay, "jane", 100), editor(essay, "mike", 101)
    knows = room(essay).glimpse(mike.person.connection)
    with essay.store_waiting():
        jane.types(0, "x")
        now = essay.clock.now()
        essay._perform(room(essay).catch_up(mike.person.connection, knows, now))
        assert mike.text == "Once upon a time."
    assert mike.text == "xOnce upon a time."


def test_who_asks_again_and_again_while_the_store_is_slow_is_owed_one_answer(
    essay: Scenario,
) -> None:
    jane, mike = editor(essay, "jane", 100), editor(essay, "mike", 101)
    before = len(mike.person.told(SyncAnswered))
    with essay.store_waiting():
        for word in "abc":
            jane.types(0, word)
            for _ in range(20):
                mike.person.does(Synchronize(mike.ytext.state_vector()))
    assert len(mike.person.told(SyncAnswered)) == before + 1
    assert mike.text == jane.text == "cbaOnce upon a time."


def test_what_the_store_refused_is_asked_for_again(essay: Scenario) -> None:
    jane, mike = editor(essay, "jane", 100), editor(essay, "mike", 101)
    essay.waiting = True
    jane.types(0, "x")
    essay.log.pop()
    room(essay).rewind()
    late = editor(essay, "emma", 102)
    jane.person.does(Resynchronize())
    assert late.text == ""
    essay.waiting = False
    stored_again(essay)
    assert jane.text == mike.text == late.text == "xOnce upon a time."
    assert room(essay).confirmed.text == "xOnce upon a time."


def test_copies_stay_the_same_through_everything() -> None:
    chance = random.Random(5)
    essay = Scenario.essay("start", rules=RoomRules(quiet=0, confirm_after=0))
    emma = essay.join("emma")
    copies = [editor(essay, name, n) for n, name in enumerate(("jane", "emma", "jane"), 100)]
    for number in range(400):
        copy = chance.choice(copies)
        size = len(copy.ytext.text)
        at = chance.randrange(size + 1)
        if chance.random() < 0.3:
            copy.catch_up()
        words = chance.choice(["a", "é ", "😀", "שלום ", "e\u0301", "\r\n", "\0"])
        deleted = chance.choice((0, 0, 1)) if at < len(copy.ytext.text) else 0
        if at <= len(copy.ytext.text):
            copy.person.does(ApplyUpdate(copy.edits(at, deleted, words)))
        if number % 7 == 0:
            emma.saves(emma.text + "json ")
        if number % 50 == 49:
            essay.waiting = True
            copy.catch_up().types(0, "lost? ")
            if essay.log[-1].seq > room(essay).confirmed.seq:
                del essay.log[room(essay).confirmed.seq :]
            room(essay).rewind()
            essay.waiting = False
            stored_again(essay)
    for _ in range(3):
        texts = {copy.text for copy in copies}
    assert texts == {room(essay).confirmed.text}


# ---- awareness -----------------------------------------------------------------------------


def test_what_an_editor_shows_is_signed_by_the_server(essay: Scenario) -> None:
    jane, mike = editor(essay, "jane", 100), editor(essay, "mike", 101)
    user = {"id": 2, "name": "Jane Smith", "color": "#abcdef", "colorLight": "red;}", "x": 1}
    mike.shows({"user": user, "cursor": None})
    essay.passes(PACE)
    assert jane.catch_up().states[101].state == {
        "user": {"id": 4, "name": "Mike Wilson", "color": "#abcdef"},
        "cursor": None,
    }


def test_changes_are_told_together_and_at_most_every_tenth_of_a_second(essay: Scenario) -> None:
    jane, mike = editor(essay, "jane", 100), editor(essay, "mike", 101)
    essay.passes(1)
    jane.person.forgets()
    jane.taken = 0
    for number in range(50):
        mike.shows({"n": number})
        jane.shows({"n": number})
        essay.passes(PACE / 25)
    essay.passes(PACE)
    told = jane.person.told(AwarenessShown)
    assert len(told) <= 4
    assert [it.state["n"] for it in told[-1].states if it.state] == [49, 49]


def test_who_leaves_is_shown_no_more(essay: Scenario) -> None:
    jane, mike = editor(essay, "jane", 100), editor(essay, "mike", 101)
    emma = essay.join("emma")
    mike.shows({})
    essay.passes(1)
    assert {101, FIRST_OWN + emma.connection} <= set(jane.catch_up().states)
    mike.person.drops()
    emma.closes()
    essay.passes(1)
    states = jane.catch_up().states
    assert states[101].state is states[FIRST_OWN + emma.connection].state is None


def test_members_without_a_copy_are_shown_with_name_typing_and_caret(essay: Scenario) -> None:
    jane, emma = editor(essay, "jane", 100), essay.join("emma")
    emma.saves("Once upon a 😀 time.", cursor=14)
    essay.passes(1)
    shown = jane.catch_up().states[FIRST_OWN + emma.connection].state
    assert shown is not None
    assert (shown["user"]["name"], shown["typing"]) == ("Emma Brown", True)
    head = shown["cursor"]["head"]
    assert head["tname"] == "content"
    assert head["item"] is not None
    essay.passes(10)
    shown = jane.catch_up().states[FIRST_OWN + emma.connection].state
    assert shown is not None
    assert not shown["typing"]


def test_who_comes_later_is_shown_everybody(essay: Scenario) -> None:
    emma = essay.join("emma")
    emma.does(StartTyping())
    jane = editor(essay, "jane", 100).shows({"n": 1})
    mike = editor(essay, "mike", 101)
    assert set(mike.states) == {100, FIRST_OWN + emma.connection}
    state = mike.states[FIRST_OWN + emma.connection].state
    assert state is not None
    assert state["typing"]
    jane.person.does(QueryAwareness())
    assert set(jane.catch_up().states) == {FIRST_OWN + emma.connection}


def test_an_editor_that_comes_back_early_takes_its_own_place(essay: Scenario) -> None:
    jane, mike = editor(essay, "jane", 100).shows({"n": 1}), editor(essay, "mike", 101)
    again = editor(essay, "jane", 100)
    again.clock = jane.clock
    assert 100 not in again.states  # it would take its own old state for somebody's news
    again.shows({"n": 2})
    jane.person.drops()
    essay.passes(1)
    assert mike.catch_up().states[100].state == {
        "n": 2,
        "user": {"id": 2, "name": "Jane Smith", "color": "#ffbc42"},
    }


def test_everybody_hears_something_every_fifteen_seconds(essay: Scenario) -> None:
    mike = editor(essay, "mike", 101)
    essay.passes(1)
    mike.person.forgets()
    essay.passes(4 * RENEWED_EVERY)
    assert len(mike.person.told(AwarenessShown)) == 4


def test_what_is_shown_of_others_is_renewed_with_a_higher_clock(essay: Scenario) -> None:
    emma, mike = essay.join("emma"), editor(essay, "mike", 101)
    essay.passes(1)
    before = mike.catch_up().states[FIRST_OWN + emma.connection].clock
    essay.passes(RENEWED_EVERY)
    assert mike.catch_up().states[FIRST_OWN + emma.connection].clock > before


def test_a_room_without_editors_has_nothing_to_do(essay: Scenario) -> None:
    mike = editor(essay, "mike", 101)
    mike.shows({})
    mike.person.closes()
    assert room(essay).next_deadline() is None
    assert room(essay).idle


# ---- carets --------------------------------------------------------------------------------


def relative(client: int | None, clock: int = 0, assoc: int = 0) -> dict[str, object]:
    item = None if client is None else {"client": client, "clock": clock}
    return {"type": None, "tname": "content", "item": item, "assoc": assoc}


@pytest.mark.parametrize(
    ("at", "position"),
    [
        (relative(100, 0), 0),
        (relative(100, 2), 2),  # right of the emoji, which has two units
        (relative(100, 2, -1), 3),
        (relative(None), 21),
        (relative(None, assoc=-1), 0),
    ],
)
def test_an_editors_caret_is_told_in_units(
    essay: Scenario, at: dict[str, object], position: int
) -> None:
    emma, jane = essay.join("emma"), editor(essay, "jane", 100)
    jane.types(0, "😀é ")
    jane.shows({"cursor": {"anchor": at, "head": at}})
    essay.passes(1)
    assert [(it.position, it.selection_end) for it in emma.told(CursorMoved)] == [(position, None)]


@pytest.mark.parametrize(
    "at",
    [
        relative(100, 99),
        relative(12345, 0),
        relative(2**60, 0),
        relative(-1, 0),
        {"item": {"client": "100", "clock": 0}},
        {"item": 5},
        {"item": None, "tname": "title"},
        {},
        None,
        "x",
        relative(100, 3),  # deleted
    ],
    ids=str,
)
def test_a_caret_that_cannot_be_placed_is_left_out(essay: Scenario, at: object) -> None:
    emma, jane = essay.join("emma"), editor(essay, "jane", 100)
    jane.types(0, "😀éx ")
    jane.person.does(ApplyUpdate(jane.edits(2, 1, "")))
    jane.shows({"cursor": {"anchor": at, "head": at}})
    jane.shows({"cursor": {"anchor": at}})
    essay.passes(1)
    assert emma.told(CursorMoved) == []
    assert jane.person.refusals == []


def test_a_caret_waits_until_its_text_was_told(essay: Scenario) -> None:
    emma, jane = essay.join("emma"), editor(essay, "jane", 100)
    with essay.store_waiting():
        jane.types(17, "x")
        at = relative(None)
        jane.shows({"cursor": {"anchor": at, "head": at}})
        essay.passes(1)
        assert emma.told(CursorMoved) == []
    essay.passes(1)
    assert [it.position for it in emma.told(CursorMoved)] == [18]


def test_an_editor_is_a_member(essay: Scenario) -> None:
    emma = essay.join("emma")
    emma.forgets()
    editor(essay, "mike", 101)
    assert [it.user for it in emma.told(UserJoined)] == [MIKE]
