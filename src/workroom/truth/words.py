"""The words of an essay, through all versions of its text that anybody was told of.

Every word is written once, by one client. So over the numbers of the room it is there in one piece:
from the request that wrote it to the one that cut it out, and never again.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from workroom.truth.evidence import Op, RoomEvidence
from workroom.truth.history import Line
from workroom.truth.violations import Verdict


@dataclass(slots=True)
class Word:
    """What was done with a word, and what was seen of it."""

    written: Op
    cuts: list[Op] = field(default_factory=list)
    born: bool = False
    gone: bool = False


@dataclass(slots=True)
class _Walk:
    room: RoomEvidence
    verdict: Verdict
    words: dict[str, Word]
    there: set[str] = field(default_factory=set)
    before: Line | None = None

    def blame(self, kind: str, message: str, line: Line | None, op: Op | None, *more: Line) -> None:
        """Note a violation about the version of ``line``."""
        self.verdict.add(
            kind,
            message,
            self.room.name,
            client=None if op is None else op.client,
            request_id=None if op is None else op.id,
            seq=None if line is None else line.record["seq"],
            lines=[*([] if op is None else [op.sent, *op.acks[:1]]), *more, line],
        )


def check_words(room: RoomEvidence, verdict: Verdict) -> None:
    """Follow every word of a room through its versions."""
    walk = _Walk(room, verdict, _words(room))
    due = sorted(
        (op for op in room.ops.values() if op.acks and _is_text(op)), key=lambda op: op.seq or 0
    )
    at = 0
    for seq in sorted(room.texts):
        line = room.texts[seq]
        text = room.contents.get(line.record["hash"])
        if text is None:
            continue  # told by a process that was killed before it could write it down
        _step(walk, line, text)
        while at < len(due) and (due[at].seq or 0) <= seq:
            _is_done(walk, due[at], line)
            at += 1
        walk.before = line
    if room.finals:
        _after(walk, due[at:])


def _is_text(op: Op) -> bool:
    return "add" in op.record or "cut" in op.record


def _words(room: RoomEvidence) -> dict[str, Word]:
    words: dict[str, Word] = {}
    for op in room.ops.values():
        for each in op.record.get("add", ()):
            words[each] = Word(op)
    for op in room.ops.values():
        for each in op.record.get("cut", ()):
            if each in words:
                words[each].cuts.append(op)
    return words


def _step(walk: _Walk, line: Line, text: str) -> None:
    """From one version to the next."""
    tokens = text.split()
    there = set(tokens)
    if len(there) != len(tokens):
        for token, count in Counter(tokens).items():
            if count > 1:
                word = walk.words.get(token)
                message = f"{token!r} stands in the text {count} times"
                walk.blame("doubled", message, line, word.written if word else None)
    for token in there - walk.there:
        _came(walk, token, line)
    for token in walk.there - there:
        _went(walk, token, line)
    walk.there = there


def _came(walk: _Walk, token: str, line: Line) -> None:
    word, seq = walk.words.get(token), line.record["seq"]
    if word is None:
        walk.blame("strange", f"nobody wrote {token!r}", line, None)
        walk.words[token] = Word(_nobody(token, line), born=True)
        return
    op = word.written
    if word.gone:
        walk.blame("back", f"{token!r} is there again", line, [*word.cuts, op][0])
    elif op.refused:
        lines = [op.refusal] if op.refusal else []
        walk.blame("refused", f"{token!r} was refused, and is there", line, op, *lines)
    elif op.seq is not None and seq < op.seq:
        walk.blame("early", f"{token!r} was confirmed as of {op.seq}", line, op)
    word.born, word.gone = True, False


def _went(walk: _Walk, token: str, line: Line) -> None:
    word, seq = walk.words[token], line.record["seq"]
    before = [walk.before] if walk.before else []
    standing = [cut for cut in word.cuts if not cut.refused]
    if not word.cuts:
        walk.blame("lost", f"{token!r} is gone, and nobody cut it", line, word.written, *before)
    elif not standing:
        cut = word.cuts[0]
        walk.blame("refused", f"to cut {token!r} was refused, and it is gone", line, cut, *before)
    elif all(cut.seq is not None and seq < cut.seq for cut in standing):
        cut = standing[0]
        message = f"{token!r} was gone before it was cut, as of {cut.seq}"
        walk.blame("early", message, line, cut, *before)
    word.gone = True


def _is_done(walk: _Walk, op: Op, line: Line) -> None:
    """``line`` is the first version with a request that was confirmed."""
    for token in op.record.get("add", ()):
        word = walk.words[token]
        if token in walk.there or word.gone or _cut_by(word, line.record["seq"]):
            continue
        walk.blame("lost", f"{token!r} was confirmed, and is not there", line, op)
    for token in op.record.get("cut", ()):
        if token in walk.there:
            message = f"{token!r} was cut as of {op.seq}, and is there"
            walk.blame("stale", message, line, op)


def _cut_by(word: Word, seq: int) -> bool:
    """Whether a word may have been cut out again by then."""
    standing = [cut for cut in word.cuts if not cut.refused]
    return any(cut.seq is None or cut.seq <= seq for cut in standing)


def _after(walk: _Walk, due: list[Op]) -> None:
    """What must be in the last version, and is beyond it, or in none at all."""
    final = walk.room.finals[0]
    for op in due:
        if (op.seq or 0) > final.record["seq"]:
            message = f"was confirmed as of {op.seq}, and the room ends at {final.record['seq']}"
            walk.blame("lost", message, final, op)
    ended = {story.name for story in walk.room.stories if story.ended and story.kind == "yjs"}
    for token, word in walk.words.items():
        op = word.written
        if op.client in ended and op.kind == "yjs" and not word.born and not word.cuts:
            walk.blame("lost", f"the editor ended with {token!r}, the room without", final, op)


def _nobody(token: str, line: Line) -> Op:
    return Op(token, "nobody", "", {"op": token, "add": [token]}, line)
