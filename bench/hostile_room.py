"""The good members of one room: who types, who edits, who only reads, and how long it all takes.

One process has both ends of every delay, so there is one clock. It does little else: all members
get the same bytes, so what one member's bytes mean is found out once and reused for the others.
"""

from __future__ import annotations

import select
import time
from array import array
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

from bench.crew import Publisher, Undelivered
from bench.hostile_ear import Ear, Member
from bench.machine import cpu_seconds, rss_kib
from bench.typist import Typist, mark_of
from bench.wire import CLOSE, Address, Door, client_frame, open_websocket
from bench.world import Essay, Person

EDITORS: Final = 10
TYPISTS: Final = 10
EXTENDED: Final = "workroom.v1"
_TYPING_PER_EDIT: Final = 5
_PATIENCE: Final = 10.0
"""Seconds after which what is not delivered counts as lost."""
_NORMAL: Final = (1000).to_bytes(2, "big")
_SAMPLE: Final = 0.1
_LATE: Final = 0.005


@dataclass(slots=True)
class Delays:
    """Milliseconds from the publisher's send to a member's receive."""

    typing: array[float] = field(default_factory=lambda: array("d"))
    edit: array[float] = field(default_factory=lambda: array("d"))


@dataclass(slots=True)
class Observed:
    """One phase."""

    delays: Delays = field(default_factory=Delays)
    seconds: float = 0.0
    cpu: float = 0.0
    """Seconds of CPU that the server used."""
    rss_peak: int = 0
    """KiB."""
    rss_end: int = 0
    late: int = 0
    """Events that the harness itself sent more than 5 ms late."""
    lost_typing: int = 0
    """Typing events that members did not get, or got twice. Anything but 0 is a defect."""
    lost_edits: list[int] = field(default_factory=list)
    """Newest edits of writers that some member did not get. Anything is a defect."""

    @property
    def lost(self) -> int:
        """All that was not delivered."""
        return self.lost_typing + len(self.lost_edits)


