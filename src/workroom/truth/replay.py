"""A client's own story, replayed: what it must know whenever it is told of a higher number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from workroom.truth.evidence import Birth, Op, RoomEvidence, Story, stamp
from workroom.truth.history import Line
from workroom.truth.violations import Verdict


class Expected:
    """The state of a room's things at rising numbers, and how another state differs from it."""

    def __init__(self, timeline: Sequence[tuple[int, str, Any]]) -> None:
        self._timeline = timeline
        self.have: dict[str, Any] = {}
        """The other state: change it by ``put`` and ``clear``."""
        self._rewind()

    def _rewind(self) -> None:
        self._at, self._seq = 0, 0
        self.here: dict[str, Any] = {}
        self.different = set(self.have)

    def put(self, name: str, value: Any) -> None:
        """The other state has this now; None: no longer."""
        _set(self.have, name, value)
        self._compare(name)

    def clear(self) -> None:
        """The other state has nothing."""
        self.have = {}
        self.different = set(self.here)

    def agree(self) -> None:
        """Let the other state be as it should: what was wrong was noted."""
        for name in list(self.different):
            self.put(name, self.here.get(name))

    def go_to(self, seq: int) -> set[str]:
        """The things that are different at a number."""
        if seq < self._seq:
            self._rewind()
        self._seq = seq
        while self._at < len(self._timeline) and self._timeline[self._at][0] <= seq:
            _, name, value = self._timeline[self._at]
            _set(self.here, name, value)
            self._compare(name)
            self._at += 1
        return self.different

    def _compare(self, name: str) -> None:
        if self.have.get(name) == self.here.get(name):
            self.different.discard(name)
        else:
            self.different.add(name)


def _set(state: dict[str, Any], name: str, value: Any) -> None:
    if value is None:
        state.pop(name, None)
    else:
        state[name] = value


@dataclass(slots=True)
class Replay:
    """One client of a room, from its first line to its last."""

    room: RoomEvidence
    story: Story
    verdict: Verdict
    causes: Mapping[tuple[str, str], Op]
    expected: Expected
    phase: str = "away"
    """``away``, ``joining`` (what comes is told again), ``catching up``, ``live``."""
    since: int | None = None
    subscribed: int = 0
    seq: int = 0
    """The highest number of the live connection."""
    horizon: int = 0
    """The highest number of all its connections: another node may be behind for a moment."""
    text_seq: int = 0
    slow: bool = False
    """The client did not read for a while on this connection."""
    at: Line | None = None

    def run(self) -> None:
        """Check every line."""
        for line in self.story.lines:
            self._read(line)

    def _read(self, line: Line) -> None:
        record = line.record
        match record["e"]:
            case "open" | "closed":
                if self.phase == "live":
                    self._leave(line)
                self.phase, self.slow = "away", False
                self.horizon = max(self.horizon, self.seq)
            case "fault":
                self.slow = self.slow or record["what"] == "slow"
            case "join":
                if self.phase == "live":
                    self._leave(line)
                self.phase, self.since = "joining", record.get("since")
            case "subscribed":
                self._subscribed(line)
            case "live":
                self._live_from(line)
            case "end" if self.phase == "live":
                self._check(max(self.seq, self.room.newest), line)
            case "told":
                self._told(line)
            case "text":
                self._text(line)
            case _:
                pass

    def _subscribed(self, line: Line) -> None:
        seq, recovered = line.record["seq"], line.record["recovered"]
        if recovered and self.since is not None and seq < self.since:
            self._blame("backwards", f"it had been told of {self.since} before", line, seq)
        if not recovered:
            self.expected.clear()
            self.horizon = 0
        self.phase, self.subscribed, self.text_seq = "catching up", seq, 0
        self.since = self.since if recovered else None
        self.seq = self.since or seq

    def _live_from(self, line: Line) -> None:
        if self.story.kind == "project" and self.seq != self.subscribed:
            message = f"it was told of {self.seq}, and that it has {self.subscribed}"
            self._blame("gap", message, line, self.subscribed)
        self.phase, self.seq, self.at = "live", self.subscribed, line
        self._check(self.subscribed, line)

    def _told(self, line: Line) -> None:
        record = line.record
        seq = record["seq"]
        if self.phase == "catching up":
            # Notices of moved highlights are owed with the number from which one comes back.
            again = record.get("new") or self.story.kind == "project"
            if self.since is not None and seq < self.since + bool(again):
                message = f"it was told of what it had, up to {self.since}"
                self._blame("doubled", message, line, seq)
            elif self.since is not None:
                self._follows(line, seq)
                self.seq = max(seq, self.seq)
        elif self.phase == "live":
            self._live(line, seq)
        else:
            return
        for name, value in record["set"].items():
            self.expected.put(name, value)

    def _live(self, line: Line, seq: int) -> None:
        record, have = line.record, self.expected.have
        if seq < self.seq:
            self._blame("backwards", f"it had been told of {self.seq} before", line, seq)
            return
        again = seq > self.horizon and record.get("new")
        if again and all(have.get(n) == v for n, v in record["set"].items()):
            names = ", ".join(record["set"])
            self._blame("doubled", f"it was told of {names} a second time", line, seq)
        self._follows(line, seq)
        self._move(line, seq)

    def _follows(self, line: Line, seq: int) -> None:
        """In a project every number is told of, but to who read too slowly."""
        if self.story.kind != "project" or seq <= self.seq + 1:
            return
        if self.phase == "live" and (self.slow or self.room.excused(line)):
            self.verdict.counts["several told as one"] += 1
        else:
            self._blame("gap", f"it had been told of {self.seq} before", line, seq)

    def _text(self, line: Line) -> None:
        if self.phase != "live":
            return
        seq = line.record["seq"]
        if seq < self.text_seq:
            message = f"it had been told of the text {self.text_seq} before"
            self._blame("backwards", message, line, seq)
        self.text_seq = max(seq, self.text_seq)
        if seq > self.seq:
            self._move(line, seq)

    def _move(self, line: Line, seq: int) -> None:
        """Before the first thing under a higher number, all under the one before it are known."""
        if seq > self.seq:
            self._leave(line)
            self.seq, self.at = seq, line

    def _leave(self, line: Line) -> None:
        self._check(self.seq, line)

    def _check(self, seq: int, line: Line) -> None:
        if seq < self.horizon:
            return  # it knows some things better than this node
        different = self.expected.go_to(seq)
        if not different:
            return
        for name in sorted(different):
            self._explain(name, seq, line)
        self.expected.agree()

    def _explain(self, name: str, seq: int, line: Line) -> None:
        should, has = self.expected.here.get(name), self.expected.have.get(name)
        kind = "stale" if should is None else "missed"
        birth = self._birth(name, should)
        op = self.causes.get((name, stamp(should)))
        message = f"at {seq} {name} is {should!r}, and the client has {has!r}"
        lines = [birth.line if birth else None, self.at, line]
        self.verdict.add(
            kind,
            message,
            self.room.name,
            client=self.story.name,
            request_id=None if op is None else op.id,
            seq=birth.seq if birth else seq,
            lines=lines,
        )

    def _birth(self, name: str, value: Any) -> Birth | None:
        return self.room.births.get((name, stamp(value)))

    def _blame(self, kind: str, message: str, line: Line, seq: int) -> None:
        self.verdict.add(
            kind, message, self.room.name, client=self.story.name, seq=seq, lines=[self.at, line]
        )
