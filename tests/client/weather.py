"""A scripted server, a network with bad weather, and clients on it, all in virtual time.

In each direction of a connection the order is kept; across connections it is not: what a client
sent before a break may arrive after its next connection was opened.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any

from workroom.client import effects
from workroom.client.errors import Problem
from workroom.client.essay import EssayCore
from workroom.client.link import Link
from workroom.client.wire import ESSAYS, write
from workroom.core.text import diff, rebase, signed
from workroom.testing.clock import FakeClock, FakeTimer

QUIET = 0.7
CONFIRM_AFTER = 3.0
"""Seconds for which a text is held from who types, and for which their own is."""

Message = dict[str, Any]


def later(clock: FakeClock, seconds: float, act: Callable[[], None]) -> FakeTimer:
    return clock.call_at(clock.tick + seconds, act)


@dataclass(eq=False)
class Outlet:
    """The server's end of a connection."""

    user: int
    send: Callable[[Message], None]
    close: Callable[[int], None]
    own: tuple[str, int] | None = None
    """The text that this client saved last, and the version that it named."""
    saved_at: float = -1000.0
    owed: bool = False


@dataclass
class Entry:
    seq: int
    text: str
    comment: str | None = None
    """What an entry is about that is no edit."""


class ScriptedServer:
    """Keeps the promises of the protocol's reference for one essay, as small as it can be.

    What it knows of connections dies with the process; the log and the answers stay.
    """

    def __init__(self, clock: FakeClock, backlog: int) -> None:
        self.log = [Entry(1, "")]
        self.done: dict[str, int] = {}
        """How often each request was carried out."""
        self._clock = clock
        self._backlog = backlog
        self._answers: dict[tuple[int, str], Message] = {}
        self._outlets: list[Outlet] = []

    @property
    def head(self) -> Entry:
        return self.log[-1]

    def kill(self) -> None:
        gone, self._outlets = self._outlets, []
        for outlet in gone:
            outlet.close(1006)

    def open(self, outlet: Outlet) -> None:
        first = not self._is_here(outlet.user)
        self._outlets.append(outlet)
        if first:
            self._tell(_joined(outlet.user))

    def leave(self, outlet: Outlet) -> None:
        if outlet not in self._outlets:
            return
        self._outlets.remove(outlet)
        if not self._is_here(outlet.user):
            self._tell({"type": "user_left", "user_id": outlet.user})

    def tick(self) -> None:
        """Tell those who wait for the text, and whose time it is."""
        for each in self._outlets:
            mine = each.own is not None and each.own[0] == self.head.text
            if each.owed and self._clock.tick - each.saved_at >= (CONFIRM_AFTER if mine else QUIET):
                self._tell_text(each)

    def receive(self, outlet: Outlet, message: Message) -> None:
        if outlet not in self._outlets:
            return
        request_id = message["request_id"]
        if known := self._answers.get((outlet.user, request_id)):
            outlet.send(known)
            return
        match message["action"]:
            case "subscribe_essay":
                self._subscribe(outlet, message["since"])
                outlet.send(self._ack(request_id))
            case "update_essay":
                self._save(outlet, message, request_id)
            case "add_feedback":
                comment = message["feedback"]["comment"]
                self.log.append(Entry(self.head.seq + 1, self.head.text, comment))
                self._answer(outlet, request_id)
                self._tell(_feedback(self.head))
            case "refresh_token":
                outlet.send({"type": "ack", "request_id": request_id})

    def _is_here(self, user: int) -> bool:
        return any(each.user == user for each in self._outlets)

    def _tell(self, message: Message) -> None:
        for each in self._outlets:
            each.send({"essay_id": 1, "timestamp": "2026-01-01T00:00:00Z", **message})

    def _ack(self, request_id: str) -> Message:
        return {"type": "ack", "request_id": request_id, "essay_id": 1, "seq": self.head.seq}

    def _answer(self, outlet: Outlet, request_id: str) -> None:
        answer = self._ack(request_id)
        self._answers[outlet.user, request_id] = answer
        self.done[request_id] = self.done.get(request_id, 0) + 1
        outlet.send(answer)

    def _subscribe(self, outlet: Outlet, since: int) -> None:
        head = self.head.seq
        recovered = head - self._backlog <= since <= head
        outlet.send(
            {"type": "subscribed", "essay_id": 1, "seq": head, "recovered": recovered}
            | {"rights": "edit"}
        )
        missed = [entry for entry in self.log if not recovered or entry.seq > since]
        edits = [entry for entry in missed if entry.comment is None]
        for entry in missed:
            if edits and entry is edits[-1]:
                outlet.send(self._shown(entry.seq if recovered else head))
            if entry.comment is not None:
                outlet.send({"essay_id": 1, **_feedback(entry)})
        for user in {each.user for each in self._outlets}:
            outlet.send({"essay_id": 1, "timestamp": "2026-01-01T00:00:00Z", **_joined(user)})
        outlet.owed = False

    def _shown(self, seq: int) -> Message:
        return {
            "type": "essay_update",
            "essay_id": 1,
            "content": self.head.text,
            "word_count": 0,
            "updated_by": {"id": 1, "name": "x", "role": "student"},
            "timestamp": "2026-01-01T00:00:00Z",
            "seq": seq,
        }

    def _save(self, outlet: Outlet, message: Message, request_id: str) -> None:
        content, base = message["content"], message["base_seq"]
        if base > self.head.seq:
            outlet.send(
                {"type": "error", "error": "conflict", "message": "no such version"}
                | {"request_id": request_id, "retry": "never"}
            )
            return
        start = [each for each in self.log if each.seq <= base][-1].text
        if outlet.own is not None and outlet.own[1] == base:
            start = outlet.own[0]
        text = _rebased(start, content, self.head.text)
        changed = text != self.head.text
        if changed:
            self.log.append(Entry(self.head.seq + 1, text))
        outlet.own, outlet.saved_at, outlet.owed = (content, base), self._clock.tick, True
        self._answer(outlet, request_id)
        for each in self._outlets if changed else ():
            if each is not outlet and self._clock.tick - each.saved_at < QUIET:
                each.owed = True
            elif each is not outlet:
                self._tell_text(each)

    def _tell_text(self, outlet: Outlet) -> None:
        outlet.owed = False
        outlet.send(self._shown(self.head.seq))