class Room:
    """Everybody good, connected."""

    def __init__(self, address: Address, essay: Essay, pid: int) -> None:
        """``pid`` is the server's. Raises ``OSError`` when somebody cannot come in."""
        self._essay, self._pid = essay.number, pid
        self._poll = select.epoll()
        self._members: dict[int, Member] = {}
        self._editors: dict[int, Typist] = {}
        self._ear = Ear()
        self._clock = time.perf_counter
        self._typed: dict[int, list[float]] = {}
        self._edited: dict[int, int] = {}
        """The newest edit of this phase, by writer."""
        self._sent: dict[int, float] = {}
        self._edits = 0
        self._now = Observed()
        self._typists = [self._typist(address, p) for p in essay.writers[EDITORS:][:TYPISTS]]
        for at, person in enumerate(essay.writers[:EDITORS]):
            self._add_editor(address, person, at)
        self._by_turns = list(self._editors.values())
        for person in essay.readers:
            self._add_reader(address, person)

    def observe(self, seconds: float, rate: float) -> Observed:
        """Publish ``rate`` events a second for so long, and measure. Raises ``ConnectionError``."""
        self._settle()
        cpu, started = cpu_seconds(self._pid), self._clock()
        self._publish(started, seconds, rate)
        deadline = self._clock() + _PATIENCE
        while self._missing() and self._clock() < deadline:
            self._read(0.05)
        observed = self._now
        observed.seconds = self._clock() - started
        observed.cpu = cpu_seconds(self._pid) - cpu
        observed.lost_typing, observed.lost_edits = self._missing_typing(), self._missing_edits()
        observed.rss_end = rss_kib(self._pid)
        observed.rss_peak = max(observed.rss_peak, observed.rss_end)
        return observed

    def rest(self, seconds: float) -> None:
        """Only read what comes."""
        until = self._clock() + seconds
        while (left := until - self._clock()) > 0:
            self._read(left)

    def close(self) -> None:
        """Everybody leaves."""
        goodbye = client_frame(_NORMAL, CLOSE)
        for _, publisher in self._typists:
            publisher.close()
        for editor in self._editors.values():
            editor.sock.send(goodbye)
            editor.sock.close()
        for member in self._members.values():
            member.sock.send(goodbye)
            member.sock.close()

    # ---- coming in --------------------------------------------------------------------------

    def _typist(self, address: Address, person: Person) -> tuple[int, Publisher]:
        return person.user.id, Publisher(Door(address, person.path(self._essay)))

    def _add_editor(self, address: Address, person: Person, at: int) -> None:
        sock, rest = open_websocket(Door(address, person.path(self._essay), EXTENDED))
        name = b"e%d" % at
        editor = Typist(sock, rest, self._essay, name, mark_of(at))
        _learn_text(editor)
        sock.settimeout(0)
        self._editors[sock.fileno()] = editor
        self._poll.register(sock.fileno(), select.EPOLLIN)

    def _add_reader(self, address: Address, person: Person) -> None:
        sock, rest = open_websocket(Door(address, person.path(self._essay)))
        sock.settimeout(0)
        member = Member(sock, rest)
        self._members[sock.fileno()] = member
        self._poll.register(sock.fileno(), select.EPOLLIN)

    # ---- publishing -------------------------------------------------------------------------

    def _settle(self) -> None:
        """Begin to count from nothing."""
        self._now = Observed()
        self._typed = {user: [] for user, _ in self._typists}
        self._edited.clear()
        self._sent.clear()
        for member in self._members.values():
            member.heard.clear()

    def _publish(self, started: float, seconds: float, rate: float) -> None:
        sampled = started
        for due, act in self._programme(started, seconds, rate):
            while (wait := due - self._clock()) > 0:
                self._read(wait)
            self._now.late += wait < -_LATE
            act()
            if due - sampled > _SAMPLE:
                sampled = due
                self._now.rss_peak = max(self._now.rss_peak, rss_kib(self._pid))

    def _programme(
        self, started: float, seconds: float, rate: float
    ) -> Iterator[tuple[float, Callable[[], None]]]:
        """What to do when. Everybody's typing is over at the end."""
        typing, at = 0, 0
        while at < seconds * rate or typing % (2 * TYPISTS):
            due = started + at / rate
            if at % (_TYPING_PER_EDIT + 1) == _TYPING_PER_EDIT:
                yield due, self._edit
            else:
                yield due, lambda turn=typing: self._type(turn)  # type: ignore[misc]
                typing += 1
            at += 1

    def _type(self, turn: int) -> None:
        user, publisher = self._typists[turn % TYPISTS]
        action = (b"typing_start", b"typing_stop")[turn // TYPISTS % 2]
        self._typed[user].append(self._clock())
        publisher.send([b'{"action":"%b","essay_id":%d}' % (action, self._essay)])
        publisher.drain()

    def _edit(self) -> None:
        self._edits += 1
        writer = self._edits % EDITORS
        editor = self._by_turns[writer]
        editor.own = editor.mark + b"edit%07d " % self._edits
        now = self._clock()
        self._edited[writer] = self._edits
        self._sent[self._edits] = now
        editor.save(now)

    # ---- listening --------------------------------------------------------------------------

    def _read(self, wait: float) -> None:
        """Read for at most so long, once whatever there is."""
        # select() sleeps to the microsecond; epoll only to the millisecond.
        if not select.select([self._poll], [], [], wait)[0]:
            return
        for fd, _ in self._poll.poll(0):
            member = self._members.get(fd)
            if member is None:
                self._hear_editor(self._editors[fd])
            else:
                self._hear(member)

    def _hear_editor(self, editor: Typist) -> None:
        editor.read()
        if editor.refused:
            raise Undelivered(editor.refused[0].decode())

    def _hear(self, member: Member) -> None:
        data = member.sock.recv(1 << 16)
        now = self._clock()
        for kind, who, number in self._ear.hear(member, data):
            if kind == "typing":
                self._typing_seen(member, who, now)
            elif member.edits[who] < number:
                self._edit_seen(member, who, number, now)

    def _typing_seen(self, member: Member, user: int, now: float) -> None:
        """The n-th event that a member gets of a user is the n-th that the user caused."""
        sent, at = self._typed.get(user), member.heard[user]
        if sent is None:
            return
        member.heard[user] = at + 1
        if at < len(sent):
            self._now.delays.typing.append((now - sent[at]) * 1000)

    def _edit_seen(self, member: Member, writer: int, number: int, now: float) -> None:
        member.edits[writer] = number
        sent = self._sent.get(number)
        if sent is not None:
            self._now.delays.edit.append((now - sent) * 1000)

    def _missing(self) -> int:
        return self._missing_typing() + len(self._missing_edits())

    def _missing_typing(self) -> int:
        return sum(
            abs(len(sent) - member.heard[user])
            for user, sent in self._typed.items()
            for member in self._members.values()
        )

    def _missing_edits(self) -> list[int]:
        """Writers' newest edits that some member has not got."""
        members = self._members.values()
        return [
            number
            for writer, number in self._edited.items()
            if any(member.edits[writer] < number for member in members)
        ]


def _learn_text(editor: Typist) -> None:
    """Wait for the essay's text; the server tells it to who asks."""
    ask = b'{"action":"subscribe_essay","essay_id":%d}' % editor.essay
    editor.sock.sendall(client_frame(ask))
    while not editor.own:
        editor.read()
