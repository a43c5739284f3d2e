"""The room of one project: fields that merge one by one, and who is here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from workroom.core.commands import (
    ChangeProject,
    Command,
    DeleteRoom,
    Join,
    Leave,
    Origin,
    SetRight,
)
from workroom.core.effects import Broadcast, Effect, Outcome, Send
from workroom.core.entries import Entry, ProjectChanged
from workroom.core.events import Event, ProjectUpdated, UserJoined, UserLeft
from workroom.core.fields import effective_patch, json_size, merge_patch, patch_between
from workroom.core.limits import RoomRules
from workroom.core.people import User
from workroom.core.permissions import Verb
from workroom.core.project_state import ProjectState, evolve
from workroom.core.room import Glimpse, Pending, Room
from workroom.core.time import Now
from workroom.errors import InvalidMessage, TooLarge
from workroom.ids import ConnectionId, RoomId, RoomKind, UserId


class ProjectRoom(Room[ProjectState]):
    """The authority over one project on this node."""

    def __init__(
        self, state: ProjectState, people: Mapping[UserId, User], rules: RoomRules
    ) -> None:
        super().__init__(RoomId(RoomKind.PROJECT, state.id), state, people, rules)

    def _decide(self, command: Command, origin: Origin, now: Now) -> Outcome:
        match command:
            case Join():
                return self._join(command, origin, now)
            case Leave():
                return self._leave(command, origin, now)
            case ChangeProject():
                return self._change(command, origin, now)
            case SetRight():
                return self._set_right(command, origin, now)
            case DeleteRoom():
                return self._delete(command, origin, now)
            case _:
                message = "a project is not an essay"
                raise InvalidMessage(message)

    def _change(self, command: ChangeProject, origin: Origin, now: Now) -> Outcome:
        self._require(origin, Verb.EDIT)
        changed = self._what_changes(command.changes)
        _, outcome = self._accept(
            command, origin, [ProjectChanged(changed)] if changed else [], now
        )
        return self._settle_now(outcome, now)

    def _what_changes(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        here = self.head.fields()
        changed = {k: v for k, v in asked.items() if k != "metadata" and here[k] != v}
        if "metadata" in asked:
            patch = effective_patch(here["metadata"], asked["metadata"])
            if patch:
                changed["metadata"] = patch
                self._require_room_for(merge_patch(here["metadata"], patch))
        return changed

    def _require_room_for(self, metadata: Any) -> None:
        size = json_size(metadata)
        if size > self.rules.metadata_bytes:
            message = f"metadata holds at most {self.rules.metadata_bytes} bytes, this is {size}"
            raise TooLarge(message, field="payload.data.metadata")

    # ---- what people are told ---------------------------------------------------------------

    def _evolve(self, state: ProjectState, entry: Entry) -> ProjectState:
        return evolve(state, entry)

    def _told(self, entry: Entry, pending: Pending[ProjectState], _now: Now) -> list[Effect]:
        if not isinstance(entry.fact, ProjectChanged):
            return []
        updated = ProjectUpdated(
            self.confirmed.id, entry.seq, entry.fact.changes, pending.origin.user.id
        )
        return [Broadcast(updated)]

    def _arrived(
        self, connection: ConnectionId, user: User, now: Now, *, first: bool
    ) -> list[Effect]:
        """Everyone is told of a user's first connection; a further one is told of itself alone."""
        joined = UserJoined(self.id, user, now.wall)
        return [Broadcast(joined) if first else Send(connection, joined)]

    def _welcome(self, connection: ConnectionId, user: User, now: Now) -> list[Effect]:
        others = [joined for joined in self._present(now) if joined.user.id != user.id]
        state = self.confirmed
        everything = ProjectUpdated(state.id, state.seq, state.fields(), state.updated_by)
        events: list[Event] = [*others, everything]
        return [Send(connection, event) for event in events]

    def _make_up(
        self, connection: ConnectionId, user: User, missed: Sequence[Entry], now: Now
    ) -> list[Effect]:
        project = self.confirmed.id
        events: list[Event] = [
            ProjectUpdated(project, entry.seq, entry.fact.changes, entry.actor)
            for entry in missed
            if isinstance(entry.fact, ProjectChanged)
        ]
        events += [joined for joined in self._present(now) if joined.user.id != user.id]
        return [Send(connection, event) for event in events]

    def _news(
        self, _connection: ConnectionId, knows: Glimpse[ProjectState], _now: Now
    ) -> list[Event]:
        old, state = knows.state.fields(), self.confirmed
        changes = {k: v for k, v in state.fields().items() if old[k] != v}
        if "metadata" in changes:
            changes["metadata"] = patch_between(old["metadata"], changes["metadata"])
        if not changes:
            return []
        return [ProjectUpdated(state.id, state.seq, changes, state.updated_by)]

    def _leave(self, command: Leave, origin: Origin, now: Now) -> Outcome:
        """Whoever leaves is told so as well, also when another tab of theirs stays."""
        outcome = super()._leave(command, origin, now)
        connection = origin.connection
        if not command.clean or connection is None:
            return outcome
        left = UserLeft(self.id, origin.user.id, now.wall)
        return Outcome(effects=(Send(connection, left), *outcome.effects))

    def restore(self, state: ProjectState) -> None:
        """Start again from what is stored, after ``rewind``; members stay."""
        self._restart(state)

    def close(self) -> None:
        """The room leaves memory."""
