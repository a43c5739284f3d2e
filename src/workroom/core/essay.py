"""The room of one essay: text, feedback, typing, and who gets what when."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import assert_never

from workroom.core.awareness import Typists
from workroom.core.commands import (
    AddFeedback,
    ApplyUpdate,
    ChangeEssay,
    ChangeFeedback,
    ChangeProject,
    Command,
    DeleteFeedback,
    DeleteRoom,
    Join,
    Leave,
    Origin,
    QueryAwareness,
    QuoteFeedback,
    Resynchronize,
    SaveText,
    SetRight,
    ShowAwareness,
    StartTyping,
    StopTyping,
    Synchronize,
)
from workroom.core.delivery import Delivery
from workroom.core.effects import Acknowledge, Broadcast, Effect, Outcome, Send
from workroom.core.entries import (
    Entry,
    EssayChanged,
    FeedbackAdded,
    FeedbackChanged,
    FeedbackDeleted,
    TextEdited,
)
from workroom.core.essay_state import EssayState, evolve
from workroom.core.essay_text import Base, EssayText, continues, work_from
from workroom.core.essay_view import shown_feedback, shown_text
from workroom.core.essay_yjs import YjsRoom
from workroom.core.events import (
    CursorMoved,
    Event,
    FeedbackRemoved,
    FeedbackUpdated,
    NewFeedback,
    TypingStarted,
    TypingStopped,
)
from workroom.core.feedback_room import FeedbackPace, feedback_to_change, find_quote, range_at_head
from workroom.core.limits import RoomRules
from workroom.core.people import User
from workroom.core.permissions import Verb
from workroom.core.room import Glimpse, Pending
from workroom.core.text import (
    Change,
    Highlight,
    Side,
    clean_with_carets,
    to_utf16,
    utf16_length,
)
from workroom.core.time import Now
from workroom.errors import InvalidMessage, NotFound, TooLarge
from workroom.ids import ConnectionId, FeedbackId, UserId


@dataclass(frozen=True, slots=True)
class Saved:
    """What has to be remembered of a save until it is durable. Positions are code points."""

    version: Base
    exact: bool
    """The merged text is the one that the client sent."""
    cursor: int | None
    selection_end: int | None


class EssayRoom(YjsRoom):
    """The authority over one essay on this node."""

    def __init__(
        self,
        state: EssayState,
        text: EssayText,
        people: Mapping[UserId, User],
        rules: RoomRules,
    ) -> None:
        super().__init__(state, text, people, rules)
        self._typists = Typists(rules.typing_idle)
        self._delivery = Delivery(rules, text.head())
        self._pace = FeedbackPace(rules.feedback_pace)
        self._pace.seen(state.feedback)
        self._saves: dict[int, Saved] = {}
        """By the ``seq`` that becomes durable with it."""

    # ---- decisions --------------------------------------------------------------------------

    def _decide(self, command: Command, origin: Origin, now: Now) -> Outcome:
        match command:
            case Join():
                return self._join(command, origin, now)
            case Leave():
                return self._leave(command, origin, now)
            case SaveText():
                return self._save(command, origin, now)
            case (
                ApplyUpdate() | Synchronize() | Resynchronize() | ShowAwareness() | QueryAwareness()
            ):
                return self._from_editor(command, origin, now)
            case StartTyping():
                self._require(origin, Verb.EDIT)
                return self._awareness(origin, self._types(origin.user, now))
            case StopTyping():
                self._require(origin, Verb.EDIT)
                return self._awareness(origin, self._stops_typing(origin.user.id, now))
            case AddFeedback() | QuoteFeedback():
                return self._add_feedback(command, origin, now)
            case ChangeFeedback():
                return self._change_feedback(command, origin, now)
            case DeleteFeedback():
                return self._delete_feedback(command, origin, now)
            case ChangeEssay():
                return self._change(command, origin, now)
            case SetRight():
                return self._set_right(command, origin, now)
            case DeleteRoom():
                return self._delete(command, origin, now)
            case ChangeProject():
                message = "an essay is not a project"
                raise InvalidMessage(message)
            case _:
                assert_never(command)

    def _save(self, command: SaveText, origin: Origin, now: Now) -> Outcome:
        self._require(origin, Verb.EDIT)
        carets = command.cursor, command.selection_end
        content, [cursor, selection_end] = clean_with_carets(command.content, *carets)
        units = utf16_length(content)
        if units > self.rules.essay_units:
            message = (
                f"an essay holds at most {self.rules.essay_units} UTF-16 units, this has {units}"
            )
            raise TooLarge(message, field="content")
        base = self._base_of(origin, content, cursor)
        effects = self._types(origin.user, now) if origin.connection is not None else []
        seq = self.head.seq + 1
        merge = self._text.merge(base, content, cursor, origin.user.id, seq)
        facts = []
        if not merge.change.is_empty:
            facts.append(self._text.commit(merge.change, seq, origin.user.id))
        pending, outcome = self._accept(command, origin, facts, now)
        version = self._text.head()
        saved = Saved(
            version,
            version.text == content,
            _mapped(cursor, merge.own.bridge),
            _mapped(selection_end, merge.own.bridge),
        )
        if facts:
            self._saves[pending.state.seq] = saved
        if origin.connection is not None:
            self._delivery.saved(origin.connection, origin.user.id, merge.own, base, now.tick)
        outcome = Outcome(outcome.entries, (*effects, *outcome.effects))
        return self._settle_now(outcome, now)

    def _updated(self, seq: int, user: User, now: Now) -> list[Effect]:
        saved = Saved(self._text.head(), exact=True, cursor=None, selection_end=None)
        self._saves[seq] = saved
        return self._types(user, now)

    def _behind(self) -> frozenset[ConnectionId]:
        return self._delivery.behind()

    def _base_of(self, origin: Origin, content: str, cursor: int | None) -> Base:
        """The version that this save was written from, as far as the server can tell.

        A client that was sent a text while it was writing may have taken it or not: whichever
        leaves it less to have done.
        """
        if origin.connection is None:
            return self._text.head()
        bases = self._delivery.bases(origin.connection)
        if len(bases) == 1 or continues(bases[-1], content, cursor):
            return bases[-1]
        return min(bases, key=lambda base: work_from(base, content, cursor, origin.user.id))

    def _add_feedback(
        self, command: AddFeedback | QuoteFeedback, origin: Origin, now: Now
    ) -> Outcome:
        self._require(origin, Verb.COMMENT)
        if len(self.head.feedback) >= self.rules.feedback_per_essay:
            message = f"an essay holds at most {self.rules.feedback_per_essay} pieces of feedback"
            raise TooLarge(message, field="feedback")
        if isinstance(command, QuoteFeedback):
            highlight: Highlight | None = find_quote(self._text.text, command)
        else:
            highlight = self._range(command.start, command.end, origin)
        fact = FeedbackAdded(command.feedback_id, command.type, command.comment, highlight)
        details = {"feedback_id": command.feedback_id}
        return self._accept(command, origin, [fact], now, details)[1]

    def _range(self, start: int | None, end: int | None, origin: Origin) -> Highlight | None:
        if start is None or end is None:
            return None
        base = self._delivery.newest(origin.connection) or self._text.head()
        to_head = self._text.to_head(base)
        return range_at_head(base.text, start, end, to_head, self._text.text)

    def _own_feedback(self, feedback_id: FeedbackId, origin: Origin) -> None:
        """Only its author, the essay's owners and admins may change or delete feedback."""
        self._require(origin, Verb.COMMENT)
        item = self.head.feedback.get(feedback_id)
        if item is None:
            message = f"there is no feedback {feedback_id} on this essay"
            raise NotFound(message, field="feedback_id")
        if item.author != origin.user.id:
            self._require(origin, Verb.MANAGE)

    def _change_feedback(self, command: ChangeFeedback, origin: Origin, now: Now) -> Outcome:
        self._own_feedback(command.feedback_id, origin)
        highlight = self._range(command.start, command.end, origin)
        fact = feedback_to_change(self.head.feedback[command.feedback_id], command, highlight)
        _, outcome = self._accept(command, origin, [fact] if fact else [], now)
        return self._settle_now(outcome, now)

    def _delete_feedback(self, command: DeleteFeedback, origin: Origin, now: Now) -> Outcome:
        self._own_feedback(command.feedback_id, origin)
        return self._accept(command, origin, [FeedbackDeleted(command.feedback_id)], now)[1]

    def _change(self, command: ChangeEssay, origin: Origin, now: Now) -> Outcome:
        self._require(origin, Verb.EDIT)
        here = {name: getattr(self.head, name) for name in command.fields}
        changed = {k: v for k, v in command.fields.items() if here[k] != v}
        _, outcome = self._accept(command, origin, [EssayChanged(changed)] if changed else [], now)
        return self._settle_now(outcome, now)

    # ---- typing -----------------------------------------------------------------------------

    def _awareness(self, origin: Origin, effects: list[Effect]) -> Outcome:
        return Outcome(effects=(*effects, Acknowledge(origin, self.confirmed.seq)))

    def _types(self, user: User, now: Now) -> list[Effect]:
        if not self._typists.touch(user.id, now.tick):
            return []
        self._editors.typing(user.id, typing=True)
        return [Broadcast(TypingStarted(self.confirmed.id, user, now.wall), except_user=user.id)]

    def _stops_typing(self, user_id: UserId, now: Now) -> list[Effect]:
        if not self._typists.stop(user_id):
            return []
        self._editors.typing(user_id, typing=False)
        stopped = TypingStopped(self.confirmed.id, user_id, now.wall)
        return [Broadcast(stopped, except_user=user_id)]

    # ---- what people are told ---------------------------------------------------------------

    def _evolve(self, state: EssayState, entry: Entry) -> EssayState:
        return evolve(state, entry)

    def _told(self, entry: Entry, pending: Pending[EssayState], now: Now) -> list[Effect]:
        essay_id = self.confirmed.id
        match entry.fact:
            case TextEdited():
                return self._text_told(entry, pending, now)
            case FeedbackAdded(feedback_id=feedback_id):
                self._pace.seen(self.confirmed.feedback)
                shown = shown_feedback(pending.state, self.people, [feedback_id])
                return [
                    Broadcast(NewFeedback(essay_id, entry.seq, item)) for item in shown.values()
                ]
            case FeedbackChanged(feedback_id=feedback_id):
                self._pace.told(feedback_id, self.confirmed.feedback, now.tick)
                return self._feedback_told([feedback_id])
            case FeedbackDeleted(feedback_id=feedback_id):
                self._pace.forget(feedback_id)
                return [Broadcast(FeedbackRemoved(essay_id, entry.seq, feedback_id))]
            case _:
                return []

    def _text_told(self, entry: Entry, pending: Pending[EssayState], now: Now) -> list[Effect]:
        author = pending.origin.connection
        has_it = author if entry is pending.entries[0] else None
        patched = self._editors.patched(entry, has_it)
        saved = self._saves.pop(entry.seq, None)
        if saved is None:
            return patched  # formatting, or a second edit follows that belongs to this one
        held, behind = self._delivery.publish(saved.version, author, now.tick, exact=saved.exact)
        shown = shown_text(self.confirmed, self.people)
        effects: list[Effect] = [*patched, Broadcast(shown, except_connections=held)]
        if behind is not None:
            effects.append(Send(behind, shown))
        effects += self._cursor_told(pending.origin.user.id, saved, held)
        if saved.cursor is not None:
            self._editors.placed(author, saved.version, saved.cursor, saved.selection_end)
        moved = self._pace.moved(self.confirmed.feedback, now.tick)
        return effects + self._feedback_told(moved)

    def _cursor_told(
        self, user_id: UserId, saved: Saved, held: frozenset[ConnectionId]
    ) -> list[Effect]:
        if saved.cursor is None:
            return []
        text = self.confirmed.text
        end = None if saved.selection_end is None else to_utf16(text, saved.selection_end)
        moved = CursorMoved(self.confirmed.id, user_id, to_utf16(text, saved.cursor), end)
        return [Broadcast(moved, except_user=user_id, except_connections=held)]

    def _feedback_told(self, ids: list[FeedbackId]) -> list[Effect]:
        shown = shown_feedback(self.confirmed, self.people, ids) if ids else {}
        essay_id, seq = self.confirmed.id, self.confirmed.seq
        return [Broadcast(FeedbackUpdated(essay_id, seq, item)) for item in shown.values()]

    def _settled(self, pending: Pending[EssayState], now: Now) -> list[Effect]:
        unchanged = isinstance(pending.command, SaveText) and not pending.entries
        if unchanged and pending.origin.connection is not None:
            self._delivery.confirmed_alone(pending.origin.connection)
        return super()._settled(pending, now)

    def _welcome(self, connection: ConnectionId, _user: User, now: Now) -> list[Effect]:
        self._delivery.sent_state(connection)
        events: list[Event] = [shown_text(self.confirmed, self.people), *self._present(now)]
        return [Send(connection, event) for event in events]

    def _arrived(
        self, connection: ConnectionId, user: User, now: Now, *, first: bool
    ) -> list[Effect]:
        """Besides who came: who is typing, for the connection that did not see them start."""
        effects = super()._arrived(connection, user, now, first=first)
        for typist in self._typists.user_ids():
            if typist != user.id:
                started = TypingStarted(self.confirmed.id, self.people[typist], now.wall)
                effects.append(Send(connection, started))
        return effects

    def _left(self, user_id: UserId, now: Now) -> list[Effect]:
        return [*self._stops_typing(user_id, now), *super()._left(user_id, now)]

    def _dismissed(self, connection: ConnectionId) -> None:
        self._delivery.forget(connection)
        super()._dismissed(connection)

    def _typing(self) -> Iterable[UserId]:
        return self._typists.user_ids()

    def _news(self, connection: ConnectionId, knows: Glimpse[EssayState], now: Now) -> list[Event]:
        for_editor = self._news_for_editor(connection, now)
        if for_editor is not None:
            return for_editor
        events: list[Event] = []
        state, essay_id = self.confirmed, self.confirmed.id
        differs = state.text != knows.state.text
        if self._delivery.owed(connection, now.tick, differs=differs):
            self._delivery.sent_state(connection)
            events.append(shown_text(state, self.people))
        events += self._feedback_news(knows)
        user_id = self.presence.user_of(connection)
        types, typed = frozenset(self._typing()) - {user_id}, knows.typing - {user_id}
        here = frozenset(self.presence.user_ids())
        for typist in sorted((typed - types) & here):
            events.append(TypingStopped(essay_id, typist, now.wall))
        for typist in sorted(types - typed):
            events.append(TypingStarted(essay_id, self.people[typist], now.wall))
        return events

    def glimpse(self, slow: ConnectionId | None = None) -> Glimpse[EssayState]:
        """As in every room; what waits for the connection goes on waiting until it reads again."""
        if slow is not None:
            self._delivery.slow(slow)
        return replace(super().glimpse(slow), untold=self._pace.waiting())

    def _feedback_news(self, knows: Glimpse[EssayState]) -> list[Event]:
        state, old = self.confirmed, knows.state.feedback
        if state.feedback is old and not knows.untold:
            return []
        changed = [
            i for i, item in state.feedback.items() if old.get(i) != item or i in knows.untold
        ]
        shown = shown_feedback(state, self.people, changed)
        events: list[Event] = [
            FeedbackRemoved(state.id, state.seq, i) for i in old if i not in state.feedback
        ]
        for i, item in shown.items():
            kind = FeedbackUpdated if i in old else NewFeedback
            events.append(kind(state.id, state.seq, item))
        return events

    # ---- time and trouble -------------------------------------------------------------------

    def expire(self, now: Now) -> list[Effect]:
        """Besides members: typists who stopped, text that was held, moves of highlights."""
        effects = super().expire(now)
        essay_id = self.confirmed.id
        for user_id in self._typists.expire(now.tick):
            stopped = TypingStopped(essay_id, user_id, now.wall)
            effects.append(Broadcast(stopped, except_user=user_id))
            self._editors.typing(user_id, typing=False)
        released = self._delivery.expire(now.tick)
        if released:
            shown = shown_text(self.confirmed, self.people)
            effects += [Send(connection, shown) for connection in released]
        return effects + self._feedback_told(self._pace.due(now.tick))

    def next_deadline(self) -> float | None:
        """Besides members: typing, held text and moves of highlights have theirs."""
        dues = (
            super().next_deadline(),
            self._typists.next_deadline(),
            self._delivery.next_deadline(),
            self._pace.next_deadline(),
        )
        return min((due for due in dues if due is not None), default=None)

    def rewind(self) -> list[tuple[Command, Origin]]:
        """As in every room; saves that were not durable are nobody's base any longer."""
        undone = super().rewind()
        self._delivery.lost(self.confirmed.seq)
        return undone

    def restore(self, state: EssayState, text: EssayText) -> None:
        """Start again from what is stored, after ``rewind``; members stay."""
        self._take_up(text)
        self.head = self.confirmed = state
        self._saves.clear()
        self._pace.seen(state.feedback)
        self._delivery.restored(text.head())

    def checkpoint(self) -> tuple[EssayState, bytes]:
        """The head and its Yjs state. Only meaningful while nothing is pending."""
        return self.head, self._text.state()


def _mapped(position: int | None, bridge: Change | None) -> int | None:
    if position is None or bridge is None:
        return position
    return bridge.map(position, Side.BEFORE)
