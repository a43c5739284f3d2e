"""The room of one essay: text, feedback, typing, and who gets what when."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Final, cast

from workroom.core.commands import (
    AddFeedback,
    ApplyUpdate,
    ChangeEssay,
    ChangeFeedback,
    ChangeReply,
    Command,
    DeleteFeedback,
    DeleteReply,
    DeleteRoom,
    FeedbackCommand,
    Join,
    Leave,
    NameRevision,
    Origin,
    QueryAwareness,
    QuoteFeedback,
    ReplyFeedback,
    RestoreRevision,
    Resynchronize,
    SaveText,
    SetRight,
    ShowAwareness,
    StartTyping,
    StopTyping,
    Synchronize,
)
from workroom.core.effects import Broadcast, Effect, Outcome, Probe, Send, Share
from workroom.core.entries import Entry, EssayChanged, TextEdited, made
from workroom.core.essays.bases import bases_named, forgotten, require_past
from workroom.core.essays.delivery import Delivery, Release, Untold
from workroom.core.essays.feedback_pace import MOST_AT_ONCE
from workroom.core.essays.feedback_room import Asked, Threads, range_at_head
from workroom.core.essays.revisions import naming
from workroom.core.essays.state import EssayState, evolve
from workroom.core.essays.text import EssayText
from workroom.core.essays.typing_room import TypingRoom
from workroom.core.essays.view import caret_elsewhere, retold, shown_feedback, shown_text
from workroom.core.events import (
    CursorMoved,
    EssayUpdated,
    Event,
    NewFeedback,
    TypingStarted,
    TypingStopped,
)
from workroom.core.limits import RoomRules
from workroom.core.people import User
from workroom.core.permissions import Verb, allows
from workroom.core.room import Glimpse, Pending
from workroom.core.signals import Pointed, Signal, Typing
from workroom.core.text import (
    Highlight,
    clean_with_carets,
    diff,
    to_utf16,
    utf16_length,
)
from workroom.core.time import Now, earliest
from workroom.errors import InvalidMessage, TooLarge
from workroom.ids import ConnectionId, UserId

STORED_WITHIN: Final = 5.0
"""Seconds in which an edit is stored, for all that those who come back need to be told again."""


class EssayRoom(TypingRoom):
    """The authority over one essay on this node."""

    def __init__(
        self,
        state: EssayState,
        text: EssayText,
        people: Mapping[UserId, User],
        rules: RoomRules,
    ) -> None:
        super().__init__(state, text, people, rules)
        self._delivery = Delivery(rules, text)
        self._threads = Threads(rules, self.people)
        self._threads.seen(state.feedback)
        self._saves: dict[int, Untold] = {}
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
            case (
                AddFeedback()
                | QuoteFeedback()
                | ChangeFeedback()
                | DeleteFeedback()
                | ReplyFeedback()
                | ChangeReply()
                | DeleteReply()
            ):
                return self._discuss(self.bind(command, origin, now), origin, now)
            case RestoreRevision():
                return self._restore(command, origin, now)
            case NameRevision():
                return self._name(command, origin, now)
            case ChangeEssay():
                return self._change(command, origin, now)
            case SetRight():
                return self._set_right(command, origin, now)
            case DeleteRoom():
                return self._delete(command, origin, now)
            case _:
                message = "an essay is not a project"
                raise InvalidMessage(message)

    def _save(self, command: SaveText, origin: Origin, now: Now) -> Outcome:
        self.give_up(command, origin)
        self._require(origin, Verb.EDIT)
        carets = command.cursor, command.selection_end
        content, [cursor, selection_end] = clean_with_carets(command.content, *carets)
        self._require_room_for(content)
        reader = self._delivery.reader(origin.connection, origin.user.id, now.tick)
        bases = bases_named(command, reader, self.head.seq)
        merge = reader.save_from(bases, content, cursor, now.tick)
        effects = self._types(origin.user, now) if origin.connection is not None else []
        facts = []
        if not merge.change.is_empty:
            fact = self._text.commit(merge.change, self.head.seq + 1, origin.user.id)
            doubtful = merge.inferred and merge.foreign > 0
            facts.append(replace(fact, inferred=True) if doubtful else fact)
        pending, outcome = self._accept(command, origin, facts, now)
        reader.accepted(merge)
        version = self._text.head()
        if facts:
            self._saves[pending.state.seq] = Untold(
                version,
                version.text == content,
                merge.mapped(cursor),
                merge.mapped(selection_end),
            )
        if origin.connection is not None:
            self._delivery.saved(origin.connection, now.tick, astray=merge.additions_only)
        return self._settle_now(Outcome(outcome.entries, (*effects, *outcome.effects)), now)

    def lacks(self, command: Command, origin: Origin) -> bool:
        """As in every room; also the text that a save names, when that is too long ago."""
        if not isinstance(command, SaveText):
            return super().lacks(command, origin)
        base_seq = command.base_seq
        if base_seq is None or command.base_text is not None:
            return False
        may = allows(self.id.kind, Verb.EDIT, self.right_of(origin.user))
        return may and not self._delivery.knows(base_seq, origin.connection)

    def _require_room_for(self, content: str) -> None:
        units = utf16_length(content)
        if units > self.rules.essay_units:
            message = (
                f"an essay holds at most {self.rules.essay_units} UTF-16 units, this has {units}"
            )
            raise TooLarge(message, field="content")

    def _restore(self, command: RestoreRevision, origin: Origin, now: Now) -> Outcome:
        """An edit like any other, from the head: what others are still typing is merged with it."""
        self._require(origin, Verb.EDIT)
        self._require_room_for(command.content)
        change = diff(self._text.text, command.content)
        facts = []
        if not change.is_empty:
            fact = self._text.commit(change, self.head.seq + 1, origin.user.id)
            facts.append(replace(fact, restores=command.revision))
        pending, outcome = self._accept(command, origin, facts, now)
        if facts:
            version = self._text.head()
            self._saves[pending.state.seq] = Untold(
                version, exact=True, cursor=None, selection_end=None
            )
        return self._settle_now(outcome, now)

    def _name(self, command: NameRevision, origin: Origin, now: Now) -> Outcome:
        self._require(origin, Verb.EDIT)
        fact = naming(self.head, command, self.rules)
        _, outcome = self._accept(command, origin, [fact] if fact else [], now)
        return self._settle_now(outcome, now)

    def _updated(self, seq: int, user: User, now: Now) -> list[Effect]:
        version = self._text.head()
        self._saves[seq] = Untold(version, exact=True, cursor=None, selection_end=None)
        return self._types(user, now)

    def _behind(self) -> frozenset[ConnectionId]:
        return self._delivery.behind()

    def bind(self, command: Command, origin: Origin, now: Now) -> Command:
        """As in every room: offsets count in the text that the client last had."""
        if isinstance(command, SaveText):
            self._queue(origin, now.tick)
        if not isinstance(command, AddFeedback | ChangeFeedback):
            return command
        if command.start is None or command.seen is not None:
            return command
        named = command.base_seq if isinstance(command, AddFeedback) else None
        if named is None:
            by, edges = (origin.connection, origin.user.id), (command.start, command.end or 0)
            return replace(command, seen=self._delivery.chosen(*by, *edges, now.tick))
        return replace(command, seen=self._delivery.named(named, origin.connection))

    def _queue(self, origin: Origin, tick: float) -> None:
        connection = origin.connection
        if connection is not None and connection in self.presence:
            self._delivery.queued(connection, origin.user.id, tick)

    def give_up(self, command: Command, origin: Origin) -> None:
        """As in every room: who waited with a save may be sent the text again."""
        if isinstance(command, SaveText) and origin.connection is not None:
            self._delivery.unqueued(origin.connection)

    def _discuss(self, asked: Command, origin: Origin, now: Now) -> Outcome:
        command = cast("FeedbackCommand", asked)
        facts = self._threads.decide(command, Asked(origin, self.head, self._require, self._range))
        pending, outcome = self._accept(command, origin, facts, now)
        pending.details.update(made(pending.entries))
        return self._settle_now(outcome, now)

    def _range(self, command: AddFeedback | ChangeFeedback, origin: Origin) -> Highlight | None:
        named = command.base_seq if isinstance(command, AddFeedback) else None
        require_past(named, self.head.seq)
        if command.start is None or command.end is None:
            return None
        base = command.seen
        if base is None:
            return forgotten(named or 0)
        newest = self._delivery.newest(origin.connection, origin.user.id)
        if named is None and newest.text == base.text:
            base = newest  # their own save may have been merged anew since
        to_head = self._text.to_head(base)
        return range_at_head(base.text, command.start, command.end, to_head, self._text.text)

    def _change(self, command: ChangeEssay, origin: Origin, now: Now) -> Outcome:
        self._require(origin, Verb.EDIT)
        here = {name: getattr(self.head, name) for name in command.fields}
        changed = {k: v for k, v in command.fields.items() if here[k] != v}
        _, outcome = self._accept(command, origin, [EssayChanged(changed)] if changed else [], now)
        return self._settle_now(outcome, now)

    # ---- what people are told ---------------------------------------------------------------

    def _evolve(self, state: EssayState, entry: Entry) -> EssayState:
        mirror = self._text.mirror  # one string for both of them
        return evolve(state, entry, mirror.text if mirror.seq == entry.seq else None)

    def _told(self, entry: Entry, pending: Pending[EssayState], now: Now) -> list[Effect]:
        if isinstance(entry.fact, TextEdited):
            return self._text_told(entry, pending, now)
        return _to_all(self._threads.told(entry, self.confirmed, now.tick))

    def _text_told(self, entry: Entry, pending: Pending[EssayState], now: Now) -> list[Effect]:
        author = pending.origin.connection
        has_it = author if entry is pending.entries[0] else None
        patched = self._editors.patched(entry, has_it)
        saved = self._saves.pop(entry.seq, None)
        if saved is None:
            return patched  # formatting, or a second edit follows that belongs to this one
        release = self._delivery.publish(saved.version, author, now.tick, exact=saved.exact)
        told = partial(shown_text, self.confirmed, self.people)
        effects = patched + release.effects(told, len(self.presence))
        effects += self._cursor_told(pending.origin.user.id, saved, release)
        if saved.cursor is not None:
            self._editors.placed(author, saved.version, saved.cursor, saved.selection_end)
        return effects + _to_all(self._threads.moved(self.confirmed, now.tick))

    def _cursor_told(self, user_id: UserId, saved: Untold, release: Release) -> list[Effect]:
        heard = release.is_heard(len(self.presence))
        if saved.cursor is None or (self.rules.alone and not heard):
            return []
        text = self.confirmed.text
        end = None if saved.selection_end is None else to_utf16(text, saved.selection_end)
        moved = CursorMoved(self.confirmed.id, user_id, to_utf16(text, saved.cursor), end)
        pointed = Share(Pointed(user_id, self.confirmed.seq, moved.position, end))
        if not heard:
            return [pointed]
        return [Broadcast(moved, except_user=user_id, except_connections=release.held), pointed]

    def _settled(self, pending: Pending[EssayState], now: Now) -> list[Effect]:
        unchanged = isinstance(pending.command, SaveText) and not pending.entries
        if unchanged and pending.origin.connection is not None:
            self._delivery.confirmed_alone(pending.origin.connection)
        return super()._settled(pending, now)

    def _welcome(self, connection: ConnectionId, _user: User, now: Now) -> list[Effect]:
        text = shown_text(self.confirmed, self.people)
        return self._sent(connection, [text, *self._present(now)], now)

    def _make_up(
        self, connection: ConnectionId, user: User, missed: Sequence[Entry], now: Now
    ) -> list[Effect]:
        state, since = self.confirmed, missed[0].seq - 1 if missed else self.confirmed.seq
        settled, held = self._told_late(user.id, since)
        events = retold(state, self.people, missed, self._text.first_change_since, settled)
        if not any(isinstance(event, EssayUpdated) for event in events):
            if held:
                events.append(shown_text(state, self.people))
            else:
                self._delivery.has_latest(connection, now.tick)
        return self._sent(connection, [*events, *self._present(now)], now)

    def _told_late(self, user_id: UserId, since: int) -> tuple[int | None, bool]:
        """What somebody may lack who has seen the number ``since``: some things come after theirs.

        The entry up to which they surely know all moves of highlights (None: ``since``), and
        whether others' text may have been held from them, because they typed.
        """
        rules, turns = self.rules, 2 + len(self.confirmed.feedback) / MOST_AT_ONCE
        latest = max(rules.quiet + rules.longest_hold, rules.feedback_pace * turns)
        recent = self.backlog.shortly_before(since, 1000 * (latest + STORED_WITHIN))
        if recent is None:
            return -1, True
        edits = [entry for entry in recent if isinstance(entry.fact, TextEdited)]
        authors = {entry.actor for entry in edits}
        settled = edits[0].seq - 1 if edits else None
        return settled, user_id in authors and len(authors) > 1

    def _more_state(self, connection: ConnectionId) -> list[Effect]:
        state = self.confirmed
        shown = shown_feedback(state, self.people, state.feedback)
        return [Send(connection, NewFeedback(state.id, state.seq, item)) for item in shown.values()]

    def _sent(self, connection: ConnectionId, events: list[Event], now: Now) -> list[Effect]:
        """Tell these to a connection; when the text is among them, its arrival is asked for."""
        effects: list[Effect] = []
        for event in events:
            effects.append(Send(connection, event))
            if isinstance(event, EssayUpdated):
                effects.append(Probe(connection, self._delivery.welcomed(connection, now.tick)))
        return effects

    def _arrived(
        self, connection: ConnectionId, user: User, now: Now, *, first: bool
    ) -> list[Effect]:
        """Besides who came: who is typing, for the connection that did not see them start."""
        self._delivery.joined(connection, user.id)
        effects = super()._arrived(connection, user, now, first=first)
        for typist in self._typists.user_ids():
            if typist != user.id:
                started = TypingStarted(self.confirmed.id, self.people[typist], now.wall)
                effects.append(Send(connection, started))
        return effects

    def _dismissed(self, connection: ConnectionId, now: Now) -> None:
        self._delivery.forget(connection, now.tick)
        super()._dismissed(connection, now)

    def arrived(self, connection: ConnectionId, probe: int, now: Now) -> None:
        """As in every room: that tells from which text the next save can have been written."""
        self._delivery.arrived(connection, probe, now.tick)

    def served(self, user: User, now: Now) -> None:
        """As in every room: that text may be what the user sends a new version of."""
        self._delivery.served(user.id, now.tick)

    def _news(self, connection: ConnectionId, knows: Glimpse[EssayState], now: Now) -> list[Event]:
        for_editor = self._news_for_editor(connection, now)
        if for_editor is not None:
            return for_editor
        events: list[Event] = []
        state, essay_id = self.confirmed, self.confirmed.id
        differs = state.text != knows.state.text
        if self._delivery.owed(connection, now.tick, differs=differs):
            events.append(shown_text(state, self.people))
        events += self._threads.news(state, knows.state.feedback, knows.untold, now.tick)
        user_id = self.presence.user_of(connection)
        types, typed = frozenset(self._typing()) - {user_id}, knows.typing - {user_id}
        here = frozenset(self.presence.user_ids())
        for typist in sorted((typed - types) & here):
            events.append(TypingStopped(essay_id, typist, now.wall))
        for typist in sorted(types - typed):
            events.append(TypingStarted(essay_id, self.people[typist], now.wall))
        return events

    def catch_up(
        self, connection: ConnectionId, knows: Glimpse[EssayState], now: Now
    ) -> list[Effect]:
        """As in every room; when the text is among it, its arrival is asked for."""
        effects = super().catch_up(connection, knows, now)
        events = [effect.event for effect in effects if isinstance(effect, Send)]
        return self._sent(connection, events, now)

    def glimpse(self, slow: ConnectionId | None = None) -> Glimpse[EssayState]:
        """As in every room; what waits for the connection goes on waiting until it reads again."""
        if slow is not None:
            self._delivery.slow(slow)
        return replace(super().glimpse(slow), untold=self._threads.untold())

    # ---- time and trouble -------------------------------------------------------------------

    def expire(self, now: Now) -> list[Effect]:
        """Besides members and typing: text that was held, moves of highlights."""
        effects = super().expire(now)
        released = self._delivery.expire(now.tick)
        if released:
            shown = shown_text(self.confirmed, self.people)
            for connection, probe in released:
                effects += [Send(connection, shown), Probe(connection, probe)]
        return effects + _to_all(self._threads.due(self.confirmed, now.tick))

    def next_deadline(self) -> float | None:
        """Besides members and typing: held text and moves of highlights have theirs."""
        return earliest(
            super().next_deadline(),
            self._delivery.next_deadline(),
            self._threads.next_deadline(),
        )

    def rewind(self) -> list[tuple[Command, Origin]]:
        """As in every room; saves that were not durable are nobody's base any longer."""
        undone = super().rewind()
        self._delivery.lost(self.confirmed.seq)
        return undone

    def retrace(self) -> list[Effect]:
        """As in every room; members know nothing of it, and what they have stays their base."""
        self._text.take_back(self.confirmed.seq)
        self._saves.clear()
        self._delivery.retraced()
        return self._retraced()

    def heard(self, node: str, signal: Signal, now: Now) -> list[Effect]:
        """As in every room; also who types, where carets are, and what editors show."""
        match signal:
            case Typing():
                return self._typing_elsewhere(signal, now)
            case Pointed():
                return self._pointed_elsewhere(signal)
            case _:
                return super().heard(node, signal, now)

    def _pointed_elsewhere(self, signal: Pointed) -> list[Effect]:
        moved = caret_elsewhere(signal, self._text.mirror, self.confirmed)
        if moved is None:
            return []
        held = self._delivery.behind()
        return [Broadcast(moved, except_user=signal.user_id, except_connections=held)]

    def _take_over(self, entry: Entry, after: Entry | None, now: Now) -> None:
        fact = entry.fact
        if not isinstance(fact, TextEdited):
            return
        self._text.follow(fact, entry.seq, entry.actor)
        if entry.actor in self._typists:
            self._goes_on_typing(entry.actor, now)
        more = after is not None and isinstance(after.fact, TextEdited)
        if not (fact.change.is_empty or more):  # else what follows is told with it
            version = self._text.head()
            self._saves[entry.seq] = Untold(version, exact=True, cursor=None, selection_end=None)

    def restore(self, state: EssayState, text: EssayText) -> None:
        """Start again from what is stored, after ``rewind``; members stay."""
        self._take_up(text)
        self._restart(state)
        self._saves.clear()
        self._threads.seen(state.feedback)
        self._delivery.restored(text)

    def checkpoint(self) -> tuple[EssayState, bytes, str]:
        """The head, its Yjs state, and who wrote each letter of it."""
        return self.head, self._text.state(), self._text.head().authors


def _to_all(events: Iterable[Event]) -> list[Effect]:
    return [Broadcast(event) for event in events]
