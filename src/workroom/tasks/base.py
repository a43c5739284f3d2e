"""The base class of tasks that a project's people watch: it reports, and it always ends.

Before the task's own code runs, the worker claims the task from the server; one that was cancelled
or is done already is not run at all. However it ends, the server is told, again and again until it
has heard, or until it is not to be reached for ``PATIENCE`` seconds: then the result waits in
Celery's result backend, where the server finds it.
"""

from __future__ import annotations

import json
import os
import signal
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, ClassVar, Final

from celery import Task
from celery.exceptions import Ignore, Retry, SoftTimeLimitExceeded
from celery.utils.log import get_task_logger

from workroom.tasks import presence
from workroom.tasks.desk import Address, Desk, Refused, Unreachable
from workroom.tasks.failures import TaskCancelled, TaskFailed
from workroom.tasks.reporter import Reporter, clean

PATIENCE: Final = 300.0
"""Seconds for which a result is offered to a server that does not answer."""
CLAIM_PATIENCE: Final = 30.0
"""Seconds for which a worker tries to begin; the server sends the task again if it is missed."""
_PAUSES: Final = (0.05, 0.1, 0.2, 0.5, 1.0, 2.0)
FAILED: Final = "The task failed; the worker's log says why"
TOO_SLOW: Final = "The task took too long"
NO_RESULT: Final = "The task's result cannot be kept"
LONGEST_WORDS: Final = 500
"""Characters of why a task failed."""
TOO_LARGE: Final = "The task needed more memory than it may use"

log = get_task_logger(__name__)


@dataclass(frozen=True, slots=True)
class Assignment:
    """What the server gave the worker to do."""

    task_id: str
    attempt: int
    project_id: int
    canvas_id: int
    media_type: str


class ProjectTask(Task):  # type: ignore[misc]
    """Base class of Celery tasks on a project's canvases.

        @app.task(base=ProjectTask, bind=True, name="acme.count_colours")
        def count_colours(self, project_id, canvas_id):
            with self.canvas_file() as path:
                self.progress(10, "Counting colours...")
                return {"colours": count(path)}

    What it returns, a dict of JSON values of at most 64 KiB, becomes part of the task's result.
    Raise ``TaskFailed`` with words for users when it cannot be done. Exceptions named in
    ``transient`` lead to another attempt, all others to the end.
    """

    abstract = True
    acks_late = True
    reject_on_worker_lost = True
    serializer = "json"
    Request = "workroom.tasks.requests:ProjectRequest"
    transient: ClassVar[tuple[type[BaseException], ...]] = (ConnectionError, TimeoutError)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Claim, run, report; called by Celery. Outside a worker it only runs."""
        if self.request.called_directly or self.request.id is None:
            return self.run(*args, **kwargs)
        return _Attempt(self).carry_out(args, kwargs)

    def progress(self, percent: int, message: str = "") -> None:
        """How far the task is, 0 to 100, and what it is doing, in words for users.

        Costs microseconds: call it as often as you like. Raises TaskCancelled when the task was
        cancelled.
        """
        attempt = _current()
        if attempt is not None:
            attempt.tell(percent, message)

    @property
    def assignment(self) -> Assignment | None:
        """What the server knows of this task; None outside a worker."""
        attempt = _current()
        return None if attempt is None else attempt.assignment

    @contextmanager
    def canvas_file(self) -> Iterator[Path]:
        """The canvas's file, for the time of a ``with``. It comes from the server by HTTP."""
        attempt = _current()
        if attempt is None or attempt.assignment is None:
            message = "there is a file only while a worker runs the task"
            raise RuntimeError(message)
        path = attempt.download()
        try:
            yield path
        finally:
            path.unlink(missing_ok=True)


_local = threading.local()


def _current() -> _Attempt | None:
    return getattr(_local, "attempt", None)


@cache
def _desk(_pid: int, _use: str) -> Desk:
    """The connection of this process for one use: reports do not wait behind a large file."""
    return Desk(Address.from_environment())


