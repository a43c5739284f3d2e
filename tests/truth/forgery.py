"""Histories of a small run, made by hand: true as they stand, and lies as soon as one line is bent.

Two extended clients, a plain one, a Yjs editor and two clients of a project; connections break,
requests are sent again, and somebody catches up.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from workroom.truth.checker import check
from workroom.truth.history import digest
from workroom.truth.violations import Verdict

Record = dict[str, Any]


def text(seq: int | None, content: str) -> Record:
    """The text was told, and is written down."""
    number = {} if seq is None else {"seq": seq, "text": content}
    return {"e": "text", "hash": digest(content), **number}


def told(seq: int, name: str, value: Any, *, new: bool = False) -> Record:
    """A thing was told."""
    return {"e": "told", "seq": seq, "set": {name: value}, **({"new": True} if new else {})}


def sent(op: str, **does: Any) -> Record:
    """A request."""
    return {"e": "sent", "op": op, **does}


def acked(op: str, seq: int, **more: Any) -> Record:
    """It was confirmed."""
    return {"e": "acked", "op": op, "seq": seq, **more}


def joined(seq: int, since: int | None = None, *events: Record) -> list[Record]:
    """A connection, until it has caught up."""
    join = {"e": "join"} if since is None else {"e": "join", "since": since}
    subscribed = {"e": "subscribed", "seq": seq, "recovered": since is not None}
    return [{"e": "open", "node": "n"}, join, subscribed, *events, {"e": "live"}]


CLOSED: Record = {"e": "closed", "code": 1006}
ESSAY, PROJECT = "essay/1", "project/1"


def end(content: str | None = None) -> Record:
    """The client ended, with a text if there is one."""
    return {"e": "end"} if content is None else {"e": "end", "hash": digest(content)}


def first(name: str, kind: str, room: str) -> Record:
    """Whose history it is."""
    return {"e": "client", "client": name, "kind": kind, "user": 1, "room": room}


def a_true_run() -> dict[str, list[Record]]:
    """Histories by file."""
    last = "a1 b1 y1 "
    ann = [
        *joined(1, None, text(1, "")),
        sent("a.1", add=["a1"]),
        acked("a.1", 2),
        text(2, "a1 "),
        sent("a.2", comment="a?"),
        told(3, "feedback/7", ["a?", "open"], new=True),
        acked("a.2", 3, id=7),
        text(4, "a1 b1 "),
        sent("a.3", add=["a2"]),
        CLOSED,
        *joined(5, 4, text(5, "a1 b1 a2 ")),
        sent("a.3", add=["a2"], again=True),
        acked("a.3", 5),
        sent("a.4", cut=["a2"]),
        acked("a.4", 6),
        text(6, "a1 b1 "),
        sent("a.5", add=["a3"]),
        {"e": "refused", "op": "a.5", "code": "unavailable", "retry": "later"},
        sent("a.6", resolve="a?", id=7),
        told(7, "feedback/7", ["a?", "resolved"]),
        acked("a.6", 7),
        text(8, last),
        end(last),
    ]
    ben = [
        *joined(1, None, text(1, "")),
        text(2, "a1 "),
        told(3, "feedback/7", ["a?", "open"], new=True),
        sent("b.1", add=["b1"]),
        acked("b.1", 4),
        CLOSED,
        *joined(7, 2, told(3, "feedback/7", ["a?", "resolved"], new=True), text(6, "a1 b1 ")),
        sent("b.2", comment="b?"),
        CLOSED,
        *joined(8, 7, text(8, last)),
        sent("b.2", comment="b?", again=True),
        told(9, "feedback/8", ["b?", "open"], new=True),
        acked("b.2", 9, id=8),
        sent("b.3", uncomment="b?", id=8),
        told(10, "feedback/8", None),
        acked("b.3", 10),
        end(last),
    ]
    ann[-1:-1] = [told(9, "feedback/8", ["b?", "open"], new=True), told(10, "feedback/8", None)]
    return {
        "ann": [first("ann", "essay", ESSAY), *ann],
        "ben": [first("ben", "essay", ESSAY), *ben],
        "pat": [first("pat", "plain", ESSAY), {"e": "open"}, text(None, last), end(last)],
        "yan": [first("yan", "yjs", ESSAY), {"e": "open"}, sent("y.1", add=["y1"]), end(last)],
        "pia": [
            first("pia", "project", PROJECT),
            *joined(1, None, told(1, "title", "Old")),
            sent("p.1", set={"title": "p1"}),
            told(2, "title", "p1", new=True),
            acked("p.1", 2),
            told(3, "metadata.q", "q1", new=True),
            told(4, "metadata.q", "q2", new=True),
            end(),
        ],
        "quin": [
            first("quin", "project", PROJECT),
            *joined(1, None, told(1, "title", "Old")),
            told(2, "title", "p1", new=True),
            sent("q.1", set={"metadata.q": "q1"}),
            CLOSED,
            *joined(3, 2, told(3, "metadata.q", "q1", new=True)),
            sent("q.1", set={"metadata.q": "q1"}, again=True),
            acked("q.1", 3),
            sent("q.2", set={"metadata.q": "q2"}),
            told(4, "metadata.q", "q2", new=True),
            acked("q.2", 4),
            end(),
        ],
        "final": [
            {"e": "final"},
            *(essay_in_the_end(node, last) for node in ("n1", "n2")),
            *(project_in_the_end(node) for node in ("n1", "n2")),
        ],
    }


def essay_in_the_end(node: str, content: str) -> Record:
    """As REST gives it."""
    things = {"feedback/7": ["a?", "resolved"]}
    state = {"seq": 10, "set": things, "hash": digest(content), "text": content}
    return {"e": "room", "room": ESSAY, "node": node, **state}


def project_in_the_end(node: str) -> Record:
    """As REST gives it."""
    things = {"title": "p1", "metadata.q": "q2"}
    return {"e": "room", "room": PROJECT, "node": node, "seq": 4, "set": things}


@dataclass
class Files:
    """A run that can be bent, and then judged."""

    folder: Path
    files: dict[str, list[Record]] = field(default_factory=a_true_run)

    def at(self, file: str, **like: Any) -> int:
        """Where the first record stands that has these values."""
        for at, record in enumerate(self.files[file]):
            if all(record.get(name) == value for name, value in like.items()):
                return at
        raise LookupError(like)

    def drop(self, file: str, **like: Any) -> Record:
        """Take a record out."""
        return self.files[file].pop(self.at(file, **like))

    def put(self, file: str, record: Record, **before: Any) -> None:
        """Put a record in, before another."""
        self.files[file].insert(self.at(file, **before), record)

    def bend(self, file: str, change: Record, **like: Any) -> None:
        """Change a record."""
        at = self.at(file, **like)
        self.files[file][at] = {**self.files[file][at], **change}

    def judged(self) -> Verdict:
        """What the checker says of it."""
        paths = []
        for name, records in self.files.items():
            path = self.folder / f"{name}.jsonl"
            path.write_text("".join(lines(records)), "utf-8")
            paths.append(path)
        return check(paths)


def lines(records: Iterable[Record]) -> Iterable[str]:
    """As the tool writes them."""
    return (json.dumps({"t": 0, **record}, ensure_ascii=False) + "\n" for record in records)
