"""Who does what in an essay, as Yjs editors show it to each other, and carets both ways.

A replica speaks for one client id, the first that it shows, and for no other: what it says of
others (editors repeat whatever they hear) is passed over. The name in what it shows is the server's
to write. Members without a copy of the document are shown as if they had one, under a client id of
the server's. What changed is told at most every ``PACE`` seconds.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from workroom.core.awareness import ClientState
from workroom.core.people import User
from workroom.core.time import Now
from workroom.ids import MAX_ID, ConnectionId, UserId

PACE: Final = 0.1
"""Seconds between two tellings of what changed."""
RENEWED_EVERY: Final = 15.0
"""Seconds after which the server repeats what it shows: editors forget what is older than 30. It
also keeps the connection open, which ``y-websocket`` closes when it hears nothing for 30 seconds.
"""
OWN: Final = 2**40
FIRST_OWN: Final = MAX_ID - OWN
"""Client ids from here on are the server's. Editors draw theirs below 2**32."""
MOST_ELSEWHERE: Final = 10_000
"""Client ids of one other node that are remembered for who comes later."""
REMEMBERED: Final = 1000
"""Client ids that have gone and are remembered, so that nobody else takes one over."""

_COLOURS: Final = ("#30bced", "#6eeb83", "#ffbc42", "#8ac926", "#ee6352", "#9ac2c9", "#8f7ee7")
_COLOUR: Final = re.compile(
    r"#[0-9a-fA-F]{3,8}|[a-zA-Z]{1,32}|(?:rgb|hsl)a?\([0-9.,%/ deg]{1,64}\)"
)
"""What editors put into a style as it comes."""


@dataclass(slots=True)
class _Shown:
    """What a replica shows; ``state`` is as others get it."""

    user: User
    client: int
    clock: int
    state: Mapping[str, Any] | None


@dataclass(slots=True)
class _Typist:
    """A member without a copy, as editors are shown it."""

    user: User
    clock: int = 0
    cursor: Mapping[str, Any] | None = None
    typing: bool = False