def _rebased(start: str, content: str, head: str) -> str:
    since = diff(start, head)
    change = rebase(
        diff(start, content),
        since,
        base=start,
        base_authors="0" * len(start),
        author="m",
        since_authors=signed(since, "t"),
    )
    return change.change.apply(head)


def _joined(user: int) -> Message:
    person = {"id": user, "name": f"user {user}", "role": "student", "avatar_url": ""}
    return {"type": "user_joined", "user": person}


def _feedback(entry: Entry) -> Message:
    item = {
        "id": entry.seq,
        "type": "general",
        "comment": entry.comment,
        "highlight_start": None,
        "highlight_end": None,
        "author": {"id": 1, "name": "x", "role": "student"},
        "created_at": "2026-01-01T00:00:00Z",
        "anchor": "exact",
        "quote": None,
        "status": "open",
        "resolved_by": None,
        "resolved_at": None,
        "replies": [],
    }
    return {"type": "new_feedback", "feedback": item, "seq": entry.seq}


class Network:
    """Between clients and the server, with delays, breaks, and a server that is away at times."""

    def __init__(
        self, clock: FakeClock, server: ScriptedServer, random: Random, slowest: float
    ) -> None:
        self.clock = clock
        self.server = server
        self.random = random
        self.up = True
        self.wires: list[Wire] = []
        self._slowest = slowest

    def delay(self) -> float:
        return 0.001 + self.random.random() * self._slowest

    def break_one(self) -> None:
        """One connection breaks; the two ends notice at times of their own."""
        if self.wires:
            self.random.choice(self.wires).snap()


