"""The Celery app of the tasks that come with Workroom.

``celery -A workroom.tasks.app worker`` is what ``workroom worker`` runs. The broker is the Redis or
Valkey that ``WORKROOM_REDIS`` names, as for the server.
"""

from __future__ import annotations

import os
import resource
import sys
from typing import Any, Final

from celery import Celery
from celery.signals import worker_process_init

from workroom.tasks.parent import die_with_parent
from workroom.tasks.types import QUEUE, known_types

VISIBILITY: Final = 300
"""Seconds after which Redis gives a message that nobody confirmed to another worker. A task may
take longer: the claim keeps it from running twice."""
DEFAULT_MEMORY: Final = 2 * 2**30
"""Bytes of address space that the process of a task may use."""


def celery_url(url: str) -> str:
    """The address of a Redis as Celery spells it: ``unix:///path`` is ``redis+socket:///path``."""
    prefix = "unix://"
    return f"redis+socket://{url.removeprefix(prefix)}" if url.startswith(prefix) else url


def make_app(redis: str) -> Celery:
    """A Celery app with the settings that keep tasks from being lost."""
    app = Celery("workroom", set_as_current=False)
    url = celery_url(redis)
    app.conf.update(
        broker_url=url,
        result_backend=url,
        task_default_queue=QUEUE,
        task_serializer="json",
        result_serializer="json",
        event_serializer="json",
        accept_content=["json"],
        result_accept_content=["json"],
        result_expires=3_600,  # long after the server has asked; the table keeps them
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        worker_prefetch_multiplier=1,
        worker_max_tasks_per_child=200,
        worker_proc_alive_timeout=30.0,
        worker_cancel_long_running_tasks_on_connection_loss=False,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        broker_transport_options={
            "visibility_timeout": VISIBILITY,
            "unacked_restore_interval": 5,
            "unacked_restore_throttle": 1,
        },
        task_send_sent_event=False,
        enable_utc=True,
    )
    return app


def bound_memory(most: int) -> None:
    """Let this process have no more than ``most`` bytes of address space."""
    if sys.platform == "linux":
        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        limit = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(resource.RLIMIT_AS, (limit, hard))


@worker_process_init.connect(dispatch_uid="workroom-limits")  # type: ignore[untyped-decorator]
def _limit_process(**_: Any) -> None:
    """A bomb that a decoder unpacks ends its own process and nothing else."""
    die_with_parent()
    bound_memory(int(os.environ.get("WORKROOM_TASK_MEMORY") or DEFAULT_MEMORY))


app: Final = make_app(os.environ.get("WORKROOM_REDIS") or "redis://127.0.0.1:6379/0")
app.conf.include = [
    "workroom.tasks.builtin",
    *sorted({each.module for each in known_types().values() if each.module is not None}),
]
