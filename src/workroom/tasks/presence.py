"""A worker tells the broker, every few seconds, from which queues it takes tasks.

The server looks there before it takes a task on: without a worker nobody would ever do it.
"""

from __future__ import annotations

import threading
from typing import Any, Final

EVERY: Final = 3.0
GOOD_FOR: Final = 10
"""Seconds after which a worker that says nothing counts as gone."""
PREFIX: Final = "workroom:worker-of:"

_stopping = threading.Event()


def keep_up() -> None:
    """Have every Celery worker of this process make itself known."""
    # Here, because the server reads this module too, and would start a tenth of a second later.
    from celery.signals import worker_ready, worker_shutting_down

    worker_ready.connect(_ready, dispatch_uid="workroom-presence")
    worker_shutting_down.connect(_ending, dispatch_uid="workroom-presence")


def _ready(sender: Any = None, **_: Any) -> None:
    _stopping.clear()
    threading.Thread(
        target=_serve, args=(sender.app,), name="workroom-presence", daemon=True
    ).start()


def _ending(**_: Any) -> None:
    _stopping.set()


def _serve(app: Any) -> None:
    while not _stopping.is_set():
        try:
            with app.connection_for_write(connect_timeout=2) as connection:
                client = connection.default_channel.client
                while not _stopping.is_set():
                    for queue in list(app.amqp.queues.consume_from):
                        client.set(f"{PREFIX}{queue}", "1", ex=GOOD_FOR)
                    _stopping.wait(EVERY)
        except Exception:  # noqa: BLE001 - no broker, or one that is no Redis: try again
            _stopping.wait(1.0)