class Wire:
    """One connection. ``client`` hears ``opened``, ``received`` and ``closed``."""

    def __init__(
        self, network: Network, user: int, client: Link, act: Callable[[Any], None]
    ) -> None:
        self._network = network
        self._client = client
        self._act = act
        self._gone = False
        """The client hears nothing of it any more."""
        self._cut = False
        """Nothing gets to the client any more."""
        self._held_until = 0.0
        self._arrives = {"client": 0.0, "server": 0.0}
        self._outlet = Outlet(
            user,
            send=lambda message: self._to_client(lambda: client.received(json.dumps(message))),
            close=lambda code: self._to_client(lambda: self._closed(code)),
        )
        later(network.clock, network.delay(), self._open)

    def send(self, text: str) -> None:
        def arrive() -> None:
            self._network.server.receive(self._outlet, json.loads(text))

        def travel() -> None:
            held = self._held_until - self._network.clock.tick
            if held > 0:
                later(self._network.clock, held, arrive)
            else:
                arrive()

        self._in_order("server", travel)

    def drop(self) -> None:
        """The client lets go of it."""
        self._gone = True
        if not self._held_until:
            self._in_order("server", lambda: self._network.server.leave(self._outlet))

    def snap(self) -> None:
        """What is under way to the client is lost; what goes to the server may come late."""
        network = self._network
        network.wires.remove(self)
        self._cut = True
        later(network.clock, network.delay(), lambda: self._hear(lambda: self._closed(1006)))
        if network.random.random() < 0.4:
            network.server.leave(self._outlet)
            return
        self._held_until = network.clock.tick + network.random.random() * 4
        later(network.clock, 4 + 20 * network.delay(), lambda: network.server.leave(self._outlet))

    def _open(self) -> None:
        if self._gone:
            return
        if not self._network.up:
            self._hear(lambda: self._closed(1006))
            return
        self._network.server.open(self._outlet)
        self._network.wires.append(self)
        self._hear(self._client.opened)

    def _closed(self, code: int) -> None:
        self._gone = True
        if self in self._network.wires:
            self._network.wires.remove(self)
        self._client.closed(code)

    def _to_client(self, act: Callable[[], None]) -> None:
        self._in_order("client", lambda: None if self._cut else self._hear(act))

    def _hear(self, act: Callable[[], None]) -> None:
        if not self._gone:
            self._act(act)

    def _in_order(self, to: str, act: Callable[[], None]) -> None:
        now = self._network.clock.tick
        at = self._arrives[to] = max(self._arrives[to], now + self._network.delay())
        later(self._network.clock, at - now, act)


@dataclass(eq=False)
class Program:
    """A client's ``Link`` with one essay, its effects carried out in virtual time."""

    network: Network
    user: int
    words: list[str] = field(default_factory=list)
    """What it has put into the text."""
    comments: list[str] = field(default_factory=list)
    told: list[Any] = field(default_factory=list)
    answers: dict[str, Any] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.link = Link(ESSAYS, self.network.random.random)
        self.essay = EssayCore(1, f"u{self.user}", self.link.effects)
        self._wire: Wire | None = None
        self._timers: dict[object, Any] = {}
        self.act(lambda: self.link.add(self.essay))

    def ask(self, request: Callable[[], str]) -> None:
        def asked() -> None:
            self.asked.append(self.link.ask(request))

        self.act(asked)

    def act(self, what: Callable[[], Any]) -> None:
        """Tell the link something, and carry out what it decides."""
        what()
        for effect in self.link.take_effects():
            self._carry_out(effect)

    def _carry_out(self, effect: effects.Effect) -> None:
        match effect:
            case effects.AskToken():
                self.act(lambda: self.link.token("t"))
            case effects.Open():
                self._wire = Wire(self.network, self.user, self.link, self.act)
            case effects.Drop() if self._wire is not None:
                self._wire.drop()
            case effects.Send(message=message):
                assert self._wire is not None
                self._wire.send(write(message))
            case effects.Timer(room=room, name=name, seconds=seconds):
                self._set(room, name, seconds)
            case effects.Answer(request_id=given, answer=answer):
                assert given not in self.answers, "answered twice"
                assert not isinstance(answer, Problem), answer
                self.answers[given] = answer
            case effects.Tell(event=event):
                self.told.append(event)
            case effects.Gone(problem=why):
                raise AssertionError(why)

    def _set(self, room: int | None, name: str, seconds: float) -> None:
        if old := self._timers.get((room, name)):
            old.cancel()
        self._timers[room, name] = later(
            self.network.clock, seconds, lambda: self.act(lambda: self.link.timer(room, name))
        )
