"""What operators see: metric names and log fields, in one place.

Metrics are per process, in the default Prometheus registry's format, under ``workroom_…``. Labels
hold small closed sets only: never a user, a room, a path or a token.
"""

from __future__ import annotations

import traceback
from collections.abc import MutableMapping
from typing import Any, Final

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

REGISTRY: Final = CollectorRegistry(auto_describe=True)

CONNECTIONS: Final = Gauge(
    "workroom_connections", "Open WebSocket connections", ["dialect"], registry=REGISTRY
)
ROOMS: Final = Gauge("workroom_rooms", "Rooms in memory", ["kind"], registry=REGISTRY)
COMMANDS: Final = Counter(
    "workroom_commands_total", "Commands received", ["dialect", "command"], registry=REGISTRY
)
DELIVERIES: Final = Counter(
    "workroom_deliveries_total",
    "Events handed to connections, one per event and connection",
    ["dialect", "event"],
    registry=REGISTRY,
)
REFUSALS: Final = Counter(
    "workroom_refusals_total", "Requests refused, by code", ["dialect", "code"], registry=REGISTRY
)
CLOSES: Final = Counter(
    "workroom_closes_total", "Connections closed by the server", ["code"], registry=REGISTRY
)
SLOW_READERS: Final = Gauge(
    "workroom_slow_readers", "Connections that read too slowly just now", registry=REGISTRY
)
COMMIT_SECONDS: Final = Histogram(
    "workroom_commit_seconds",
    "From an accepted command to its durable entry",
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5),
    registry=REGISTRY,
)
STORE_FAILURES: Final = Counter(
    "workroom_store_failures_total", "Appends that the store refused", registry=REGISTRY
)
LOOP_LAG_SECONDS: Final = Histogram(
    "workroom_loop_lag_seconds",
    "How late the event loop was for an appointment",
    buckets=(0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1),
    registry=REGISTRY,
)
LOGINS: Final = Counter(
    "workroom_logins_total", "Log-ins, by outcome", ["outcome"], registry=REGISTRY
)
HTTP_REQUESTS: Final = Counter(
    "workroom_http_requests_total",
    "REST requests",
    ["method", "route", "status"],
    registry=REGISTRY,
)

ENTRIES_FOLLOWED: Final = Counter(
    "workroom_entries_followed_total",
    "Entries of other nodes that rooms of this one took over, by where they came from",
    ["source"],
    registry=REGISTRY,
)
BUS_UP: Final = Gauge(
    "workroom_bus_up", "Whether the bus between the nodes can be reached", registry=REGISTRY
)
BUS_MESSAGES: Final = Counter(
    "workroom_bus_messages_total",
    "Messages of other nodes, by what became of them",
    ["outcome"],
    registry=REGISTRY,
)
BUS_LAG_SECONDS: Final = Histogram(
    "workroom_bus_lag_seconds",
    "From a message's sending to its coming in, by the clocks of both machines",
    buckets=(0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5),
    registry=REGISTRY,
)
HEAD_POLLS: Final = Counter(
    "workroom_head_polls_total",
    "Times that the store was asked how far the logs of all rooms here go",
    ["outcome"],
    registry=REGISTRY,
)
NODES_SEEN: Final = Gauge(
    "workroom_nodes_seen", "Other nodes that were heard of and live", registry=REGISTRY
)

TASKS_STARTED: Final = Counter(
    "workroom_tasks_started_total", "Tasks begun on canvases", registry=REGISTRY
)
TASKS_SETTLED: Final = Counter(
    "workroom_tasks_settled_total", "Tasks that ended, by how", ["status"], registry=REGISTRY
)
TASKS_OPEN: Final = Gauge(
    "workroom_tasks_open", "Tasks that wait or run, as the watchdog last saw it", registry=REGISTRY
)
TASK_REPORTS: Final = Counter(
    "workroom_task_reports_total", "What workers said", ["what"], registry=REGISTRY
)
TASK_RESENDS: Final = Counter(
    "workroom_task_resends_total",
    "Tasks that the watchdog had sent again, by reason",
    ["reason"],
    registry=REGISTRY,
)
UPLOADS: Final = Counter(
    "workroom_uploads_total",
    "Files uploaded, by what they are or why not",
    ["outcome"],
    registry=REGISTRY,
)

_SECRET_FIELDS: Final = frozenset({"token", "password", "authorization", "query", "secret"})


def hide_secrets(
    _logger: Any, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """A structlog processor: a field that could hold a secret is never written out."""
    for name in _SECRET_FIELDS & event.keys():
        event[name] = "[hidden]"
    return event


def logger(name: str) -> structlog.stdlib.BoundLogger:
    """The structured logger of one part of the program."""
    bound: structlog.stdlib.BoundLogger = structlog.get_logger(part=name)
    return bound


def log_failure(
    log: structlog.stdlib.BoundLogger, event: str, error: BaseException, **fields: object
) -> None:
    """Log a mistake of ours: the kind of error and the place, nothing else.

    The message and the variables of an error may hold what a client sent, or its token.
    """
    frames = traceback.extract_tb(error.__traceback__)[-5:]
    places = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
    log.error(event, error=type(error).__name__, where=places, **fields)
