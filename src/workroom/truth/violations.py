"""What a check found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from workroom.truth.history import Line

KINDS: Final = {
    "lost": "was confirmed, and is not there",
    "doubled": "took effect, or was told, more than once",
    "missed": "a client was never told of it, although it was told of what came after",
    "gap": "numbers were left out on a connection, and nothing was broken that could explain it",
    "stale": "a client still has what was gone or changed by then",
    "early": "was shown under a number below its own, or removed before it was asked for",
    "back": "is there again after it was gone",
    "strange": "was shown, and asked for by nobody",
    "refused": "was refused, and took effect",
    "backwards": "a connection was told of a lower number after a higher one",
    "differs": "two clients were told different things under one number",
    "unequal": "a client, or a node, ended with something else",
    "answered": "a request was answered in two ways, or two requests with one number",
    "unfinished": "a client did not end in good order",
}
"""What may be wrong. Every violation is of one of these kinds."""


@dataclass(frozen=True, slots=True)
class Violation:
    """One thing that must not be."""

    kind: str
    message: str
    room: str
    client: str | None = None
    request_id: str | None = None
    seq: int | None = None
    lines: tuple[str, ...] = ()
    """Where it can be read, as ``c07.jsonl:153``."""

    def __str__(self) -> str:
        about = [self.room]
        about += [f"client {self.client}"] if self.client else []
        about += [f"request {self.request_id}"] if self.request_id else []
        about += [f"seq {self.seq}"] if self.seq is not None else []
        return f"{self.kind}: {self.message} ({', '.join(about)}; {', '.join(self.lines)})"


@dataclass(slots=True)
class Verdict:
    """What a check came to."""

    counts: Counter[str] = field(default_factory=Counter)
    violations: list[Violation] = field(default_factory=list)

    def add(
        self,
        kind: str,
        message: str,
        room: str,
        *,
        client: str | None = None,
        request_id: str | None = None,
        seq: int | None = None,
        lines: Sequence[Line | None] = (),
    ) -> None:
        """Note a violation."""
        places = tuple(line.place for line in lines if line is not None)
        found = Violation(kind, message, room, client, request_id, seq, places)
        self.violations.append(found)

    def as_json(self) -> dict[str, Any]:
        """For reports."""
        kinds = Counter(violation.kind for violation in self.violations)
        return {
            "counts": dict(sorted(self.counts.items())),
            "violations": {kind: kinds[kind] for kind in KINDS},
            "found": [asdict(violation) for violation in self.violations],
        }
