"""One connection and the rooms that live on it: everything that a client decides, in one object.

Give it what happens, in order, and carry out ``effects`` after each call. There is no socket, no
clock and no chance in it, so that a test can put it through years of bad weather in a second.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from workroom.client.connection import Connection, Phase
from workroom.client.effects import Effect, Send
from workroom.client.errors import CLOSED_HERE, Problem
from workroom.client.room import RoomCore
from workroom.client.wire import Dialect, Json, News, Refusal, write


class Link:
    """Decides for a connection and its rooms. ``draw`` gives a number from 0 to 1 each time."""

    def __init__(self, dialect: Dialect, draw: Callable[[], float]) -> None:
        self._dialect = dialect
        self._draw = draw
        self._effects: list[Effect] = []
        self._unanswered: dict[str, Json] = {}
        """What was sent over this connection and has no answer, by its ``request_id``."""
        self.rooms: dict[int, RoomCore] = {}
        self.connection = Connection(dialect, self._effects)

    @property
    def effects(self) -> list[Effect]:
        """What a room of this connection writes to."""
        return self._effects

    def take_effects(self) -> list[Effect]:
        """What is to be done now; each thing is given once."""
        taken = self._effects[:]
        self._effects.clear()
        for effect in taken:
            if isinstance(effect, Send) and (request_id := effect.message.get("request_id")):
                self._unanswered[request_id] = effect.message
        return taken

    def add(self, room: RoomCore) -> None:
        """A room comes in."""
        self.rooms[room.room] = room
        match self.connection.phase:
            case Phase.OPEN:
                room.up()
                self._note_sent()
            case Phase.STOPPED:
                room.close(self.connection.problem or CLOSED_HERE)
            case _:
                self._watched(self.connection.start)

    def remove(self, number: int, why: Problem = CLOSED_HERE) -> None:
        """The program needs a room no longer; the last one takes the connection along."""
        room = self.rooms.get(number)
        if room is None:
            return
        room.close(why)
        self._forget_closed()

    def token(self, value: str) -> None:
        """The program gave a token."""
        self._watched(lambda: self.connection.token(value))

    def no_token(self) -> None:
        """The program could not give one."""
        self._watched(lambda: self.connection.no_token(self._draw()))

    def opened(self) -> None:
        """The socket is open."""
        self._watched(self.connection.opened)

    def received(self, text: str) -> None:
        """A text frame came."""
        message = self._dialect.read(text)
        if message is None or self.connection.phase is not Phase.OPEN:
            return
        heard = self._named(message) if isinstance(message, Refusal) else message
        if not isinstance(heard, News):
            self._unanswered.pop(heard.request_id or "", None)
        self._watched(lambda: self.connection.heard(heard))
        for room in list(self.rooms.values()):
            room.heard(heard, self._draw())
        self._forget_closed()

    def closed(self, code: int, reason: str = "") -> None:
        """The socket has closed, or could not be opened."""
        self._watched(lambda: self.connection.closed(code, reason, self._draw()))

    def refused(self, status: int, retry_after: float | None = None) -> None:
        """The handshake was answered by plain HTTP."""
        self._watched(lambda: self.connection.refused(status, retry_after, self._draw()))

    def timer(self, room: int | None, name: str) -> None:
        """A timer that was asked for has run out."""
        if room is None:
            self._watched(lambda: self.connection.timer(name, self._draw()))
        elif room in self.rooms:
            self.rooms[room].timer(name)
            self._note_sent()

    def ask(self, asked: Callable[[], str]) -> str:
        """A request of one of the rooms."""
        request_id = asked()
        self._note_sent()
        return request_id

    def withdraw(self, room: RoomCore, request_id: str) -> None:
        """The program does not wait for a request any longer."""
        room.withdraw(request_id)
        self._note_sent()

    def close(self) -> None:
        """The program closes everything."""
        self._watched(lambda: self.connection.stop(CLOSED_HERE))

    def _named(self, refusal: Refusal) -> Refusal:
        """A message over the limit is not read, so its refusal names no request.

        Whatever is over the limit is larger than all that is not: it is the largest that has no
        answer, also when its room was closed meanwhile.
        """
        unread = refusal.request_id is None and refusal.problem.code == "too_large"
        if not unread or not self._unanswered:
            return refusal
        sizes = {it: len(write(sent).encode()) for it, sent in self._unanswered.items()}
        return replace(refusal, request_id=max(sizes, key=sizes.__getitem__))

    def _watched(self, act: Callable[[], None]) -> None:
        """Do something with the connection, and let the rooms know what became of it."""
        before = self.connection.phase
        act()
        phase = self.connection.phase
        if phase is not before:
            self._unanswered.clear()
            for room in list(self.rooms.values()):
                self._tell(room, phase)
            self._forget_closed()
        self._note_sent()

    def _tell(self, room: RoomCore, phase: Phase) -> None:
        match phase:
            case Phase.OPEN:
                room.up()
            case Phase.WAITING:
                room.down(self.connection.wait)
            case Phase.STOPPED:
                room.close(self.connection.problem or CLOSED_HERE)
            case Phase.ASKING | Phase.CONNECTING:
                room.down()
            case Phase.IDLE:
                pass

    def _note_sent(self) -> None:
        """Whatever is sent will be answered."""
        if any(isinstance(effect, Send) for effect in self._effects):
            self.connection.sent()

    def _forget_closed(self) -> None:
        """Rooms that are closed are no longer told anything, and the server need not either."""
        for number, room in list(self.rooms.items()):
            if room.problem is None:
                continue
            del self.rooms[number]
            if self.rooms and self.connection.phase is Phase.OPEN:
                self._effects.append(Send(self._dialect.leave(number)))
        if not self.rooms:
            self.connection.stop(CLOSED_HERE)
