"""Restarts at noon: ``python -m bench.rolling`` (some minutes).

500 clients type in 50 essays while the server is restarted 20 times by SIGTERM. They come back by
the rules of the TypeScript client, with the server's advice, and send again what was not confirmed.
Measured is how long each of them was away.

Fails when a save is not confirmed in the end or is done twice, when an essay went back, when the
copies differ, or when somebody is told that a user left who only waited for the restart.
"""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Final

from bench.servers import Server, free_port
from bench.storm import Crowd, Report, all_equal, all_here, p99, server
from bench.storm_client import Who
from bench.world import Wanted, make_world, prose

CLIENTS: Final = 500
IN_AN_ESSAY: Final = 10
TYPING_EVERY: Final = 5.0
BETWEEN: Final = 3.0
"""Seconds of calm between two restarts."""


def main() -> int:
    """Restart the server again and again."""
    parser = argparse.ArgumentParser(prog="python -m bench.rolling", description=__doc__)
    parser.add_argument("--cycles", type=int, default=20)
    parser.add_argument("--clients", type=int, default=CLIENTS)
    parser.add_argument("--database", help="an empty PostgreSQL database; else SQLite")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="workroom-rolling-") as folder:
        return run(Path(folder), asked.clients, asked.cycles, asked.database)


def run(data_dir: Path, clients: int, cycles: int, database: str | None) -> int:
    """The exit code."""
    names = tuple(f"Writer {number}" for number in range(IN_AN_ESSAY))
    wanted = [Wanted(prose(120), names) for _ in range(clients // IN_AN_ESSAY)]
    people: list[Who] = []
    for essay in make_world(data_dir, wanted, database):
        for person in essay.writers:
            people.append(Who(len(people), essay.number, person.token, types=True))
    port = free_port()
    crowd = Crowd(people, port, TYPING_EVERY)
    try:
        start = partial(server, data_dir, port, database)
        ends, reports = _restart(crowd, start, len(people), cycles)
    finally:
        crowd.close()
    return _judge(reports, ends, cycles)


def _restart(
    crowd: Crowd, start: Callable[[], Server], count: int, cycles: int
) -> tuple[list[float], list[Report]]:
    """How long each end took, and what the clients say at last."""
    ends = []
    for cycle in range(cycles + 1):
        with start() as running:
            running.ready()
            crowd.until(lambda reports: all_here(reports, count))
            crowd.order("type")
            time.sleep(BETWEEN)
            if cycle == cycles:
                crowd.order("rest")
                return ends, crowd.until(all_equal)
            begun = time.monotonic()
            if running.stop(signal.SIGTERM) != 0:
                message = "the server did not end in good order"
                raise RuntimeError(message)
            ends.append(time.monotonic() - begun)
    raise AssertionError


def _judge(reports: Sequence[Report], ends: Sequence[float], cycles: int) -> int:
    pauses = [pause for report in reports for pause in report.tally.pauses]
    confirmed = Counter(each for report in reports for each in report.tally.confirmed)
    wrong = [each for report in reports for each in report.tally.wrong]
    left = sum(report.tally.left for report in reports)
    delays = [delay for report in reports for _, delay in report.tally.acks]
    doubled = sum(count - 1 for count in confirmed.values())
    print(f"{cycles} restarts, each ended within {max(ends):.1f} s")
    print(f"{confirmed.total()} saves confirmed, {doubled} numbers given twice, {len(wrong)} back")
    print(f"{left} times somebody was told that a user left")
    print(f"pause: median {1000 * sorted(pauses)[len(pauses) // 2]:.0f} ms, p99 {p99(pauses):.0f}")
    print(f"from typing to its confirmation: p99 {p99(delays):.0f} ms")
    return 1 if doubled or wrong or left else 0


if __name__ == "__main__":
    sys.exit(main())
