"""What essays and projects have in common: following, catching up, requests. No I/O, no clock."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any, ClassVar, Final

from pydantic import BaseModel

from workroom.client.backoff import FIRST_WAIT, backoff
from workroom.client.effects import Answer, Effect, Gone, Send, Tell, Timer
from workroom.client.errors import Problem
from workroom.client.events import Status, StatusChanged
from workroom.client.wire import Ack, Dialect, Incoming, Json, News, Refusal, write
from workroom.errors import Retry
from workroom.ids import MAX_ID

NOTHING: Final = MAX_ID
"""No server has seen this number: whoever names it as ``since`` is given the whole state."""
MOST_REQUESTS: Final = 100
"""Requests of a room that wait for an answer, or for a connection."""
SOON: Final = 0.1
"""Seconds before something is tried again that was put off without a time."""
_DOUBLINGS: Final = 16
"""More of them lead beyond the longest wait."""


class Phase(Enum):
    """How far a room has got."""

    AWAY = auto()
    """No connection."""
    JOINING = auto()
    """Catching up."""
    LIVE = auto()
    """Every event comes as it happens."""
    CLOSED = auto()
    """The room is not to be had any more."""


@dataclass(slots=True, eq=False)
class Request:
    """Something that the program asked for, until it is answered."""

    id: str
    action: str
    body: Json
    note: Any = None
    """What the room has to remember with it."""
    sent: Json | None = None
    """The message, once it was sent on this connection."""
    tries: int = 0
    """How often the server has put it off."""
    risked: bool = False
    """Whether it was sent at all: then it may have been done already."""


class RoomCore(ABC):
    """Decides what becomes of one room; ``effects`` collects what is to be done."""

    dialect: ClassVar[Dialect]

    def __init__(self, room: int, prefix: str, effects: list[Effect]) -> None:
        self.room = room
        self.phase = Phase.AWAY
        self.status: Status = "connecting"
        self.rights: str | None = None
        """What this user may do: ``view``, ``comment``, ``edit`` or ``owner``."""
        self.seq = NOTHING
        """The highest durable event that was taken over."""
        self.people: Mapping[int, Any] = {}
        """Who is here, by user id."""
        self.problem: Problem | None = None
        """Why it is closed."""
        self.requests: list[Request] = []
        self._effects = effects
        self._prefix = prefix
        self._count = 0
        self._join: str | None = None
        """The ``request_id`` of the join under way; its ``ack`` ends the catching up."""
        self._subscribed: Any = None
        """What the server said that it is going to tell; None before it has."""
        self._arriving: dict[int, Any] = {}
        """Who is here, as far as the new connection has said."""

    # ---- what happens to it

    def up(self) -> None:
        """There is a connection."""
        if self.phase is not Phase.CLOSED:
            self._arriving = {}
            self.join()

    def down(self, retry_in: float | None = None) -> None:
        """There is no connection; an attempt is so many seconds off, or being made (None)."""
        if self.phase is Phase.CLOSED:
            return
        if self.phase is not Phase.AWAY:
            self.phase, self._join = Phase.AWAY, None
            for request in self.requests:
                request.sent = None
            self.interrupted()
        self._is("connecting" if retry_in is None else "offline", retry_in)

    def heard(self, message: Incoming, chance: float) -> None:
        """A message of the server, which may be about another room."""
        if self.phase in {Phase.CLOSED, Phase.AWAY}:
            return
        match message:
            case Ack(request_id=given) if given == self._join:
                self._joined()
            case Ack(request_id=given) if request := self._asked(given):
                self.done(request, message)
            case Refusal(request_id=str(given), problem=why) if given == self._join:
                self._join_failed(why, chance)
            case Refusal(request_id=str(given), problem=why) if request := self._asked(given):
                self.failed(request, why, chance)
            case News(room=room) if room in {None, self.room}:
                self._happened(message)
        self.send_ready()

    def timer(self, name: str) -> None:
        """A timer that was asked for has run out: time to join, or to make a request, again."""
        if self.phase in {Phase.CLOSED, Phase.AWAY}:
            return
        if name == "join":
            self.join()
        elif request := self._asked(name):
            request.sent = None
        self.send_ready()

    def ask(self, action: str, body: Json, note: Any = None) -> str:
        """The program wants something done; its ``request_id``, under which the answer comes.

        Raises TypeError or ValueError for what JSON cannot say.
        """
        write(body)
        request = Request(self.new_id(), action, body, note)
        if self.problem is not None:
            self._answer(request, self.problem)
        elif len(self.requests) >= MOST_REQUESTS:
            self._answer(request, Problem("queue_full", "too many requests wait for an answer"))
        else:
            self.requests.append(request)
            self.send_ready()
        return request.id

    def withdraw(self, request_id: str) -> None:
        """The program does not wait any longer: what was never sent is not done."""
        request = self._asked(request_id)
        if request is not None and not request.risked:
            self.requests.remove(request)
            self.send_ready()

    def close(self, why: Problem) -> None:
        """There will be nothing any more."""
        if self.phase is Phase.CLOSED:
            return
        self.phase, self.problem, waiting = Phase.CLOSED, why, self.requests
        self.requests, self.people = [], {}
        for request in waiting:
            self._answer(request, why)
        self._is("closed")
        self._effects.append(Gone(self.room, why))

    # ---- what is different between essays and projects

    @abstractmethod
    def since(self) -> int:
        """From where to catch up."""

    @abstractmethod
    def parse(self, kind: str, body: Json) -> BaseModel | None:
        """An event as its class; None when it is not known."""

    @abstractmethod
    def took(self, event: BaseModel) -> bool:
        """Take an event over; False when it says nothing new, or is told later."""

    @abstractmethod
    def reset(self) -> None:
        """The server could not tell what was missed: forget what was known."""

    @abstractmethod
    def caught_up(self, seq: int, *, recovered: bool) -> None:
        """All that was missed is here, up to ``seq``."""

    @abstractmethod
    def interrupted(self) -> None:
        """The connection is gone, and so is what the server knew of it."""

    def ready(self, request: Request) -> Json | None:
        """The body with which a request may be sent now; None: not yet."""
        return request.body

    def done(self, request: Request, ack: Ack) -> None:
        """The server has carried a request out."""
        self.finish(request, ack.body)

    def failed(self, request: Request, why: Problem, chance: float) -> None:
        """The server has not carried a request out."""
        if why.retry is Retry.NEVER:
            self.finish(request, why)
            return
        # "with_new_token": the connection is closed, and comes back with one.
        if why.retry is Retry.LATER:
            self.put_off(request, why, chance)

    # ---- what all of them do

    def join(self) -> None:
        """Ask for what was missed, or for everything."""
        self.phase, self._subscribed, self._join = Phase.JOINING, None, self.new_id()
        message = self.dialect.join(self.room, self.since(), self._join)
        self._effects.append(Send(message))

    def send_ready(self) -> None:
        """Send in order; a request that cannot be sent yet holds up those behind it."""
        if self.phase is not Phase.LIVE:
            return
        for request in self.requests:
            if request.sent is not None:
                continue
            body = self.ready(request)
            if body is None:
                return
            request.risked = True
            request.sent = self.dialect.request(self.room, request.action, body, request.id)
            self._effects.append(Send(request.sent))

    def finish(self, request: Request, answer: Json | Problem) -> None:
        """A request is over."""
        self.requests.remove(request)
        self._answer(request, answer)

    def put_off(self, request: Request, why: Problem, chance: float, name: str = "") -> None:
        """Try again later: the request, or what the timer ``name`` is for."""
        seconds = _put_off(why, request.tries, chance)
        request.tries += 1
        self._effects.append(Timer(self.room, name or request.id, seconds))

    def tell(self, event: Any) -> None:
        """Let the program know."""
        self._effects.append(Tell(self.room, event))

    def new_id(self) -> str:
        """A ``request_id`` that nobody else makes up: they belong to a user, not to a client."""
        self._count += 1
        return f"{self._prefix}.{self._count}"

    def _asked(self, request_id: str) -> Request | None:
        return next((each for each in self.requests if each.id == request_id), None)

    def _answer(self, request: Request, answer: Json | Problem) -> None:
        self._effects.append(Answer(self.room, request.id, answer))

    def _is(self, status: Status, retry_in: float | None = None) -> None:
        if (status, retry_in) != (self.status, None):
            self.status = status
            self.tell(StatusChanged(status, retry_in))

    def _joined(self) -> None:
        said, self._join = self._subscribed, None
        if said is None:
            # Nobody answers a join with ``since`` so; asking again would be no better.
            self.close(Problem("connection_refused", "this server speaks another protocol"))
            return
        self.phase, self.people = Phase.LIVE, self._arriving
        self.seq = max(said.seq, self.seq if self.seq != NOTHING else 0)
        self.caught_up(said.seq, recovered=said.recovered)
        self._is("live")

    def _join_failed(self, why: Problem, chance: float) -> None:
        if why.retry is Retry.NEVER:
            self.close(why)
        elif why.retry is Retry.LATER:
            self._effects.append(Timer(self.room, "join", _put_off(why, 1, chance)))

    def _happened(self, news: News) -> None:
        event = self.parse(news.type, news.body)
        if event is None:
            return
        if news.type == "subscribed":
            self._subscribed, self.rights = event, news.body["rights"]
            if not news.body["recovered"]:
                self.seq = 0
                self.reset()
            return
        # What comes before ``subscribed`` is told again behind it.
        if news.seq is not None and self.phase is Phase.JOINING and self._subscribed is None:
            return
        if self._took(news, event):
            self.tell(event)
        if news.seq is not None:
            self.seq = max(news.seq, self.seq if self.seq != NOTHING else 0)
        if news.type.endswith("_closed"):
            self.close(Problem("closed", "it was deleted"))
        elif news.type == "rights_changed" and self.rights is None:
            self.close(Problem("permission_denied", "no right to view it any more"))

    def _took(self, news: News, event: BaseModel) -> bool:
        match news.type:
            case "user_joined":
                return self._arrived(event)
            case "user_left":
                gone = news.body["user_id"]
                self._here({user: who for user, who in self._arriving.items() if user != gone})
                return self.took(event)
            case "rights_changed":
                self.rights = news.body["rights"]
                return True
            case "token_expiring":
                return False
            case _:
                return self.took(event)

    def _arrived(self, event: Any) -> bool:
        person = getattr(event, "user", event)
        user = person.id if hasattr(person, "id") else person.user_id
        known = user in self.people or user in self._arriving
        self._here({**self._arriving, user: person})
        return not known

    def _here(self, people: dict[int, Any]) -> None:
        """Who is here; while catching up it shows only in the end, so that nobody flickers."""
        self._arriving = people
        if self.phase is Phase.LIVE:
            self.people = people


def _put_off(why: Problem, tries: int, chance: float) -> float:
    """Seconds after which something that was put off ``tries`` times is tried again."""
    after = SOON if why.retry_after is None else why.retry_after
    return after + backoff(FIRST_WAIT * 2.0 ** min(tries, _DOUBLINGS), chance)