class EssayAwareness:
    """What is shown in one essay. Says what changed; ``EssayRoom`` tells it."""

    __slots__ = (
        "_dirty",
        "_elsewhere",
        "_gone",
        "_owners",
        "_removed",
        "_renewed_at",
        "_shown",
        "_told_at",
        "_typists",
    )

    def __init__(self) -> None:
        self._shown: dict[ConnectionId, _Shown] = {}
        self._owners: dict[int, ConnectionId] = {}
        self._typists: dict[ConnectionId, _Typist] = {}
        self._gone: OrderedDict[int, tuple[UserId, int]] = OrderedDict()
        """Client ids without a connection: whose, and the clock that was told last."""
        self._dirty: set[ConnectionId] = set()
        self._removed: list[ClientState] = []
        self._told_at = 0.0
        self._renewed_at: float | None = None
        """None: there is no replica to tell anything."""
        self._elsewhere: dict[str, dict[int, ClientState]] = {}
        """What other nodes told their editors, by node and client id."""

    # ---- replicas ---------------------------------------------------------------------------

    def watched(self, tick: float) -> None:
        """There is a replica to tell."""
        if self._renewed_at is None:
            self._renewed_at = tick

    def retell(self) -> None:
        """There is somebody more to tell, who knows nothing yet."""
        self._dirty.update(self._typists, self._shown)

    def unwatched(self) -> None:
        """The last replica has gone."""
        self._renewed_at = None
        self._dirty.clear()
        self._removed.clear()

    def show(
        self, connection: ConnectionId, user: User, states: Iterable[ClientState]
    ) -> list[ClientState]:
        """Take what a replica says of itself; returns what only this replica has to hear."""
        answer = []
        for said in states:
            mine = self._shown.get(connection)
            if mine is None:
                if said.state is not None and self._may_be(said.client, user):
                    answer += self._introduce(connection, user, said)
            elif said.client == mine.client and _is_newer(said, mine):
                mine.clock, mine.state = said.clock, _signed(said.state, user)
                self._dirty.add(connection)
        return answer

    def _may_be(self, client: int, user: User) -> bool:
        owner = self._owners.get(client)
        if owner is not None:
            return self._shown[owner].user.id == user.id
        gone = self._gone.get(client)
        return client < FIRST_OWN and (gone is None or gone[0] == user.id)

    def _introduce(
        self, connection: ConnectionId, user: User, said: ClientState
    ) -> list[ClientState]:
        before = self._owners.get(said.client)
        if before is not None:  # the same editor has come back before its old connection was missed
            del self._shown[before]
            self._dirty.discard(before)
        self._owners[said.client] = connection
        self._shown[connection] = _Shown(user, said.client, said.clock, _signed(said.state, user))
        self._dirty.add(connection)
        _, told = self._gone.pop(said.client, (None, -1))
        # Everybody was told that this client has gone, at a clock that is as high. An editor that
        # hears so itself says again that it is there, at a higher one.
        others = self._of_user(user, connection)
        return [*others, ClientState(said.client, told, None)] if told >= said.clock else others

    def _of_user(self, user: User, connection: ConnectionId) -> list[ClientState]:
        return [
            _entry(shown)
            for other, shown in self._shown.items()
            if other != connection and shown.user.id == user.id and shown.state is not None
        ]

    def everybody(self, user: User, connection: ConnectionId) -> tuple[ClientState, ...]:
        """What there is to see for a replica.

        Until it has shown itself, other replicas of its user are left out: one of them may be
        itself, on a connection that has broken and was not missed yet.
        """
        known = connection in self._shown
        states = [
            _entry(shown)
            for other, shown in self._shown.items()
            if other != connection
            and shown.state is not None
            and (known or shown.user.id != user.id)
        ]
        typists = (self._typist_entry(c, t) for c, t in self._typists.items())
        others = (state for told in self._elsewhere.values() for state in told.values())
        return (*states, *typists, *others)

    # ---- other nodes ------------------------------------------------------------------------

    def heard(self, node: str, states: Iterable[ClientState]) -> tuple[ClientState, ...]:
        """Another node told its editors this; what is to be told to those of this one.

        Of an editor that is here by now, this node knows better.
        """
        told = self._elsewhere.setdefault(node, {})
        passed = []
        for said in states:
            before = told.get(said.client)
            late = before is not None and before.clock > said.clock
            if late or said.client in self._owners:
                continue
            if said.state is None:
                told.pop(said.client, None)
            elif before is not None or len(told) < MOST_ELSEWHERE:
                told[said.client] = said
            passed.append(said)
        return tuple(passed)

    def lose(self, node: str) -> tuple[ClientState, ...]:
        """Another node is no more: what its people showed is to be taken away."""
        told = self._elsewhere.pop(node, {})
        return tuple([replace(each, state=None) for each in told.values()])

    # ---- members without a copy ----------------------------------------------------------------

    def arrive(self, connection: ConnectionId, user: User, *, typing: bool, now: Now) -> None:
        """A member has come that keeps no copy."""
        self._typists[connection] = _Typist(user, now.wall, typing=typing)
        self._dirty.add(connection)

    def typing(self, connections: Iterable[ConnectionId], *, typing: bool) -> None:
        """The user of these connections began to type, or stopped."""
        for connection in connections:
            typist = self._typists.get(connection)
            if typist is not None and typist.typing != typing:
                typist.typing = typing
                self._dirty.add(connection)

    def point(self, connection: ConnectionId, cursor: Mapping[str, Any] | None) -> None:
        """Where a member's caret stands, as editors say it; None: it cannot be said."""
        typist = self._typists.get(connection)
        if typist is not None and typist.cursor != cursor:
            typist.cursor = cursor
            self._dirty.add(connection)

    # ---- everybody ----------------------------------------------------------------------------

    def leave(self, connection: ConnectionId) -> None:
        """A connection has gone, and shows nothing any more."""
        self._dirty.discard(connection)
        typist = self._typists.pop(connection, None)
        if typist is not None:
            self._removed.append(ClientState(_own(connection), typist.clock + 1, None))
        shown = self._shown.pop(connection, None)
        if shown is None:
            return
        del self._owners[shown.client]
        self._gone[shown.client] = (shown.user.id, shown.clock)
        if len(self._gone) > REMEMBERED:
            self._gone.popitem(last=False)
        self._removed.append(ClientState(shown.client, shown.clock, None))

    def due(self) -> float | None:
        """The tick at which there is something to tell."""
        if self._renewed_at is None:
            return None
        if self._dirty or self._removed:
            return self._told_at + PACE
        return self._renewed_at + RENEWED_EVERY

    def changed(self, now: Now) -> tuple[tuple[ClientState, ...], frozenset[ConnectionId]] | None:
        """What every replica is to be told now, and which connections' showing changed.

        None: nothing is due. What is told may be empty: it only says that the server is there.
        """
        due = self.due()
        if due is None or due > now.tick or self._renewed_at is None:
            return None
        changed = frozenset(self._dirty)
        if self._renewed_at + RENEWED_EVERY <= now.tick:
            self._renewed_at = now.tick
            self._dirty.update(self._typists)
        told = (*self._removed, *map(self._told, sorted(self._dirty), [now] * len(self._dirty)))
        self._told_at = now.tick
        self._dirty.clear()
        self._removed.clear()
        return told, changed

    def _told(self, connection: ConnectionId, now: Now) -> ClientState:
        typist = self._typists.get(connection)
        if typist is None:
            return _entry(self._shown[connection])
        typist.clock = max(typist.clock + 1, now.wall)
        return self._typist_entry(connection, typist)

    def _typist_entry(self, connection: ConnectionId, typist: _Typist) -> ClientState:
        state: dict[str, Any] = {"user": _named(typist.user, {}), "typing": typist.typing}
        if typist.cursor is not None:
            state["cursor"] = typist.cursor
        return ClientState(_own(connection), typist.clock, state)

    def shown_by(self, connection: ConnectionId) -> tuple[User, Mapping[str, Any] | None] | None:
        """Whose replica this is, and what it shows; None when it is none, or has shown nothing."""
        shown = self._shown.get(connection)
        return None if shown is None else (shown.user, shown.state)


def _own(connection: ConnectionId) -> int:
    """The client id under which the server shows a member without a copy."""
    return FIRST_OWN + connection % OWN


def _is_newer(said: ClientState, mine: _Shown) -> bool:
    if said.clock == mine.clock:
        return said.state is None and mine.state is not None
    return said.clock > mine.clock


def _entry(shown: _Shown) -> ClientState:
    return ClientState(shown.client, shown.clock, shown.state)


def _signed(state: Mapping[str, Any] | None, user: User) -> Mapping[str, Any] | None:
    """What a replica shows, under its user's own name."""
    if state is None:
        return None
    said = state.get("user")
    return {**state, "user": _named(user, said if isinstance(said, dict) else {})}


def _named(user: User, said: Mapping[str, Any]) -> dict[str, Any]:
    """Who somebody is; of what an editor says only the colours are kept."""
    colours = {
        key: said[key]
        for key in ("color", "colorLight")
        if isinstance(said.get(key), str) and _COLOUR.fullmatch(said[key])
    }
    return {"color": _COLOURS[user.id % len(_COLOURS)], **colours, "id": user.id, "name": user.name}
