"""How far the running tasks of a project are, and when people are told: not too often."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from workroom.core.tasks import Bar
from workroom.ids import TaskId


class Bars:
    """The latest progress of each running task; a newer one waits until ``pace`` seconds are over.

    Times are ticks (seconds).
    """

    def __init__(self, pace: float, latest: Mapping[TaskId, Bar]) -> None:
        self._pace = pace
        self._latest = dict(latest)
        self._told_at: dict[TaskId, float] = {}
        self._held: set[TaskId] = set()

    def __iter__(self) -> Iterator[tuple[TaskId, Bar]]:
        return iter(self._latest.items())

    def get(self, task_id: TaskId) -> Bar | None:
        """The latest progress of a task."""
        return self._latest.get(task_id)

    def show(self, task_id: TaskId, bar: Bar, tick: float) -> Bar | None:
        """Take note of progress; what is to be told now, if anything.

        What would lead back within an attempt, or to an earlier one, changes nothing.
        """
        here = self._latest.get(task_id)
        if here is not None and (bar.attempt, bar.percent) < (here.attempt, here.percent):
            return None
        if bar == here:
            return None
        self._latest[task_id] = bar
        told_at = self._told_at.get(task_id)
        if told_at is not None and tick < told_at + self._pace:
            self._held.add(task_id)
            return None
        return self._tell(task_id, tick)

    def due(self, tick: float) -> list[tuple[TaskId, Bar]]:
        """What was held back and may be told now."""
        # A timer may ring a moment early.
        ready = [each for each in self._held if self._due_at(each) <= tick + 1e-6]
        return [(each, self._tell(each, tick)) for each in ready]

    def end(self, task_id: TaskId) -> Bar | None:
        """The task has ended: forget it; what was held back is to be told before that."""
        held = task_id in self._held
        self._held.discard(task_id)
        self._told_at.pop(task_id, None)
        bar = self._latest.pop(task_id, None)
        return bar if held else None

    def next_deadline(self) -> float | None:
        """The tick at which ``due`` has something to give."""
        return min(map(self._due_at, self._held), default=None)

    def _due_at(self, task_id: TaskId) -> float:
        return self._told_at[task_id] + self._pace

    def _tell(self, task_id: TaskId, tick: float) -> Bar:
        self._held.discard(task_id)
        self._told_at[task_id] = tick
        return self._latest[task_id]
