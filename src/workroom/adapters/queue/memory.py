"""The broker in memory: tasks wait in lists until somebody takes them out.

For trying things out and for tests, which say which queues have workers (``staffed``), take what
was sent (``take``), lose it (``clear``), and set what the result backend knows (``results``).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping

from workroom.errors import NoWorker
from workroom.ids import TaskId
from workroom.ports.tasks import Dispatch, Outcome


class MemoryQueue:
    """``TaskQueue`` in memory."""

    def __init__(self) -> None:
        self.staffed: set[str] = {"workroom"}
        self.down = False
        self.results: dict[TaskId, Outcome] = {}
        self._waiting: dict[str, list[Dispatch]] = defaultdict(list)

    def take(self, queue: str = "workroom") -> Dispatch | None:
        """The next task of a queue, as a worker gets it."""
        return self._waiting[queue].pop(0) if self._waiting[queue] else None

    def waiting(self, queue: str) -> list[TaskId]:
        """What waits in a queue, in the order in which workers get it."""
        return [each.task_id for each in self._waiting[queue]]

    def clear(self) -> None:
        """Lose everything, as a broker does that was restarted."""
        self._waiting.clear()

    async def check(self, queue: str) -> None:
        """Raises NoWorker unless the queue is staffed."""
        self._require_up()
        if queue not in self.staffed:
            message = "no worker takes such tasks just now"
            raise NoWorker(message, retry_after=5)

    async def send(self, dispatch: Dispatch) -> None:
        """Put a task at the end of its queue."""
        self._require_up()
        self._waiting[dispatch.queue].append(dispatch)

    async def depths(self, queues: Collection[str]) -> Mapping[str, int]:
        """How many tasks wait in each queue."""
        self._require_up()
        return {each: len(self._waiting[each]) for each in queues}

    async def outcomes(self, task_ids: Collection[TaskId]) -> Mapping[TaskId, Outcome]:
        """What was set in ``results``."""
        self._require_up()
        return {each: self.results[each] for each in task_ids if each in self.results}

    async def close(self) -> None:
        """Nothing to do; here so that every queue is used alike."""

    def _require_up(self) -> None:
        if self.down:
            message = "the broker of the tasks cannot be reached"
            raise NoWorker(message, retry_after=5)
