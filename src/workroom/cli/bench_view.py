"""How a run of ``workroom bench truth`` is shown while it goes on."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from workroom.truth.run import Progress

SELDOM: Final = 30.0
"""Seconds between two lines where nobody watches."""


@contextmanager
def showing() -> Iterator[Callable[[Progress], None]]:
    """Shows progress live on a terminal, and as a line now and then elsewhere."""
    if not sys.stderr.isatty():
        yield _Lines()
        return
    from rich.console import Console
    from rich.live import Live

    with Live(console=Console(stderr=True), refresh_per_second=4, transient=True) as live:
        yield lambda progress: live.update(_line(progress))


class _Lines:
    def __init__(self) -> None:
        self._last: tuple[str, float] = ("", 0.0)

    def __call__(self, progress: Progress) -> None:
        phase, at = self._last
        if progress.phase != phase or progress.seconds >= at + SELDOM:
            self._last = progress.phase, progress.seconds
            print(_line(progress), file=sys.stderr, flush=True)


def _line(progress: Progress) -> str:
    totals = progress.totals
    return (
        f"{progress.seconds:6.0f} s  {progress.phase}: {totals['connected']} connected, "
        f"{totals['events']:,} events, {totals['requests']:,} requests, "
        f"{totals['answers']:,} confirmed, {totals['drops']:,} drops, "
        f"{progress.faults} faults of servers"
    )
