"""A client of a project: it sets fields, and keys of the metadata."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from workroom.truth.followers import Follower, Message, Request
from workroom.truth.history import History
from workroom.truth.member import Desk
from workroom.truth.plan import Part

METADATA = "metadata."
"""How the names of keys of the metadata begin."""


class ProjectClient(Follower):
    """It remembers the highest number that it was told of."""

    def __init__(self, part: Part, desk: Desk, history: History) -> None:
        super().__init__(part, desk, history)
        self._seq = 0

    @property
    def path(self) -> str:
        """As for every member."""
        return "/ws/projects/"

    @property
    def shown(self) -> str | None:
        """There is no text."""
        return None

    @property
    def since(self) -> int:
        """As for every follower."""
        return self._seq

    @property
    def newest(self) -> int:
        """As for every follower: requests here do not build on each other."""
        return self._seq

    def join(self, request_id: str, since: int) -> Message:
        """As for every follower."""
        payload = {"project_id": self.part.room.number, "since": since}
        return {"type": "join_project", "request_id": request_id, "payload": payload}

    def restarts(self) -> None:
        """As for every follower."""
        self._seq = 0

    def caught_up(self, seq: int) -> None:
        """As for every follower."""
        self._seq = seq

    def chosen(self) -> Mapping[str, Any] | None:
        """A key of one's own, one that all set, or a field."""
        own = f"{METADATA}{self.part.name}"
        name = self.chance.choice([own, own, f"{METADATA}all", "title", "description"])
        return {"set": {name: self.new_id()}}

    def message(self, request: Request) -> Message:
        """As for every follower."""
        data: dict[str, Any] = {}
        for name, value in request.does["set"].items():
            if name.startswith(METADATA):
                data.setdefault("metadata", {})[name.removeprefix(METADATA)] = value
            else:
                data[name] = value
        payload = {"project_id": self.part.room.number, "data": data}
        return {"type": "update_project", "request_id": request.id, "payload": payload}

    def done(self, request: Request, answer: Mapping[str, Any]) -> bool:  # noqa: ARG002 - no texts
        """As for every follower: nothing is to be done."""
        return False

    def told(self, kind: str, body: Mapping[str, Any]) -> None:
        """As for every follower."""
        if kind != "project_updated":
            return
        whole = self.subscribed is not None and not self.subscribed["recovered"]
        news = {"new": True} if self.live.is_set() or not whole else {}
        self.history.note("told", seq=body["seq"], set=things(body["changes"]), **news)
        if not self.ignoring:
            self._seq = max(self._seq, body["seq"])


def things(changes: Mapping[str, Any]) -> dict[str, Any]:
    """Fields and keys by name."""
    found = {name: value for name, value in changes.items() if name != "metadata"}
    for name, value in changes.get("metadata", {}).items():
        found[f"{METADATA}{name}"] = value
    return found
