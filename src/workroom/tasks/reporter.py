"""Tells the server how far a task is, from a thread of its own, so that the task never waits.

Only the latest progress is sent, at most five times a second. When there is nothing to tell, the
server hears every two seconds that the worker lives. While the server cannot be reached, it is
tried again and again: nothing is queued but the latest.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Final

from workroom.tasks.desk import Desk, Refused, Unreachable

PACE: Final = 0.2
"""Seconds between two reports of progress."""
BEAT: Final = 2.0
"""Seconds of silence after which the server is told that the worker lives."""
LONGEST: Final = 200
"""Characters of a message that the server keeps."""
GONE: Final = 404
TRY_AGAIN: Final = 0.5
"""Seconds between attempts to reach the server."""


def clean(text: str) -> str:
    """The text without what the server would refuse: control characters, lone surrogates."""
    return text if text.isprintable() else "".join(c if c.isprintable() else " " for c in text)


class Reporter:
    """Reports of one attempt. ``stopped`` is called, once, when the server wants no more of it."""

    def __init__(self, desk: Desk, task_id: str, attempt: int, stopped: Callable[[], None]) -> None:
        self._desk = desk
        self._task_id = task_id
        self._attempt = attempt
        self._stopped = stopped
        self._news = threading.Condition()
        self._latest: tuple[int, str] | None = None
        self._number = 0
        self._ending = False
        self.unwanted = False
        """The task was cancelled, or is no longer this worker's."""
        self._thread = threading.Thread(target=self._serve, name="workroom-reporter", daemon=True)

    def start(self) -> None:
        """Begin to report."""
        self._thread.start()

    def tell(self, percent: int, message: str) -> None:
        """The latest progress; returns at once."""
        with self._news:
            self._latest = (percent, clean(message)[:LONGEST])
            self._news.notify()

    def finish(self) -> None:
        """Send what is left, once, and end."""
        with self._news:
            self._ending = True
            self._news.notify()
        self._thread.join()

    def _serve(self) -> None:
        due = 0.0
        while not self.unwanted:
            with self._news:
                self._news.wait_for(lambda: self._latest is not None or self._ending, BEAT)
                wait = due - time.monotonic()
                if wait > 0 and not self._ending:
                    self._news.wait_for(lambda: self._ending, wait)
                latest, self._latest = self._latest, None
                ending = self._ending
            if latest is None and ending:
                return
            due = time.monotonic() + PACE
            if not self._send(latest) and not self._keep(latest, ending=ending):
                return
            if ending:
                return

    def _send(self, latest: tuple[int, str] | None) -> bool:
        """False when the server could not be reached."""
        body: dict[str, object] = {"attempt": self._attempt}
        if latest is not None:
            self._number += 1
            body |= {"number": self._number, "percent": latest[0], "message": latest[1]}
        try:
            answer = self._desk.post(self._task_id, "report", body)
        except Unreachable:
            return False
        except Refused as refusal:
            answer = {"go_on": refusal.status != GONE}
        if not answer.get("go_on"):
            self.unwanted = True
            self._stopped()
        return True

    def _keep(self, latest: tuple[int, str] | None, *, ending: bool) -> bool:
        """Put back what was not sent, unless there is something newer; wait a little."""
        if ending:
            return False
        with self._news:
            if self._latest is None:
                self._latest = latest
            self._news.wait_for(lambda: self._ending, TRY_AGAIN)
        return True
