"""``python -m bench``: measure, print tables, write ``bench/results/*.json``."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from rich.console import Console

from bench.crew import Crew, Undelivered
from bench.edits import measure_edits
from bench.fanout import measure_fanout
from bench.machine import description
from bench.memory import measure_memory
from bench.plan import Plan, full, quick
from bench.report import Results
from bench.saves import measure_saves
from bench.servers import seconds_to_healthz
from bench.world import Wanted, make_world, prose

PARTS: Final = ("fanout", "edits", "saves", "memory", "startup")
_WIDTH: Final = 132
"""Columns, when nobody looks."""
_RESULTS: Final = Path(__file__).resolve().parent / "results"


def main() -> int:
    """Run what the command line asks for."""
    asked = _arguments()
    plan = quick() if asked.quick else full()
    plan = replace(plan, cycles=asked.cycles or plan.cycles, eager=asked.eager)
    started = time.monotonic()
    console = Console(width=None if sys.stdout.isatty() else _WIDTH)

    def say(done: str) -> None:
        console.print(f"[dim]{time.monotonic() - started:5.0f} s  {done}[/dim]", highlight=False)

    results = Results(description())
    try:
        with Crew(plan.reader_cores) as crew:
            _measure(plan, asked.only or PARTS, crew, results, say)
    except (Undelivered, ConnectionError, RuntimeError) as error:
        notes = "\n".join([str(error), *getattr(error, "__notes__", [])])
        console.print(f"[red]The measurement failed: {notes}[/red]", highlight=False)
        return 1
    results.show(console)
    console.print(f"{time.monotonic() - started:.0f} s; written to {results.write(asked.output)}")
    return 0


def _measure(
    plan: Plan, parts: Sequence[str], crew: Crew, results: Results, say: Callable[[str], None]
) -> None:
    with tempfile.TemporaryDirectory(prefix="workroom-bench-") as folder:
        scratch = {part: Path(folder) / part for part in PARTS}
        for path in scratch.values():
            path.mkdir()
        if "startup" in parts:
            results.startup = _starts(plan, scratch["startup"], say)
        if "fanout" in parts:
            results.fanout = measure_fanout(plan, crew, scratch["fanout"], say)
        if "edits" in parts:
            results.edits = measure_edits(plan, scratch["edits"], say)
        if "saves" in parts:
            results.saves = measure_saves(plan, scratch["saves"], say)
        if "memory" in parts:
            results.memory = measure_memory(plan, crew, scratch["memory"], say)


def _starts(plan: Plan, scratch: Path, say: Callable[[str], None]) -> list[float]:
    make_world(scratch, [Wanted(prose(250), ("Emma Brown",))])
    found = [seconds_to_healthz(scratch) for _ in range(plan.starts)]
    say("start-up")
    return found


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measure the server.")
    parser.add_argument("--quick", action="store_true", help="less than a minute, rough figures")
    parser.add_argument("--only", action="append", choices=PARTS, help="this part; repeatable")
    parser.add_argument("--cycles", type=int, help="how often every server is measured")
    parser.add_argument("--eager", action="store_true", help="wake the readers by every frame")
    parser.add_argument("--output", type=Path, default=_RESULTS, help="folder of the JSON file")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
