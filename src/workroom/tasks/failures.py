"""How a task ends early: on purpose, or because there is no going on."""

from __future__ import annotations


class TaskFailed(Exception):
    """The task cannot be done, and trying again would not help.

    The message is shown to everybody in the project: say what is wrong in words for them.
    """


class TaskCancelled(BaseException):
    """Nobody waits for this task any more: it was cancelled, or given to another worker.

    Raised by ``ProjectTask.progress``, and in the main thread of a worker's process wherever it is.
    Clean up and let it pass. A ``BaseException``, so that ``except Exception`` does not swallow it.
    """
