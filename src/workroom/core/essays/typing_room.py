"""The part of an essay's room that knows who types. ``EssayRoom`` has the rest."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from workroom.core.awareness import Typists
from workroom.core.commands import Origin
from workroom.core.effects import Acknowledge, Broadcast, Effect, Outcome, Share
from workroom.core.essays.state import EssayState
from workroom.core.essays.text import EssayText
from workroom.core.essays.yjs import YjsRoom
from workroom.core.events import TypingStarted, TypingStopped
from workroom.core.limits import RoomRules
from workroom.core.people import User
from workroom.core.signals import Typing
from workroom.core.time import Now, earliest
from workroom.ids import UserId

SHARED_EVERY: Final = 5.0
"""Seconds after which other nodes are told again that somebody of ours types."""
BELIEVED_FOR: Final = 12.0
"""Seconds for which another node's word counts that somebody types, when no further one comes."""


class TypingRoom(YjsRoom):
    """A room of a text that people are seen to type in."""

    def __init__(
        self,
        state: EssayState,
        text: EssayText,
        people: Mapping[UserId, User],
        rules: RoomRules,
    ) -> None:
        super().__init__(state, text, people, rules)
        self._typists = Typists(rules.typing_idle)
        self._shared_at: dict[UserId, float] = {}
        """Who types on this node, and when the other nodes were last told so."""

    def _awareness(self, origin: Origin, effects: list[Effect]) -> Outcome:
        return Outcome(effects=(*effects, Acknowledge(origin, self.confirmed.seq)))

    def _types(self, user: User, now: Now) -> list[Effect]:
        """A sign of typing on this node."""
        effects = self._seen_typing(user, now, self.rules.typing_idle)
        if now.tick - self._shared_at.get(user.id, float("-inf")) >= SHARED_EVERY:
            self._shared_at[user.id] = now.tick
            effects.append(Share(Typing(user, typing=True)))
        return effects

    def _seen_typing(self, user: User, now: Now, idle: float) -> list[Effect]:
        if not self._typists.touch(user.id, now.tick, idle):
            return []
        self._editors.typing(self.presence.connections_of(user.id), typing=True)
        return [Broadcast(TypingStarted(self.confirmed.id, user, now.wall), except_user=user.id)]

    def _stops_typing(self, user_id: UserId, now: Now) -> list[Effect]:
        if not self._typists.stop(user_id):
            return []
        return self._stopped(user_id, now)

    def _stopped(self, user_id: UserId, now: Now) -> list[Effect]:
        self._editors.typing(self.presence.connections_of(user_id), typing=False)
        stopped = TypingStopped(self.confirmed.id, user_id, now.wall)
        effects: list[Effect] = [Broadcast(stopped, except_user=user_id)]
        if self._shared_at.pop(user_id, None) is not None:
            effects.append(Share(Typing(self.people[user_id], typing=False)))
        return effects

    def _goes_on_typing(self, user_id: UserId, now: Now) -> None:
        """Somebody who is seen to type has edited the text through another node."""
        if user_id not in self._shared_at:
            self._typists.touch(user_id, now.tick, BELIEVED_FOR)

    def _typing_elsewhere(self, signal: Typing, now: Now) -> list[Effect]:
        """What another node says. Of who types here as well, this node knows better."""
        if signal.user.id in self._shared_at:
            return []
        if signal.typing:
            return self._seen_typing(signal.user, now, BELIEVED_FOR)
        return self._stops_typing(signal.user.id, now)

    def _typing(self) -> Iterable[UserId]:
        return self._typists.user_ids()

    def _left(self, user_id: UserId, now: Now) -> list[Effect]:
        return [*self._stops_typing(user_id, now), *super()._left(user_id, now)]

    def expire(self, now: Now) -> list[Effect]:
        """Besides members: typists who stopped."""
        effects = super().expire(now)
        for user_id in self._typists.expire(now.tick):
            effects += self._stopped(user_id, now)
        return effects

    def next_deadline(self) -> float | None:
        """Besides members: typing has its time."""
        return earliest(super().next_deadline(), self._typists.next_deadline())
