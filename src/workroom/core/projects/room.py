"""The room of one project: fields that merge one by one, and who is here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from workroom.core.commands import (
    AddCanvas,
    CancelTask,
    ChangeProject,
    Command,
    DeleteRoom,
    Join,
    Leave,
    Origin,
    RemoveCanvas,
    SetRight,
    SettleTask,
    ShowProgress,
    StartTask,
)
from workroom.core.effects import Broadcast, Effect, Outcome, Send
from workroom.core.entries import (
    CanvasAdded,
    CanvasRemoved,
    Entry,
    ProjectChanged,
    TaskSettled,
    TaskStarted,
)
from workroom.core.events import (
    CanvasDeleted,
    CanvasShown,
    Event,
    NewCanvas,
    ProjectUpdated,
    UserJoined,
    UserLeft,
)
from workroom.core.people import People, User
from workroom.core.permissions import Verb
from workroom.core.projects.fields import effective_patch, json_size, merge_patch, patch_between
from workroom.core.projects.state import ProjectState, evolve
from workroom.core.projects.task_room import TaskRoom
from workroom.core.room import Glimpse, Pending
from workroom.core.time import Now
from workroom.errors import Conflict, InvalidMessage, NotFound, QuotaExceeded, TooLarge
from workroom.ids import CanvasId, ConnectionId


class ProjectRoom(TaskRoom):
    """The authority over one project on this node."""

    def _decide(self, command: Command, origin: Origin, now: Now) -> Outcome:
        match command:
            case Join():
                return self._join(command, origin, now)
            case Leave():
                return self._leave(command, origin, now)
            case ChangeProject():
                return self._change(command, origin, now)
            case AddCanvas():
                return self._add_canvas(command, origin, now)
            case RemoveCanvas():
                return self._remove_canvas(command, origin, now)
            case StartTask():
                return self._start(command, origin, now)
            case CancelTask():
                return self._cancel(command, origin, now)
            case SettleTask():
                return self._settle(command, origin, now)
            case ShowProgress():
                return self._show(command, now)
            case SetRight():
                return self._set_right(command, origin, now)
            case DeleteRoom():
                return self._delete(command, origin, now)
            case _:
                message = "a project is not an essay"
                raise InvalidMessage(message)

    def _change(self, command: ChangeProject, origin: Origin, now: Now) -> Outcome:
        self._require(origin, Verb.EDIT)
        self._require_as_expected(command.expected)
        changed = self._what_changes(command.changes)
        _, outcome = self._accept(
            command, origin, [ProjectChanged(changed)] if changed else [], now
        )
        return self._settle_now(outcome, now)

    def _require_as_expected(self, expected: Mapping[str, Any]) -> None:
        here = self.head.fields()
        for name, value in expected.items():
            if here[name] != value:
                message = "is not what this was made from; somebody changed it meanwhile"
                raise Conflict(message, field=f"payload.expected.{name}")

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

    def _add_canvas(self, command: AddCanvas, origin: Origin, now: Now) -> Outcome:
        self._require(origin, Verb.EDIT)
        most = self.rules.canvases_per_project
        if len(self.head.canvases) >= most:
            message = f"a project holds at most {most} canvases"
            raise TooLarge(message, field="file")
        require_place(self.head, command.media.size, self.rules.project_file_bytes)
        fact = CanvasAdded(command.canvas_id, command.media)
        details = {"canvas_id": command.canvas_id}
        return self._accept(command, origin, [fact], now, details)[1]

    def _remove_canvas(self, command: RemoveCanvas, origin: Origin, now: Now) -> Outcome:
        self._require(origin, Verb.EDIT)
        if command.canvas_id not in self.head.canvases:
            message = f"there is no canvas {command.canvas_id} in this project"
            raise NotFound(message, field="canvas_id")
        ended = self._end_all_on(command.canvas_id)
        return self._accept(command, origin, [*ended, CanvasRemoved(command.canvas_id)], now)[1]

    # ---- what people are told ---------------------------------------------------------------

    def _evolve(self, state: ProjectState, entry: Entry) -> ProjectState:
        return evolve(state, entry)

    def _told(self, entry: Entry, _pending: Pending[ProjectState], _now: Now) -> list[Effect]:
        return [*self._last_words(entry), *map(Broadcast, self._events_of(entry))]

    def _events_of(self, entry: Entry) -> list[Event]:
        """What everybody in the room is told of an entry, now or when they come back."""
        project_id = self.confirmed.id
        match entry.fact:
            case ProjectChanged(changes=changes):
                return [ProjectUpdated(project_id, entry.seq, changes, entry.actor)]
            case CanvasAdded(canvas_id=canvas_id, media=media):
                author = self.people[entry.actor]
                shown = CanvasShown(canvas_id, project_id, media, author, entry.at)
                return [NewCanvas(entry.seq, shown)]
            case CanvasRemoved(canvas_id=canvas_id):
                return [CanvasDeleted(project_id, entry.seq, canvas_id)]
            case TaskStarted() | TaskSettled():
                return self._events_of_task(entry, entry.fact)
            case _:
                return []

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
        events: list[Event] = [*others, everything, *self._running()]
        return [Send(connection, event) for event in events]

    def _make_up(
        self, connection: ConnectionId, user: User, missed: Sequence[Entry], now: Now
    ) -> list[Effect]:
        events = [event for entry in missed for event in self._events_of(entry)]
        events += [joined for joined in self._present(now) if joined.user.id != user.id]
        return [Send(connection, event) for event in [*events, *self._running()]]

    def _more_state(self, connection: ConnectionId) -> list[Effect]:
        state = self.confirmed
        shown = shown_canvases(state, self.people, state.canvases)
        return [Send(connection, NewCanvas(state.seq, canvas)) for canvas in shown]

    def _news(
        self, _connection: ConnectionId, knows: Glimpse[ProjectState], _now: Now
    ) -> list[Event]:
        old, state = knows.state.fields(), self.confirmed
        changes = {k: v for k, v in state.fields().items() if old[k] != v}
        if "metadata" in changes:
            changes["metadata"] = patch_between(old["metadata"], changes["metadata"])
        news = self._canvas_news(knows.state)
        if changes:
            news.append(ProjectUpdated(state.id, state.seq, changes, state.updated_by))
        return [*news, *self._task_news(knows.state)]

    def _canvas_news(self, knows: ProjectState) -> list[Event]:
        state, old = self.confirmed, knows.canvases
        if state.canvases is old:
            return []
        new = [each for each in state.canvases if each not in old]
        shown = shown_canvases(state, self.people, new)
        gone = [CanvasDeleted(state.id, state.seq, i) for i in old if i not in state.canvases]
        return [*(NewCanvas(state.seq, canvas) for canvas in shown), *gone]

    def _leave(self, command: Leave, origin: Origin, now: Now) -> Outcome:
        """Whoever leaves is told so as well, also when another tab of theirs stays."""
        outcome = super()._leave(command, origin, now)
        connection = origin.connection
        if not command.clean or connection is None:
            return outcome
        left = UserLeft(self.id, origin.user.id, now.wall)
        return Outcome(effects=(Send(connection, left), *outcome.effects))

    def close(self) -> None:
        """The room leaves memory."""


def require_place(state: ProjectState, size: int, most: int) -> None:
    """Raise QuotaExceeded unless ``size`` more bytes fit into the ``most`` that a project has."""
    if state.file_bytes + size > most:
        message = (
            f"the files of a project have at most {most} bytes together, "
            f"and {state.file_bytes} are in use"
        )
        raise QuotaExceeded(message, field="file")


def shown_canvases(
    state: ProjectState, people: People, ids: Iterable[CanvasId]
) -> list[CanvasShown]:
    """These canvases as clients see them. Unknown ids are left out."""
    found = [state.canvases[each] for each in ids if each in state.canvases]
    return [
        CanvasShown(one.id, state.id, one.media, people[one.author], one.created_at)
        for one in found
    ]
