"""The part of a project's room that knows its tasks: who may begin and end them, and what is told.

The log says which tasks were begun and how they ended, so each ends once. Progress is not in the
log: it comes from the table of tasks, where the service has stored it, and is only told here.
"""

from __future__ import annotations

from abc import ABC
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from workroom.core.commands import (
    CancelTask,
    DeleteRoom,
    Origin,
    SettleTask,
    ShowProgress,
    StartTask,
)
from workroom.core.effects import Broadcast, Effect, Outcome
from workroom.core.entries import Entry, Fact, RoomDeleted, TaskSettled, TaskStarted
from workroom.core.events import Event, NewTask, TaskCompleted, TaskProgressed
from workroom.core.limits import RoomRules
from workroom.core.people import User
from workroom.core.permissions import Verb
from workroom.core.projects.bars import Bars
from workroom.core.projects.state import ProjectState, begun_by, settled_by
from workroom.core.room import Room
from workroom.core.signals import Progressed, Signal
from workroom.core.tasks import Bar, OpenTask, SettledTask, TaskState
from workroom.core.time import Now
from workroom.errors import Conflict, RateLimited
from workroom.ids import CanvasId, RoomId, RoomKind, TaskId, UserId

NO_BARS: Final[Mapping[TaskId, Bar]] = MappingProxyType({})
NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})


