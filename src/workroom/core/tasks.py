"""Tasks on a project's canvases: what is known of each, and what its worker may do to it.

A task is *pending* until a worker claims it, then *running*, and ends once: *completed*, *failed*
or *cancelled*. Each claim begins a new *attempt*. A worker that is not heard of for a lease loses
its claim, and whatever it still reports of its old attempt changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Final

from workroom.ids import CanvasId, ProjectId, TaskId, UserId

LONGEST_MESSAGE: Final = 200
"""Characters (code points) of a progress message; the rest is cut off."""
STARTED: Final = "Started"
STARTED_AGAIN: Final = "Starting again"
INTERRUPTED: Final = "The task was interrupted too often"
TOO_LATE: Final = "The task did not end in time"
NOT_HEARD_OF: Final = "The task was not heard of any more"
CANVAS_GONE: Final = "The canvas was deleted"


class TaskState(StrEnum):
    """Where a task is in its life; the last three are final, and the ``status`` of its result."""

    PENDING = "pending"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def over(self) -> bool:
        """Nothing can change it any more."""
        return self not in OPEN


OPEN: Final = (TaskState.PENDING, TaskState.RUNNING)


@dataclass(frozen=True, slots=True)
class TaskRules:
    """Times in milliseconds, and counts."""

    lease: int = 12_000
    """A worker that is silent for so long has lost its claim."""
    resend_after: int = 20_000
    """A pending task that is no longer in the broker's queue is sent again after so long."""
    backoff: int = 1_000
    """Before a second attempt after a passing failure; doubled for each further one."""
    deadline: int = 3_600_000
    """From the start to the end, with all waiting and all attempts."""
    attempts: int = 3
    pace: float = 0.25
    """Seconds between two ``task_progress`` of one task."""
    open_tasks: int = 500
    """Tasks of one project that have not ended yet."""
    open_tasks_per_user: int = 1_000
    """The same, of one person in all projects."""
    findings_bytes: int = 64 * 1024


@dataclass(frozen=True, slots=True)
class Task:
    """One task as it is stored. Times are milliseconds since 1970, UTC."""

    id: TaskId
    project: ProjectId
    canvas_id: CanvasId
    type: str
    requested_by: UserId
    created_at: int
    followed: bool = False
    """It is run by a Celery app that knows nothing of us; we only watch its result."""
    state: TaskState = TaskState.PENDING
    due_at: int | None = None
    """When it is to be handed to the broker (again); None: it was handed over."""
    sent_at: int | None = None
    attempt: int = 0
    run: str | None = None
    """The id that the worker gave its claim: asking again with it changes nothing."""
    worker: str | None = None
    report: int = 0
    """The number of the last report that counted, within the attempt."""
    percent: int | None = None
    """None until a worker claims the task."""
    message: str = ""
    started_at: int | None = None
    seen_at: int | None = None
    settled_at: int | None = None
    settled_seq: int | None = None
    """The entry of the project's log that says how it ended."""
    error: str | None = None
    findings: Mapping[str, Any] | None = None

    @property
    def over(self) -> bool:
        """It has ended."""
        return self.state.over

    def sent(self, now: int) -> Task | None:
        """The task when the broker has it; None when a worker has it already."""
        if self.state is not TaskState.PENDING:
            return None
        return replace(self, due_at=None, sent_at=now)


@dataclass(frozen=True, slots=True)
class OpenTask:
    """A task that the project's log knows as begun and not as ended."""

    id: TaskId
    type: str
    canvas_id: CanvasId
    requested_by: UserId
    created_at: int
    followed: bool = False


@dataclass(frozen=True, slots=True)
class SettledTask:
    """How a task ended, as the entry ``seq`` says."""

    id: TaskId
    type: str
    canvas_id: CanvasId
    status: TaskState
    error: str | None
    findings: Mapping[str, Any]
    seq: int
    at: int


@dataclass(frozen=True, slots=True)
class Bar:
    """How far a running task is; within an attempt ``percent`` never goes back."""

    attempt: int
    percent: int
    message: str


class Claim(StrEnum):
    """What a worker that wants to begin is told."""

    GRANTED = "granted"
    BUSY = "busy"
    """Another worker is at it."""
    OVER = "over"
    """It has ended, or will be ended for good."""


def claim(task: Task, run: str, worker: str, now: int, rules: TaskRules) -> tuple[Claim, Task]:
    """Whether ``run`` may begin, and the task as it then is."""
    if task.over or task.followed:
        return Claim.OVER, task
    if task.run == run:
        return Claim.GRANTED, task
    if task.state is TaskState.RUNNING and not lease_lapsed(task, now, rules):
        return Claim.BUSY, task
    if task.attempt >= rules.attempts:
        return Claim.OVER, task
    begun = replace(
        task,
        state=TaskState.RUNNING,
        due_at=None,
        attempt=task.attempt + 1,
        run=run,
        worker=worker,
        report=0,
        percent=0,
        message=STARTED_AGAIN if task.attempt else STARTED,
        started_at=now if task.started_at is None else task.started_at,
        seen_at=now,
    )
    return Claim.GRANTED, begun


def report(
    task: Task, attempt: int, number: int, percent: int | None, message: str, now: int
) -> Task | None:
    """The task after a worker's report; None when it comes from an attempt that counts no more.

    ``number`` counts the reports of an attempt: what comes late or twice changes nothing but that
    the worker lives. ``percent`` None says only that.
    """
    if task.state is not TaskState.RUNNING or task.attempt != attempt:
        return None
    alive = replace(task, seen_at=now)
    if percent is None or number <= task.report:
        return alive
    return replace(
        alive,
        report=number,
        percent=max(task.percent or 0, min(max(percent, 0), 100)),
        message=message[:LONGEST_MESSAGE],
    )


def followed(task: Task, percent: int | None, message: str, now: int) -> Task:
    """The task after a sign of life in Celery's result backend; its progress never goes back."""
    return replace(
        task,
        state=TaskState.RUNNING,
        attempt=1,
        report=task.report + 1,
        percent=max(task.percent or 0, min(max(percent or 0, 0), 100)),
        message=message[:LONGEST_MESSAGE] or task.message or STARTED,
        started_at=now if task.started_at is None else task.started_at,
        seen_at=now,
    )


def give_up(task: Task, attempt: int, now: int, rules: TaskRules, wait: int = 0) -> Task | None:
    """The task after an attempt that came to nothing: pending once more, due after ``wait``.

    None when there are to be no more attempts. Raises ValueError when ``attempt`` is not the one
    that runs.
    """
    if task.state is not TaskState.RUNNING or task.attempt != attempt:
        raise ValueError(attempt)
    if task.attempt >= rules.attempts:
        return None
    return replace(task, state=TaskState.PENDING, run=None, worker=None, due_at=now + wait)


def lease_lapsed(task: Task, now: int, rules: TaskRules) -> bool:
    """The worker was not heard of for too long."""
    return task.seen_at is None or now - task.seen_at > rules.lease


def backoff(task: Task, rules: TaskRules) -> int:
    """Milliseconds to wait before the next attempt after a passing failure."""
    return int(rules.backoff * 2 ** max(0, task.attempt - 1))
