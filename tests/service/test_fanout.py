"""Fan-out: encoded once, joined per turn, in order, and nobody written to who should not be."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from workroom.core.events import CursorMoved, EssayUpdated, Event, TextPatched, TypingStopped
from workroom.core.people import Role, User
from workroom.ids import ConnectionId, EssayId, UserId
from workroom.protocol.dialect import Dialect, Form
from workroom.protocol.essays import EssayDialect
from workroom.protocol.frames import binary_frame, text_frame
from workroom.protocol.yjs import YjsDialect
from workroom.service.rooms.fanout import MAX_JOIN, SLICE, Audience

DIALECT = EssayDialect()
YJS = YjsDialect()
JANE = User(UserId(2), "jane", "Jane", Role.COACH)


class Loop:
    """Turns when told to."""

    def __init__(self) -> None:
        self.calls: deque[Callable[[], None]] = deque()

    def turn(self) -> None:
        for _ in range(len(self.calls)):
            self.calls.popleft()()

    def run(self) -> int:
        turns = 0
        while self.calls:
            self.turn()
            turns += 1
        return turns


class Paper:
    """A ``Sink`` that is no socket."""

    fd = -1

    def __init__(self, write: Callable[[bytes], None]) -> None:
        self.write = write


@dataclass(eq=False)
class Reader:
    id: ConnectionId
    user_id: UserId
    form: Form = Form.PLAIN
    dialect: Dialect = DIALECT
    writes: list[bytes] = field(default_factory=list)
    dead_write: Callable[[bytes], None] | None = None

    @property
    def outlet(self) -> Paper:
        return Paper(self.dead_write or self.writes.append)

    @property
    def data(self) -> bytes:
        return b"".join(self.writes)


class Room:
    def __init__(self) -> None:
        self.loop = Loop()
        self.audience = Audience(self.loop.calls.append)

    def enter(
        self,
        number: int,
        user: int | None = None,
        form: Form = Form.PLAIN,
        dialect: Dialect = DIALECT,
    ) -> Reader:
        reader = Reader(ConnectionId(number), UserId(user or number), form, dialect)
        self.audience.add(reader)
        return reader


@pytest.fixture
def room() -> Room:
    return Room()


def _stopped(user: int) -> TypingStopped:
    return TypingStopped(EssayId(1), UserId(user), 0)


def _update(text: str) -> EssayUpdated:
    return EssayUpdated(EssayId(1), 1, text, 1, JANE, 0)


def _frame(event: Event, form: Form = Form.PLAIN) -> bytes:
    payload = DIALECT.encode(event, form)
    assert payload is not None
    return text_frame(payload)


def test_a_burst_is_one_write_per_member(room: Room) -> None:
    readers = [room.enter(n) for n in range(1, 4)]
    events = [_stopped(n) for n in range(10, 26)]
    for event in events:
        room.audience.publish(event)
    room.loop.run()
    for reader in readers:
        assert reader.writes == [b"".join(map(_frame, events))]


def test_each_form_gets_its_own_messages(room: Room) -> None:
    plain, extended = room.enter(1), room.enter(2, form=Form.EXTENDED)
    cursor = CursorMoved(EssayId(1), UserId(9), 3, None)
    room.audience.publish(cursor)
    room.audience.publish(_update("words"))
    room.loop.run()
    assert plain.data == _frame(_update("words"))
    assert extended.data == _frame(cursor, Form.EXTENDED) + _frame(_update("words"), Form.EXTENDED)


def test_a_form_in_which_everybody_is_excepted_is_not_written_down() -> None:
    class Counting(EssayDialect):
        def __init__(self) -> None:
            super().__init__()
            self.encoded: list[Form] = []

        def encode(self, event: Event, form: Form) -> bytes | None:
            self.encoded.append(form)
            return super().encode(event, form)

    dialect, room = Counting(), Room()
    plain = room.enter(1, dialect=dialect)
    typing = [room.enter(number, form=Form.EXTENDED, dialect=dialect) for number in (2, 3)]
    room.audience.publish(_stopped(9), UserId(2), frozenset({ConnectionId(3)}))
    room.audience.publish(_stopped(9), UserId(1))
    room.loop.run()
    assert dialect.encoded == [Form.PLAIN, Form.EXTENDED]
    assert [len(reader.writes) for reader in (plain, *typing)] == [1, 1, 1]


def test_exceptions_are_left_out_and_order_is_kept_for_everybody(room: Room) -> None:
    one, two, tab, three = room.enter(1), room.enter(2), room.enter(22, 2), room.enter(3)
    room.audience.publish(_stopped(10))
    room.audience.publish(_stopped(11), except_user=UserId(2))
    room.audience.send(ConnectionId(3), _stopped(12))
    room.audience.publish(_stopped(13), except_connections=frozenset({ConnectionId(1)}))
    room.loop.run()
    frames = {n: _frame(_stopped(n)) for n in (10, 11, 12, 13)}
    assert one.data == frames[10] + frames[11]
    assert two.data == tab.data == frames[10] + frames[13]
    assert three.data == frames[10] + frames[11] + frames[12] + frames[13]


def test_who_comes_hears_nothing_of_before_and_who_goes_all_of_it(room: Room) -> None:
    old = room.enter(1)
    room.audience.publish(_stopped(10))
    new = room.enter(2)
    room.audience.remove(ConnectionId(1))
    room.audience.publish(_stopped(11))
    room.loop.run()
    assert old.data == _frame(_stopped(10))
    assert new.data == _frame(_stopped(11))


def test_a_large_room_is_written_in_slices_and_a_later_event_does_not_overtake(
    room: Room,
) -> None:
    readers = [room.enter(n) for n in range(1, 3 * SLICE + 1)]
    room.audience.publish(_stopped(10))
    room.loop.turn()
    assert sum(bool(reader.writes) for reader in readers) == SLICE
    room.audience.publish(_stopped(11))
    room.loop.run()
    assert {reader.data for reader in readers} == {_frame(_stopped(10)) + _frame(_stopped(11))}


def test_joins_are_bounded(room: Room) -> None:
    reader = room.enter(1)
    updates = [_update("x" * 100_000 + str(n)) for n in range(5)]
    for update in updates:
        room.audience.publish(update)
    room.loop.run()
    assert reader.data == b"".join(map(_frame, updates))
    assert max(map(len, reader.writes)) <= MAX_JOIN


def test_a_slow_reader_is_told_nothing_but_answers_until_it_reads_again(room: Room) -> None:
    slow, other = room.enter(1), room.enter(2)
    room.audience.publish(_stopped(10))
    room.loop.run()
    room.audience.slow(ConnectionId(1))
    room.audience.publish(_stopped(11))
    room.audience.send(ConnectionId(1), _stopped(12))
    room.audience.send_frame(ConnectionId(1), b"answer")
    room.loop.run()
    room.audience.fast(ConnectionId(1))
    room.audience.publish(_stopped(13))
    room.loop.run()
    frames = {n: _frame(_stopped(n)) for n in (10, 11, 12, 13)}
    assert slow.data == frames[10] + b"answer" + frames[13]
    assert other.data == frames[10] + frames[11] + frames[13]


def test_a_socket_that_has_gone_since_does_not_stop_the_others(room: Room) -> None:
    def gone(_data: bytes) -> None:
        raise RuntimeError("the socket is closed")

    readers = [room.enter(n) for n in range(1, 2 * SLICE)]
    dead = Reader(ConnectionId(9999), UserId(9999), dead_write=gone)
    room.audience.add(dead)
    for number in (10, 11):
        room.audience.publish(_stopped(number))
        room.loop.run()
    assert {reader.data for reader in readers} == {_frame(_stopped(10)) + _frame(_stopped(11))}


def test_whatever_happens_each_member_gets_exactly_what_was_meant_for_it() -> None:
    """A random history against a plain list per member."""
    for seed in range(30):
        _random_history(random.Random(seed))


def _random_history(chance: random.Random) -> None:
    room, readers, expected = Room(), {}, {}
    for number in range(300):
        act = chance.random()
        if act < 0.15:
            reader = room.enter(number + 1000, chance.randint(1, 5), Form(chance.randint(0, 1)))
            readers[reader.id], expected[reader.id] = reader, b""
        elif act < 0.2 and readers:
            room.audience.remove(chance.choice(list(readers)))
        elif act < 0.5:
            room.loop.turn()
        else:
            event = _stopped(number + 1)
            user = UserId(chance.randint(1, 5)) if chance.random() < 0.5 else None
            skipped = frozenset(c for c in readers if chance.random() < 0.2)
            room.audience.publish(event, user, skipped)
            for connection, reader in readers.items():
                here = room.audience.get(connection) is not None
                if here and reader.user_id != user and connection not in skipped:
                    expected[connection] += _frame(event, reader.form)
    room.loop.run()
    assert {connection: reader.data for connection, reader in readers.items()} == expected


def test_what_was_published_before_a_reader_became_slow_still_reaches_it(room: Room) -> None:
    slow = room.enter(1)
    room.audience.publish(_stopped(10))
    room.audience.slow(ConnectionId(1))
    room.audience.publish(_stopped(11))
    room.loop.run()
    assert slow.data == _frame(_stopped(10))


def test_editors_and_others_are_each_told_in_their_own_format(room: Room) -> None:
    plain = room.enter(1)
    editor = Reader(ConnectionId(2), UserId(2), dialect=YJS)
    author = Reader(ConnectionId(3), UserId(3), dialect=YJS)
    room.audience.add(editor)
    room.audience.add(author)
    patched = TextPatched(EssayId(1), 2, b"\0\0")
    room.audience.publish(patched, except_connections=frozenset({author.id}))
    room.audience.publish(_update("words"))
    room.loop.run()
    payload = YJS.encode(patched, Form.PLAIN)
    assert payload is not None
    assert editor.data == binary_frame(payload)
    assert plain.data == _frame(_update("words"))
    assert author.data == b""
    room.audience.slow(editor.id)
    room.audience.publish(patched)
    room.audience.send(editor.id, patched)
    room.loop.run()
    assert editor.data == author.data == binary_frame(payload)
