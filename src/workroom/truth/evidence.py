"""All histories of a run, sorted by room: what was asked, and what was told under which number."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any, Final

from workroom.truth.history import Line, Record, lines_of
from workroom.truth.violations import Verdict

FEEDBACK: Final = "feedback/"
"""How the names of feedback begin; its id follows."""
EXCUSED: Final = 30_000
"""Milliseconds after a fault of a server in which who read too slowly because of it, or whose room
was read back from the store, may be told of several things as one."""


@dataclass(slots=True)
class Op:
    """One request, however often it was sent."""

    id: str
    client: str
    kind: str
    record: Record
    """As it was sent first."""
    sent: Line
    acks: list[Line] = field(default_factory=list)
    sendings: int = 1
    refusals: list[Line] = field(default_factory=list)
    repeats: bool = False
    """It asks for what an earlier request may have done: then it is confirmed as things are."""

    @property
    def seq(self) -> int | None:
        """The number with which it was confirmed."""
        return None if not self.acks else int(self.acks[0].record["seq"])

    @property
    def refused(self) -> bool:
        """Whether it must not have taken effect: every sending of it was refused."""
        return len(self.refusals) >= self.sendings and not self.acks

    @property
    def effects(self) -> dict[str, Any]:
        """Things by name, and what they are after it; for requests that were confirmed."""
        record = self.record
        if "set" in record:
            return dict(record["set"])
        if "comment" in record:
            ids = [ack.record["id"] for ack in self.acks if "id" in ack.record]
            return {f"{FEEDBACK}{ids[0]}": [record["comment"], "open"]} if ids else {}
        if "resolve" in record:
            return {f"{FEEDBACK}{record['id']}": [record["resolve"], "resolved"]}
        if "uncomment" in record:
            return {f"{FEEDBACK}{record['id']}": None}
        return {}


@dataclass(slots=True)
class Story:
    """What one client has to tell."""

    name: str
    kind: str
    file: str
    lines: list[Line]
    ended: bool = False
    catching_up: int | None = None
    """While it catches up, while it is read: the number to which that leads."""


@dataclass(slots=True)
class Birth:
    """The lowest number under which a thing is known to have become what it is."""

    seq: int
    line: Line


@dataclass(slots=True)
class RoomEvidence:
    """Everything about one room."""

    name: str
    stories: list[Story] = field(default_factory=list)
    ops: dict[str, Op] = field(default_factory=dict)
    texts: dict[int, Line] = field(default_factory=dict)
    """By number, the first line that tells of it."""
    contents: dict[str, str] = field(default_factory=dict)
    """By their hashes."""
    births: dict[tuple[str, str], Birth] = field(default_factory=dict)
    """By the name of a thing, and what it became (``stamp``)."""
    values: dict[tuple[str, str], Any] = field(default_factory=dict)
    finals: list[Line] = field(default_factory=list)
    trouble: list[tuple[int, int]] = field(default_factory=list)
    """From when to when servers were in trouble; milliseconds of the run."""

    def born(self, name: str, value: Any, seq: int, line: Line) -> None:
        """A thing is this at a number, so it became it at that or a lower one."""
        key = name, stamp(value)
        known = self.births.get(key)
        if known is None or seq < known.seq:
            self.births[key] = Birth(seq, line)
            self.values[key] = value

    def timeline(self) -> list[tuple[int, str, Any]]:
        """What the things in the room became, in the order of the numbers."""
        changes = [
            (birth.seq, name, self.values[name, what])
            for (name, what), birth in self.births.items()
        ]
        return sorted(changes, key=lambda change: change[0])

    @property
    def newest(self) -> int:
        """The highest number of a thing."""
        return max((birth.seq for birth in self.births.values()), default=0)

    def excused(self, line: Line) -> bool:
        """Whether servers were in trouble when this was told."""
        return any(since <= line.record["t"] <= until for since, until in self.trouble)


def stamp(value: Any) -> str:
    """Values are the same when these are."""
    return repr(value)


def gather(paths: Iterable[Path], verdict: Verdict) -> dict[str, RoomEvidence]:
    """Read histories. Raises ``OSError``, and ``ValueError`` for files that are none."""
    rooms: dict[str, RoomEvidence] = {}
    trouble: list[tuple[int, int]] = []
    for path in sorted(paths):
        lines = lines_of(path)
        first = next(lines, None)
        if first is None:
            continue
        match first.record["e"]:
            case "client":
                _read_client(first, list(lines), rooms, verdict)
            case "final":
                for line in lines:
                    _room(rooms, line.record["room"]).finals.append(line)
            case "faults":
                trouble += _trouble(lines, verdict)
            case other:
                message = f"{path.name} begins with {other!r}: it is no history"
                raise ValueError(message)
    for room in rooms.values():
        room.trouble = trouble
        _note_finals(room, verdict)
        _note_acked(room)
        _note_repeats(room)
    return rooms


def _trouble(lines: Iterable[Line], verdict: Verdict) -> Iterable[tuple[int, int]]:
    for line in lines:
        record = line.record
        verdict.counts["faults"] += 1
        verdict.counts[f"server faults: {record['what']}"] += 1
        yield record["t"], record["t"] + int(1000 * record["seconds"]) + EXCUSED


def _room(rooms: dict[str, RoomEvidence], name: str) -> RoomEvidence:
    return rooms.setdefault(name, RoomEvidence(name))


def _read_client(
    first: Line, lines: list[Line], rooms: dict[str, RoomEvidence], verdict: Verdict
) -> None:
    record = first.record
    room = _room(rooms, record["room"])
    story = Story(record["client"], record["kind"], first.file, lines)
    room.stories.append(story)
    verdict.counts["clients"] += 1
    for line in lines:
        _read(line, story, room, verdict)


def _read(line: Line, story: Story, room: RoomEvidence, verdict: Verdict) -> None:
    record = line.record
    match record["e"]:
        case "sent":
            _sent(line, story, room, verdict)
        case "acked":
            verdict.counts["acknowledgements"] += 1
            if op := room.ops.get(record["op"]):
                op.acks.append(line)
        case "refused":
            verdict.counts["refusals"] += 1
            if (op := room.ops.get(record["op"])) and not record.get("unknown"):
                op.refusals.append(line)
        case "text":
            verdict.counts["events"] += 1
            _note_text(line, room, verdict)
        case "told":
            verdict.counts["events"] += 1
            _note_things(line, story, room)
        case "open":
            verdict.counts["connections"] += 1
        case "join" | "live":
            story.catching_up = None
        case "subscribed":
            story.catching_up = record["seq"]
            verdict.counts["resumed" if record["recovered"] else "started anew"] += 1
        case "fault":
            verdict.counts[f"client faults: {record['what']}"] += 1
            verdict.counts["faults"] += 1
        case "end":
            story.ended = True
        case _:
            pass


def _sent(line: Line, story: Story, room: RoomEvidence, verdict: Verdict) -> None:
    op = room.ops.get(line.record["op"])
    if op is None:
        verdict.counts["requests"] += 1
        room.ops[line.record["op"]] = Op(
            line.record["op"], story.name, story.kind, line.record, line
        )
    else:
        verdict.counts["sent again"] += 1
        op.sendings += 1


def _note_things(line: Line, story: Story, room: RoomEvidence) -> None:
    seq = line.record.get("seq")
    if seq is None:
        return
    for name, value in line.record["set"].items():
        # Who catches up is shown feedback under the number of its entry, but as it is by now.
        late = name.startswith(FEEDBACK) and value is not None
        room.born(name, value, max(seq, story.catching_up or 0) if late else seq, line)


def _note_text(line: Line, room: RoomEvidence, verdict: Verdict) -> None:
    record = line.record
    if "text" in record:
        room.contents[record["hash"]] = record["text"]
    seq = record.get("seq")
    if seq is None:
        return
    known = room.texts.setdefault(seq, line)
    if known.record["hash"] != record["hash"]:
        message = "this text and another one were told under the same number"
        verdict.add("differs", message, room.name, seq=seq, lines=[known, line])


def _note_finals(room: RoomEvidence, verdict: Verdict) -> None:
    for line in room.finals:
        record = line.record
        if "hash" in record:
            _note_text(line, room, verdict)
        for name, value in record["set"].items():
            room.born(name, value, record["seq"], line)


def _note_acked(room: RoomEvidence) -> None:
    for op in room.ops.values():
        if op.acks:
            seq = int(op.acks[0].record["seq"])
            for name, value in op.effects.items():
                room.born(name, value, seq, op.acks[0])


def _note_repeats(room: RoomEvidence) -> None:
    """A comment is resolved, or taken back, once: asked for again, that changes nothing."""
    asked: set[tuple[str, int]] = set()
    for op in room.ops.values():
        what = "resolve" if "resolve" in op.record else "uncomment"
        if what in op.record and not op.refused:
            op.repeats = (what, op.record["id"]) in asked
            asked.add((what, op.record["id"]))


def requests_by_effect(room: RoomEvidence) -> Mapping[tuple[str, str], Op]:
    """Which request a thing owes what it is to."""
    found: dict[tuple[str, str], Op] = {}
    for op in room.ops.values():
        for name, value in op.effects.items():
            found[name, stamp(value)] = op
    return found


def everything_told(room: RoomEvidence) -> Iterable[Line]:
    """All lines that tell of things, of clients and of REST."""
    told = (line for story in room.stories for line in story.lines if line.record["e"] == "told")
    return chain(told, room.finals)
