"""The part of an essay's room that Yjs editors see. ``EssayRoom`` has the rest."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import replace

from workroom.core.commands import (
    ApplyUpdate,
    Command,
    Join,
    Origin,
    QueryAwareness,
    Resynchronize,
    ShowAwareness,
    Synchronize,
)
from workroom.core.effects import Acknowledge, Effect, Outcome, Send, Share
from workroom.core.entries import RightSet, TextEdited
from workroom.core.essays.editors import Editors
from workroom.core.essays.state import EssayState
from workroom.core.essays.text import EssayText
from workroom.core.events import Event
from workroom.core.limits import RoomRules
from workroom.core.people import User
from workroom.core.permissions import Verb, allows
from workroom.core.room import Glimpse, Room
from workroom.core.signals import Roster, Shown, Signal
from workroom.core.text import UpdateAhead
from workroom.core.time import Now, earliest
from workroom.ids import ConnectionId, RoomId, RoomKind, UserId

YjsCommand = ApplyUpdate | Synchronize | Resynchronize | ShowAwareness | QueryAwareness


class YjsRoom(Room[EssayState]):
    """A room of a text that some members keep copies of."""

    def __init__(
        self,
        state: EssayState,
        text: EssayText,
        people: Mapping[UserId, User],
        rules: RoomRules,
    ) -> None:
        super().__init__(RoomId(RoomKind.ESSAY, state.id), state, people, rules)
        self._text = text
        self._editors = Editors(state.id)

    # ---- what the essay's room adds ---------------------------------------------------------

    @abstractmethod
    def _updated(self, seq: int, user: User, now: Now) -> list[Effect]:
        """An editor's update is the entry ``seq``: remember it until it is durable."""

    @abstractmethod
    def _behind(self) -> frozenset[ConnectionId]:
        """The connections that have another text than the latest durable one."""

    # ---- commands ---------------------------------------------------------------------------

    def _from_editor(self, command: YjsCommand, origin: Origin, now: Now) -> Outcome:
        if isinstance(command, ApplyUpdate):
            return self._apply(command, origin, now)
        if isinstance(command, Resynchronize):
            return Outcome(effects=tuple(self._ask(origin.user, origin.connection, now)))
        seqs = self.head.seq, self.confirmed.seq
        return Outcome(effects=tuple(self._editors.asked(command, origin, self._text, seqs)))

    def _apply(self, command: ApplyUpdate, origin: Origin, now: Now) -> Outcome:
        self._require(origin, Verb.EDIT)
        seq = self.head.seq + 1
        try:
            facts = self._text.receive(command.update, seq, origin.user.id, self.rules)
        except UpdateAhead:
            return Outcome(effects=tuple(self._ask(origin.user, origin.connection, now)))
        if not facts:
            return Outcome(effects=(Acknowledge(origin, self.confirmed.seq),))
        pending, outcome = self._accept(command, origin, facts, now)
        if facts[0].change.is_empty:
            return outcome  # formatting: it changes no letter
        effects = self._updated(pending.state.seq, origin.user, now)
        return Outcome(outcome.entries, tuple(effects))

    def _ask(self, user: User, connection: ConnectionId | None, now: Now) -> list[Send]:
        """Ask an editor for what is missing here; from who may not edit nothing would be taken."""
        if connection is None or not allows(self.id.kind, Verb.EDIT, self.right_of(user)):
            return []
        return self._editors.ask(connection, self._text, now.tick)

    def _join(self, command: Join, origin: Origin, now: Now) -> Outcome:
        """Besides joining: editors get their copy in step, and see each other and the others."""
        connection = origin.connection
        here = connection is None or connection in self.presence
        if command.replica and allows(self.id.kind, Verb.VIEW, self.right_of(origin.user)):
            self._text.make()  # before they are let in: it may fail
        outcome = super()._join(command, origin, now)
        if connection is None or here:
            return outcome
        if not command.replica:
            typing = origin.user.id in self._typing()
            self._editors.joined(connection, origin.user, now, typing=typing)
            return outcome
        first = not self._editors.watching
        shown = self._editors.joined_as_replica(connection, origin.user, now)
        asked = self._ask(origin.user, connection, now)
        told = [Share(self.roster())] if first else []  # so that they tell what there is to see
        return Outcome(outcome.entries, (*outcome.effects, *asked, *shown, *told))

    def roster(self) -> Roster:
        """As in every room; also whether there are editors to tell anything."""
        return replace(super().roster(), watching=self._editors.watching)

    def heard(self, node: str, signal: Signal, now: Now) -> list[Effect]:
        """As in every room; also what editors there show."""
        if isinstance(signal, Shown):
            return self._editors.heard(node, signal.states)
        if isinstance(signal, Roster):
            self._editors.watched_from(node, now.tick, watching=signal.watching)
        return super().heard(node, signal, now)

    def lose_node(self, node: str, now: Now) -> list[Effect]:
        """As in every room; what its people showed goes with them."""
        return [*self._editors.lose(node), *super().lose_node(node, now)]

    def _right_changed(self, fact: RightSet, now: Now) -> list[Effect]:
        """Who may edit from now on may have tried before."""
        effects = super()._right_changed(fact, now)
        for connection in sorted(self.presence.connections_of(fact.user_id)):
            effects += self._ask(self.people[fact.user_id], connection, now)
        return effects

    def _dismissed(self, connection: ConnectionId, _now: Now) -> None:
        self._editors.dismissed(connection)

    # ---- what editors are told --------------------------------------------------------------

    def committed(self, seq: int, now: Now) -> list[Effect]:
        """As in every room; then what editors were owed until it was durable."""
        return [*super().committed(seq, now), *self._editors.settled(seq)]

    def glimpse(self, slow: ConnectionId | None = None) -> Glimpse[EssayState]:
        """As in every room."""
        if slow is not None and slow in self._editors:
            facts = [entry.fact for pending in self._pending for entry in pending.entries]
            undurable = [fact.update for fact in facts if isinstance(fact, TextEdited)]
            self._editors.slow(slow, self._text, undurable)
        return super().glimpse(slow)

    def _news_for_editor(self, connection: ConnectionId, now: Now) -> list[Event] | None:
        """What an editor has to be told that knows less than all; None for other connections."""
        user_id = self.presence.user_of(connection)
        if user_id is None or connection not in self._editors:
            return None
        user, seqs = self.people[user_id], (self.head.seq, self.confirmed.seq)
        asked = [send.event for send in self._ask(user, connection, now)]
        return [*asked, *self._editors.news(connection, user, self._text, seqs)]

    # ---- time and trouble -------------------------------------------------------------------

    def expire(self, now: Now) -> list[Effect]:
        """Besides members: what editors show, and carets."""
        effects = super().expire(now)
        if self._editors.here:
            effects += self._editors.expire(self._text, self.confirmed, self._behind(), now)
        return effects

    def next_deadline(self) -> float | None:
        """Besides members: what editors show has its time."""
        return earliest(super().next_deadline(), self._editors.next_deadline())

    def rewind(self) -> list[tuple[Command, Origin]]:
        """As in every room; the text is not to be read until it is restored."""
        self._editors.lost()
        return super().rewind()

    def _retraced(self) -> list[Effect]:
        """The text is what is stored again; who waited for an answer made of more gets another."""
        return self._editors.retraced(self._text, self.confirmed.seq)

    def _take_up(self, text: EssayText) -> None:
        """Go on with this text, which is what is stored."""
        self._text.close()
        self._text = text
        self._editors.restored()

    def close(self) -> None:
        """The room leaves memory."""
        self._editors.close()
        self._text.close()