class TaskRoom(Room[ProjectState], ABC):
    """A room whose members see tasks come, go on and end."""

    def __init__(
        self,
        state: ProjectState,
        people: Mapping[UserId, User],
        rules: RoomRules,
        bars: Mapping[TaskId, Bar] = NO_BARS,
    ) -> None:
        """``bars``: how far the running tasks are, as stored."""
        super().__init__(RoomId(RoomKind.PROJECT, state.id), state, people, rules)
        self._bars = Bars(rules.tasks.pace, bars)

    def restore(self, state: ProjectState, bars: Mapping[TaskId, Bar] = NO_BARS) -> None:
        """Start again from what is stored, after ``rewind``; members stay."""
        self._restart(state)
        self._bars = Bars(self.rules.tasks.pace, bars)

    # ---- commands ---------------------------------------------------------------------------

    def _start(self, command: StartTask, origin: Origin, now: Now) -> Outcome:
        self._require(origin, Verb.EDIT)
        if command.canvas_id not in self.head.canvases:
            message = f"there is no canvas {command.canvas_id} in this project"
            raise Conflict(message, field="canvas_id")
        if command.task_id in self.head.tasks:
            message = "there is a task with this id already"
            raise Conflict(message, field="task_id")
        if len(self.head.tasks) >= self.rules.tasks.open_tasks:
            message = f"at most {self.rules.tasks.open_tasks} tasks of a project go on at once"
            raise RateLimited(message, retry_after=10)
        fact = TaskStarted(command.task_id, command.task_type, command.canvas_id, command.followed)
        return self._accept(command, origin, [fact], now)[1]

    def _cancel(self, command: CancelTask, origin: Origin, now: Now) -> Outcome:
        """One that has ended already stays as it is."""
        self._require(origin, Verb.EDIT)
        ended = self._end(command.task_id, TaskState.CANCELLED)
        _, outcome = self._accept(command, origin, ended, now)
        return self._settle_now(outcome, now)

    def _settle(self, command: SettleTask, origin: Origin, now: Now) -> Outcome:
        ended = self._end(command.task_id, command.status, command.error, command.findings)
        _, outcome = self._accept(command, origin, ended, now)
        return self._settle_now(outcome, now)

    def _end(
        self,
        task_id: TaskId,
        status: TaskState,
        error: str | None = None,
        findings: Mapping[str, Any] = NOTHING,
    ) -> list[Fact]:
        """The end of a task; nothing when it has ended already."""
        task = self.head.tasks.get(task_id)
        if task is None:
            return []
        return [TaskSettled(task.id, task.type, task.canvas_id, status, error, findings)]

    def _end_all_on(self, canvas_id: CanvasId) -> list[Fact]:
        """The canvas goes: its tasks are cancelled."""
        on_it = [task.id for task in self.head.tasks.values() if task.canvas_id == canvas_id]
        return [fact for each in on_it for fact in self._end(each, TaskState.CANCELLED)]

    def _delete(self, command: DeleteRoom, origin: Origin, now: Now) -> Outcome:
        """The tasks of a project do not outlive it."""
        self._require(origin, Verb.MANAGE)
        ended = [f for each in self.head.tasks for f in self._end(each, TaskState.CANCELLED)]
        return self._accept(command, origin, [*ended, RoomDeleted()], now)[1]

    def _show(self, command: ShowProgress, now: Now) -> Outcome:
        """A task that this room does not know, or that has ended, has no progress to show."""
        if command.task_id not in self.confirmed.tasks:
            return Outcome()
        bar = Bar(command.attempt, command.percent, command.message)
        shown = self._bars.show(command.task_id, bar, now.tick)
        return (
            Outcome()
            if shown is None
            else Outcome(effects=(self._told_bar(command.task_id, shown),))
        )

    def heard(self, node: str, signal: Signal, now: Now) -> list[Effect]:
        """As in every room; also how far tasks are whose worker spoke to another node."""
        if not isinstance(signal, Progressed):
            return super().heard(node, signal, now)
        told = ShowProgress(signal.task_id, signal.attempt, signal.percent, signal.message)
        return list(self._show(told, now).effects)

    # ---- what people are told ---------------------------------------------------------------

    def _events_of_task(self, entry: Entry, fact: TaskStarted | TaskSettled) -> list[Event]:
        if isinstance(fact, TaskStarted):
            return [self._new_task(entry.seq, begun_by(entry, fact))]
        return [completed(self.confirmed, settled_by(entry, fact))]

    def _last_words(self, entry: Entry) -> list[Effect]:
        """What was held back of a task's progress comes before its end."""
        if not isinstance(entry.fact, TaskSettled):
            return []
        last = self._bars.end(entry.fact.task_id)
        return [] if last is None else [self._told_bar(entry.fact.task_id, last)]

    def _told_bar(self, task_id: TaskId, bar: Bar) -> Broadcast:
        return Broadcast(self._progressed(task_id, bar))

    def _progressed(self, task_id: TaskId, bar: Bar) -> TaskProgressed:
        return TaskProgressed(self.confirmed.id, task_id, bar.attempt, bar.percent, bar.message)

    def _running(self) -> list[Event]:
        """The last progress of each running task, in the order in which they were begun."""
        found = ((each, self._bars.get(each)) for each in self.confirmed.tasks)
        return [self._progressed(each, bar) for each, bar in found if bar is not None]

    def _task_news(self, knows: ProjectState) -> list[Event]:
        """What somebody missed who knows no more than ``knows``."""
        state = self.confirmed
        new = [
            self._new_task(state.seq, task)
            for task in state.tasks.values()
            if task.id not in knows.tasks
        ]
        ended = [completed(state, each) for each in state.settled if each.seq > knows.seq]
        return [*new, *ended, *self._running()]

    def _new_task(self, seq: int, task: OpenTask) -> NewTask:
        return NewTask(
            self.confirmed.id, seq, task.id, task.type, task.canvas_id, task.requested_by
        )

    # ---- time -------------------------------------------------------------------------------

    def expire(self, now: Now) -> list[Effect]:
        """Do what is due at ``now``."""
        due = [self._told_bar(task_id, bar) for task_id, bar in self._bars.due(now.tick)]
        return [*super().expire(now), *due]

    def next_deadline(self) -> float | None:
        """The tick at which ``expire`` has something to do."""
        both = (super().next_deadline(), self._bars.next_deadline())
        return min((each for each in both if each is not None), default=None)


def completed(state: ProjectState, task: SettledTask) -> TaskCompleted:
    """What everybody is told of a task that ended."""
    return TaskCompleted(
        state.id,
        task.seq,
        task.id,
        task.type,
        task.canvas_id,
        task.status,
        task.error,
        task.findings,
    )
