"""What the worker's main process does when the process of a task dies or is too slow."""

from __future__ import annotations

import contextlib
from functools import cache
from typing import Any

from celery.worker.request import Request

from workroom.tasks.desk import Address, Desk, Refused, Unreachable


class ProjectRequest(Request):  # type: ignore[misc]
    """Tells the server at once; without it the server would wait until the claim lapses."""

    def on_timeout(self, soft: bool, timeout: float) -> Any:  # noqa: FBT001 - Celery's signature
        """The time limit is over; after the hard one the process is killed."""
        result = super().on_timeout(soft, timeout)
        if not soft:
            self._tell("too_slow")
        return result

    def on_failure(
        self,
        exc_info: Any,
        send_failed_event: bool = True,  # noqa: FBT001, FBT002 - Celery's signature
        return_ok: bool = False,  # noqa: FBT001, FBT002
    ) -> Any:
        """Also when the process died: Celery's ``WorkerLostError``."""
        result = super().on_failure(exc_info, send_failed_event, return_ok)
        if type(exc_info.exception).__name__ == "WorkerLostError":
            self._tell("died")
        return result

    def _tell(self, why: str) -> None:
        with contextlib.suppress(Unreachable, Refused):  # the server will notice by itself
            _desk().post(str(self.id), "lost", {"worker": str(self.hostname), "why": why})


@cache
def _desk() -> Desk:
    return Desk(Address.from_environment())