class _Attempt:
    """One attempt at a task, from the claim to the end."""

    def __init__(self, task: Any) -> None:
        self.assignment: Assignment | None = None
        self._task = task
        self._task_id = str(task.request.id)
        self._desk = _desk(os.getpid(), "task")
        self._reporter: Reporter | None = None
        self._interruptible = False

    def carry_out(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        self._claim()
        try:
            with self._running():
                found = self._task.run(*args, **kwargs)
            findings = _checked(found)
        except TaskCancelled:
            raise Ignore from None
        except Retry as again:  # Celery has sent the task again by itself
            self._settle({"status": "retry", "error": FAILED})
            raise Ignore from again
        except self._task.transient as error:
            # Not as a failure for Celery: its backend would still say so when a later attempt is
            # not heard of any more.
            log.warning("Task %s: another attempt after %s", self._task_id, type(error).__name__)
            self._settle({"status": "retry", "error": self._words(error)})
            raise Ignore from error
        except BaseException as error:
            self._settle({"status": "failed", "error": self._words(error)})
            raise
        if not self._settle({"status": "completed", "findings": findings}):
            self._settle({"status": "failed", "error": NO_RESULT})
        return findings

    def tell(self, percent: int, message: str) -> None:
        if self._reporter is None:
            return
        if self._reporter.unwanted:
            raise TaskCancelled
        self._reporter.tell(int(percent), str(message))

    def download(self) -> Path:
        assert self.assignment is not None
        try:
            return self._desk.download(self._task_id, self.assignment.attempt)
        except Refused as refusal:
            if refusal.status == 409:
                raise TaskCancelled from None
            message = "The canvas's file is not there any more"
            raise TaskFailed(message) from refusal
        except Unreachable as error:
            raise ConnectionError(str(error)) from error

    # ---- the beginning

    def _claim(self) -> None:
        """Raises Ignore when the task is not to be run: Celery then forgets the message."""
        body = {"run": uuid.uuid4().hex, "worker": str(self._task.request.hostname)}
        try:
            answer = self._ask("claim", body, CLAIM_PATIENCE)
        except (Unreachable, Refused) as error:
            log.warning("Task %s was not begun: %s", self._task_id, error)
            raise Ignore from None
        if answer.get("claim") != "granted":
            log.info("Task %s is not to be run: %s", self._task_id, answer.get("claim"))
            raise Ignore
        self.assignment = Assignment(
            self._task_id,
            answer["attempt"],
            answer["project_id"],
            answer["canvas_id"],
            answer["media_type"],
        )

    @contextmanager
    def _running(self) -> Iterator[None]:
        assert self.assignment is not None
        self._reporter = Reporter(
            _desk(os.getpid(), "reports"), self._task_id, self.assignment.attempt, self._interrupt
        )
        _local.attempt = self
        before = self._listen()
        self._reporter.start()
        try:
            yield
        finally:
            self._interruptible = False
            _local.attempt = None
            self._reporter.finish()
            if before is not None:  # now that nobody sends the signal: by itself, it kills
                signal.signal(signal.SIGUSR2, before)
            if self._reporter.unwanted:
                raise TaskCancelled

    def _listen(self) -> Any:
        """Let the reporter interrupt the main thread; the handler that was there before."""
        if threading.current_thread() is not threading.main_thread():
            return None
        self._interruptible = True
        return signal.signal(signal.SIGUSR2, self._interrupted)

    def _interrupt(self) -> None:
        if self._interruptible:
            os.kill(os.getpid(), signal.SIGUSR2)

    def _interrupted(self, _number: int, _frame: object) -> None:
        if self._interruptible:
            self._interruptible = False
            raise TaskCancelled

    # ---- the end

    def _words(self, error: BaseException) -> str:
        if isinstance(error, SoftTimeLimitExceeded):
            return TOO_SLOW
        if isinstance(error, MemoryError):
            return TOO_LARGE
        return clean(str(error))[:LONGEST_WORDS] if isinstance(error, TaskFailed) else FAILED

    def _settle(self, body: dict[str, Any]) -> bool:
        """Tell the server; False when it will not have it like that."""
        assert self.assignment is not None
        try:
            self._ask("settle", {"attempt": self.assignment.attempt, **body}, PATIENCE)
        except (Unreachable, Refused) as error:
            # The watchdog finds the result in Celery's backend, or has the task done again.
            log.warning("Task %s could not be settled: %s", self._task_id, error)
            return not isinstance(error, Refused)
        return True

    def _ask(self, verb: str, body: dict[str, Any], patience: float) -> dict[str, Any]:
        end = time.monotonic() + patience
        turn = 0
        while True:
            try:
                return self._desk.post(self._task_id, verb, body)
            except Unreachable:
                if time.monotonic() >= end:
                    raise
            time.sleep(_PAUSES[min(turn, len(_PAUSES) - 1)])
            turn += 1


def _checked(found: Any) -> dict[str, Any]:
    """What the task found, as JSON values. Raises TaskFailed for anything else."""
    if found is None:
        return {}
    try:
        plain = json.loads(json.dumps(found, allow_nan=False))
    except (TypeError, ValueError) as error:
        raise TaskFailed("The task's result is no JSON") from error
    if not isinstance(plain, dict):
        raise TaskFailed("The task's result is no JSON object")
    return plain


presence.keep_up()
