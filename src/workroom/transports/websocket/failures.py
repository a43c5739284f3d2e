"""How a failure is logged without what a client sent."""

from __future__ import annotations

import traceback
from collections.abc import Sequence
from types import TracebackType

import structlog

_log = structlog.get_logger(__name__)


def log_failure(event: str, error: BaseException) -> None:
    """Log that code above the transport failed: the kind of error and the place, nothing else.

    The message and the variables of an error may hold what a client sent, or its token.
    """
    _log.error(event, error=type(error).__name__, where=_places(error.__traceback__))


def _places(trace: TracebackType | None) -> Sequence[str]:
    frames = traceback.extract_tb(trace)[-5:]
    return [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
