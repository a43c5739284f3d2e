"""Handing tasks to Celery, and reading what its result backend knows.

Celery and the Redis client block and are slow to import: all of it happens on a few threads.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from typing import Any, Final, TypeVar

import orjson

from workroom.errors import NoWorker
from workroom.ids import TaskId
from workroom.ports.tasks import Dispatch, Outcome
from workroom.tasks.presence import PREFIX

T = TypeVar("T")

GRACE: Final = 10
"""Seconds from the time limit that a task can react to, to the one that kills its process."""
PATIENCE: Final = 2.0
"""Seconds that the broker has to answer."""
_THREADS: Final = 4
_RESULT: Final = "celery-task-meta-"
"""Where Celery's Redis backend keeps what it knows of a task."""

NO_BROKER: Final = "the broker of the tasks cannot be reached"


class CeleryQueue:
    """``TaskQueue`` on one Redis. ``url``: ``redis://…``, ``rediss://…`` or ``unix:///path``."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="workroom-tasks")

    async def check(self, queue: str) -> None:
        """Raises NoWorker unless a worker said lately that it takes tasks from the queue."""
        if not await self._run(lambda: self._redis.exists(PREFIX + queue)):
            message = "no worker takes such tasks just now"
            raise NoWorker(message, retry_after=5)

    async def send(self, dispatch: Dispatch) -> None:
        """Hand a task over."""
        await self._run(lambda: self._send(dispatch))

    async def depths(self, queues: Collection[str]) -> Mapping[str, int]:
        """How many messages wait in each queue."""
        names = list(queues)
        return await self._run(lambda: {each: int(self._redis.llen(each)) for each in names})

    async def outcomes(self, task_ids: Collection[TaskId]) -> Mapping[TaskId, Outcome]:
        """What Celery's result backend knows of these tasks."""
        ids = list(task_ids)
        found = await self._run(lambda: self._redis.mget([_RESULT + each for each in ids]))
        read = {each: _outcome(raw) for each, raw in zip(ids, found, strict=True)}
        return {each: outcome for each, outcome in read.items() if outcome is not None}

    async def warm_up(self) -> None:
        """Import what is slow to import, before somebody waits for it."""
        await asyncio.get_running_loop().run_in_executor(self._pool, lambda: self._celery)

    async def close(self) -> None:
        """Let go of the connections."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def _run(self, work: Callable[[], T]) -> T:
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self._pool, self._guarded, work)
        except RuntimeError:  # closed
            raise NoWorker(NO_BROKER) from None

    def _guarded(self, work: Callable[[], T]) -> T:
        from kombu.exceptions import KombuError
        from redis.exceptions import RedisError

        try:
            return work()
        except (RedisError, KombuError, OSError) as error:
            raise NoWorker(NO_BROKER, retry_after=5) from error

    @cached_property
    def _redis(self) -> Any:
        import redis

        return redis.Redis.from_url(
            self._url, socket_timeout=PATIENCE, socket_connect_timeout=PATIENCE
        )

    @cached_property
    def _celery(self) -> Any:
        from workroom.tasks.app import make_app

        app = make_app(self._url)
        # Results are read without Celery (``outcomes``). With a backend, sending would prepare for
        # each task's result first, and try for 17 s when the broker is gone.
        app.conf.result_backend = "disabled"
        app.conf.broker_transport_options = {
            **app.conf.broker_transport_options,
            "socket_timeout": PATIENCE,
            "socket_connect_timeout": PATIENCE,
            "max_retries": 0,  # the watchdog tries again; nobody else waits meanwhile
        }
        app.conf.broker_connection_timeout = PATIENCE
        return app

    def _send(self, dispatch: Dispatch) -> None:
        self._celery.send_task(
            dispatch.name,
            kwargs={"project_id": dispatch.project, "canvas_id": dispatch.canvas},
            task_id=dispatch.task_id,
            queue=dispatch.queue,
            soft_time_limit=dispatch.seconds,
            time_limit=dispatch.seconds + GRACE,
            retry=False,
        )


def _loaded(raw: bytes) -> Any:
    """Celery writes JSON as Python does: NaN and halves of characters may be in it."""
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError:
        return json.loads(
            raw, parse_int=lambda digits: int(digits) if len(digits) < 20 else float(digits)
        )


def _outcome(raw: bytes | None) -> Outcome | None:
    """What a value of the backend says; None for nothing, and for what we did not expect."""
    try:
        meta = None if raw is None else _loaded(raw)
    except (ValueError, RecursionError):
        return None
    if not isinstance(meta, dict) or not isinstance(meta.get("status"), str):
        return None
    return Outcome(meta["status"], meta.get("result"))
