"""The judge: looks through the histories of a run for what must not be.

It knows what the clients wrote down, and what REST said in the end; it never talks to a server.

- What was confirmed is there, under the number with which it was confirmed, and stays until it is
  taken back; what was refused is nowhere; of anything else nobody knows, and it is there once or
  not at all.
- Under one number everybody has the same text and the same things, on every node.
- A connection is told of everything up to each number before it is told of a higher one.
- In the end everybody has what the server has.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from workroom.truth.evidence import (
    FEEDBACK,
    Op,
    RoomEvidence,
    Story,
    everything_told,
    gather,
    requests_by_effect,
)
from workroom.truth.history import Line
from workroom.truth.replay import Expected, Replay
from workroom.truth.violations import Verdict
from workroom.truth.words import check_words


def check(paths: Iterable[Path]) -> Verdict:
    """Check the histories of one run. Raises ``OSError``, and ``ValueError`` for other files."""
    verdict = Verdict()
    for room in gather(paths, verdict).values():
        verdict.counts["rooms"] += 1
        _check_answers(room, verdict)
        _check_marks(room, verdict)
        _check_stories(room, verdict)
        check_words(room, verdict)
        _check_end(room, verdict)
    return verdict


def _check_answers(room: RoomEvidence, verdict: Verdict) -> None:
    """One answer to each request, and one request for each number."""
    by_seq: dict[int, Op] = {}
    for op in room.ops.values():
        unknown = not op.acks and not op.refused and op.kind in ("essay", "project")
        verdict.counts["unknown outcomes"] += unknown
        for ack in op.acks[1:]:
            if _answer(ack) != _answer(op.acks[0]):
                _blame(verdict, room, "answered", "was answered in two ways", op, op.acks[0], ack)
        if op.seq is None or op.repeats:
            continue
        other = by_seq.setdefault(op.seq, op)
        if other is not op:
            message = f"was confirmed with the number of {other.id}"
            _blame(verdict, room, "answered", message, op, other.acks[0], op.acks[0])


def _answer(ack: Line) -> tuple[object, object]:
    return ack.record["seq"], ack.record.get("id")


def _check_marks(room: RoomEvidence, verdict: Verdict) -> None:
    """Each comment became one piece of feedback, each value was set once and by somebody."""
    comments = {op.record["comment"]: op for op in room.ops.values() if "comment" in op.record}
    values = {value: op for op in room.ops.values() for value in op.record.get("set", {}).values()}
    ids: dict[str, tuple[str, Line]] = {}
    for line in everything_told(room):
        for name, value in line.record["set"].items():
            if value is None:
                continue
            mark = value[0] if name.startswith(FEEDBACK) else value
            op = (comments if name.startswith(FEEDBACK) else values).get(mark)
            known, first = ids.setdefault(mark, (name, line))
            if op is not None and op.refused:
                if known == name and first is line:
                    last = op.refusals[-1]
                    _blame(verdict, room, "refused", f"{name} is {mark!r}", op, last, line)
            elif op is None and line.record.get("new"):
                message = f"nobody asked for {name} to be {mark!r}"
                verdict.add("strange", message, room.name, lines=[line])
            elif op is not None and known != name and name.startswith(FEEDBACK):
                message = f"{mark!r} is {known} and {name}"
                _blame(verdict, room, "doubled", message, op, first, line)


def _check_stories(room: RoomEvidence, verdict: Verdict) -> None:
    timeline, causes = room.timeline(), requests_by_effect(room)
    for story in room.stories:
        if story.kind in ("essay", "project"):
            Replay(room, story, verdict, causes, Expected(timeline)).run()
        if not story.ended and room.finals:
            message = "its history has no end: what it asked last, nobody knows"
            last = story.lines[-1:]
            verdict.add("unfinished", message, room.name, client=story.name, lines=last)


def _check_end(room: RoomEvidence, verdict: Verdict) -> None:
    """Everybody has what the server has, and the server has all that was confirmed."""
    if not room.finals:
        verdict.counts["rooms without an end"] += 1
        return
    final = room.finals[0]
    expected = Expected(room.timeline())
    for name, value in final.record["set"].items():
        expected.put(name, value)
    causes = {name: op for (name, _), op in requests_by_effect(room).items()}
    for name in sorted(expected.go_to(room.newest)):
        should, has = expected.here.get(name), expected.have.get(name)
        message = f"{name} is {has!r} in the end; it should be {should!r}"
        kind = "lost" if should is not None else "back"
        op = causes.get(name)
        verdict.add(
            kind,
            message,
            room.name,
            client=None if op is None else op.client,
            request_id=None if op is None else op.id,
            seq=None if op is None else op.seq,
            lines=[*(op.acks[:1] if op else []), final],
        )
    for other in room.finals[1:]:
        if _state(other) != _state(final):
            message = f"{other.record['node']} ends with something else than {final.record['node']}"
            verdict.add("unequal", message, room.name, lines=[final, other])
    for story in room.stories:
        _check_last_text(room, story, final, verdict)


def _state(final: Line) -> tuple[object, object, object]:
    return final.record["seq"], final.record.get("hash"), final.record["set"]


def _check_last_text(room: RoomEvidence, story: Story, final: Line, verdict: Verdict) -> None:
    ends = [line for line in story.lines[-1:] if line.record["e"] == "end"]
    if ends and ends[0].record.get("hash") != final.record.get("hash"):
        message = "it ended with another text than the server"
        verdict.add("unequal", message, room.name, client=story.name, lines=[final, ends[0]])


def _blame(
    verdict: Verdict, room: RoomEvidence, kind: str, message: str, op: Op, *lines: Line | None
) -> None:
    verdict.add(
        kind,
        message,
        room.name,
        client=op.client,
        request_id=op.id,
        seq=op.seq,
        lines=[op.sent, *lines],
    )
