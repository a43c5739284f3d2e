"""What an essay's room does for Yjs editors: their copies, what they show, carets both ways."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from workroom.core.awareness import ClientState
from workroom.core.commands import (
    Origin,
    QueryAwareness,
    ShowAwareness,
    Synchronize,
)
from workroom.core.effects import Broadcast, Effect, Send, Share
from workroom.core.entries import Entry, TextEdited
from workroom.core.essays.awareness import EssayAwareness
from workroom.core.essays.carets import Carets, Selection
from workroom.core.essays.replicas import Replicas
from workroom.core.essays.state import EssayState
from workroom.core.essays.text import EssayText
from workroom.core.events import AwarenessShown, CursorMoved, Event, TextPatched
from workroom.core.people import User
from workroom.core.signals import Pointed, Shown
from workroom.core.text import Version, to_utf16
from workroom.core.time import Now, earliest
from workroom.ids import ConnectionId, EssayId, UserId

MOST_STATES: Final = 250
"""States in one message. An editor sends it back to us, and a message may not be too large."""

EditorCommand = Synchronize | ShowAwareness | QueryAwareness


class Editors:
    """The Yjs side of one essay. It decides nothing about the text."""

    __slots__ = (
        "_ahead",
        "_awareness",
        "_carets",
        "_cursors",
        "_essay_id",
        "_moved",
        "_placed",
        "_replicas",
        "_watchers",
    )

    def __init__(self, essay_id: EssayId) -> None:
        self._essay_id = essay_id
        self._replicas = Replicas(essay_id)
        self._watchers: set[str] = set()
        """Other nodes with editors in this essay."""
        self._awareness = EssayAwareness()
        self._carets = Carets()
        self._moved: set[ConnectionId] = set()
        """Replicas whose cursor may have moved, and nobody else was told."""
        self._cursors: dict[ConnectionId, object] = {}
        """The cursor of each replica, as it was told last."""
        self._ahead = False
        """The text holds what nobody was told yet: no caret can be counted in what people have."""
        self._placed: dict[ConnectionId, tuple[Version, Selection]] = {}
        """Carets of others that editors were not shown yet."""

    def __contains__(self, connection: ConnectionId) -> bool:
        return connection in self._replicas

    @property
    def here(self) -> bool:
        """Whether there is any editor, on this node or another."""
        return bool(self._watchers) or len(self._replicas) > 0

    @property
    def watching(self) -> bool:
        """Whether there is any on this node."""
        return bool(len(self._replicas))

    # ---- other nodes ------------------------------------------------------------------------

    def watched_from(self, node: str, tick: float, *, watching: bool) -> None:
        """Another node has editors, or none any longer."""
        if watching and node not in self._watchers:
            self._watchers.add(node)
            self._awareness.watched(tick)
            self._awareness.retell()
        elif watching:
            return
        else:
            self._watchers.discard(node)
            self._rest_if_alone()

    def heard(self, node: str, states: Iterable[ClientState]) -> list[Effect]:
        """Another node told its editors this."""
        return self._passed_on(self._awareness.heard(node, states))

    def lose(self, node: str) -> list[Effect]:
        """Another node is no more."""
        self._watchers.discard(node)
        effects = self._passed_on(self._awareness.lose(node))
        self._rest_if_alone()
        return effects

    def _passed_on(self, states: Sequence[ClientState]) -> list[Effect]:
        if not states or not self.watching:
            return []
        return [Broadcast(event) for event in self._shown(states)]

    # ---- coming, asking, going -------------------------------------------------------------

    def joined(self, connection: ConnectionId, user: User, now: Now, *, typing: bool) -> None:
        """A member has come that keeps no copy."""
        self._awareness.arrive(connection, user, typing=typing, now=now)

    def joined_as_replica(self, connection: ConnectionId, user: User, now: Now) -> list[Effect]:
        """A member has come that keeps a copy: show it the others."""
        self._replicas.join(connection)
        self._awareness.watched(now.tick)
        return self._everybody(connection, user)

    def dismissed(self, connection: ConnectionId) -> None:
        """A connection has gone."""
        self._replicas.leave(connection)
        self._awareness.leave(connection)
        self._moved.discard(connection)
        self._cursors.pop(connection, None)
        self._placed.pop(connection, None)
        self._rest_if_alone()

    def _rest_if_alone(self) -> None:
        if not self.here:
            self._awareness.unwatched()
            self._carets.close()
            self._placed.clear()

    def asked(
        self, command: EditorCommand, origin: Origin, text: EssayText, seqs: tuple[int, int]
    ) -> list[Effect]:
        """Answer a replica. ``seqs``: how far the room has decided, and what of that is durable."""
        connection = origin.connection
        if connection is None or connection not in self._replicas:
            return []
        match command:
            case Synchronize(vector=vector):
                return self._replicas.synchronize(connection, vector, text, *seqs)
            case ShowAwareness(states=states):
                answer = self._awareness.show(connection, origin.user, states)
                return [Send(connection, event) for event in self._shown(answer)] if answer else []
            case QueryAwareness():
                return self._everybody(connection, origin.user)

    def ask(self, connection: ConnectionId, text: EssayText, tick: float) -> list[Send]:
        """Ask a replica for what it has and the room lacks; only if its user may edit."""
        return self._replicas.ask(connection, text, tick)

    def _everybody(self, connection: ConnectionId, user: User) -> list[Effect]:
        states = self._awareness.everybody(user, connection)
        return [Send(connection, event) for event in self._shown(states)]

    def _shown(self, states: Sequence[ClientState]) -> list[AwarenessShown]:
        """The events that tell these states; one at least."""
        return [
            AwarenessShown(self._essay_id, tuple(states[at : at + MOST_STATES]))
            for at in range(0, len(states) or 1, MOST_STATES)
        ]

    # ---- what happens -------------------------------------------------------------------------

    def typing(self, connections: Iterable[ConnectionId], *, typing: bool) -> None:
        """The user of these connections began to type, or stopped."""
        self._awareness.typing(connections, typing=typing)

    def placed(
        self, connection: ConnectionId | None, base: Version, head: int, anchor: int | None
    ) -> None:
        """A member without a copy saved, with its caret at ``head`` in the text of ``base``."""
        if connection is not None and self.here:
            caret = Selection(head, head if anchor is None else anchor)
            self._placed[connection] = (base, caret)

    def patched(self, entry: Entry, author: ConnectionId | None) -> list[Effect]:
        """The text was edited, durably. ``author``: the replica that has it already."""
        if not self.watching or not isinstance(entry.fact, TextEdited):
            return []
        patch = TextPatched(self._essay_id, entry.seq, entry.fact.update)
        spared = self._replicas.awaiting(entry.seq)
        if author is not None and author in self._replicas:
            spared |= {author}
        return [Broadcast(patch, except_connections=spared)]

    def settled(self, seq: int) -> list[Effect]:
        """Everything up to ``seq`` is durable."""
        self._ahead = False
        return self._replicas.settled(seq)

    def slow(self, connection: ConnectionId, text: EssayText, undurable: Iterable[bytes]) -> None:
        """A connection reads nothing for now. ``undurable``: updates on their way to the store."""
        self._replicas.slow(connection, text, undurable)

    def news(
        self, connection: ConnectionId, user: User, text: EssayText, seqs: tuple[int, int]
    ) -> list[Event]:
        """What a replica has to be told that reads again, or after the text was restored."""
        return [
            *self._replicas.news(connection, text, *seqs),
            *self._shown(self._awareness.everybody(user, connection)),
        ]

    def lost(self) -> None:
        """The store refused something that is in the text."""
        self._replicas.lost()
        self._ahead = True
        self._placed.clear()

    def restored(self) -> None:
        """The text is what is stored."""
        self._replicas.restored()
        self._ahead = False
        self._carets.close()

    def retraced(self, text: EssayText, seq: int) -> list[Effect]:
        """The text is what is stored up to ``seq`` again, and was read from nowhere for that."""
        self._ahead = False
        self._carets.close()
        return self._replicas.retraced(text, seq)

    def close(self) -> None:
        """The room leaves memory."""
        self._carets.close()

    # ---- time -----------------------------------------------------------------------------------

    def next_deadline(self) -> float | None:
        """The tick at which ``expire`` has something to do."""
        if not self.here:
            return None  # as in most rooms, and everything that happens there asks
        carets = bool(self._placed or self._moved) and not self._ahead
        return earliest(
            self._awareness.due(),
            self._replicas.next_deadline(),
            self._carets.ready_at() if carets else None,
        )

    def expire(
        self, text: EssayText, state: EssayState, behind: frozenset[ConnectionId], now: Now
    ) -> list[Effect]:
        """Tell what is due. ``behind``: connections that have an older text than ``state``'s."""
        asked = self._replicas.expire(text, now.tick)
        self._ahead = self._ahead or text.text != state.text
        if self._placed and not self._ahead and self._carets.ready_at() <= now.tick:
            placed, self._placed = self._placed, {}
            for connection, (base, caret) in placed.items():
                cursor = self._carets.for_editors(base, caret, text, now.tick)
                self._awareness.point(connection, cursor)
        told = self._awareness.changed(now)
        if told is None:
            return [*asked, *self._cursors_told(text, state, behind, now)]
        states, changed = told
        self._moved |= {c for c in changed if c in self._replicas}
        shown: list[Effect] = [Broadcast(event) for event in self._shown(states)]
        if states:
            shown += [Share(Shown(event.states)) for event in self._shown(states)]
        return [*asked, *shown, *self._cursors_told(text, state, behind, now)]

    def _cursors_told(
        self, text: EssayText, state: EssayState, behind: frozenset[ConnectionId], now: Now
    ) -> list[Effect]:
        """Carets of replicas, for those who count letters, as soon as all have the same text."""
        if not self._moved or self._ahead or self._carets.ready_at() > now.tick:
            return []
        moved, self._moved = self._moved, set()
        effects: list[Effect] = []
        for connection in sorted(moved):
            user, shown = self._awareness.shown_by(connection) or (None, None)
            cursor = None if shown is None else shown.get("cursor")
            if user is None or cursor is None or cursor == self._cursors.get(connection):
                continue
            self._cursors[connection] = cursor
            caret = self._carets.of_editor(cursor, text, now.tick)
            if caret is not None:
                event = _cursor_moved(state, user.id, caret)
                effects.append(Broadcast(event, except_user=user.id, except_connections=behind))
                pointed = Pointed(user.id, state.seq, event.position, event.selection_end)
                effects.append(Share(pointed))
        return effects


def _cursor_moved(state: EssayState, user_id: UserId, caret: Selection) -> CursorMoved:
    end = None if caret.anchor == caret.head else to_utf16(state.text, caret.anchor)
    return CursorMoved(state.id, user_id, to_utf16(state.text, caret.head), end)
