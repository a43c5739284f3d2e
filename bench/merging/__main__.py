"""``python -m bench.merging``: run schedules, print a table, write the counts as JSON."""

from __future__ import annotations

import argparse
import json
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Final

from bench.merging.scenarios import SCENARIOS
from bench.merging.world import WAYS, Tally, Way, World, play

HEADINGS: Final = (
    "scenario",
    "clients",
    "words",
    "lost",
    "doubled",
    "back",
    "letters missing",
    "wrong bases",
    "diverged",
)


def main() -> int:
    """Run what the command line asks for; 1 when a bar was missed."""
    asked = _arguments()
    if asked.trace is not None:
        for name in asked.only or SCENARIOS:
            World(SCENARIOS[name], asked.trace, (asked.way or WAYS)[0], note=print).run()
        return 0
    seeds = range(asked.first_seed, asked.first_seed + asked.schedules)
    print(f"{asked.schedules} schedules of each kind, seeds {seeds[0]} to {seeds[-1]}\n")
    print(_row(HEADINGS), _row(["---"] * len(HEADINGS)), sep="\n", flush=True)
    found = []
    with ProcessPoolExecutor(asked.processes) as pool:
        for name in asked.only or SCENARIOS:
            for way in asked.way or WAYS:
                total = Tally()
                cases = [(SCENARIOS[name], seed, way) for seed in seeds]
                for tally in pool.map(play, cases, chunksize=4):
                    total.add(tally)
                print(_row(_cells(name, way, total)), flush=True)
                found.append({"scenario": name, "clients": way, **vars(total)})
    if asked.json:
        asked.json.write_text(json.dumps(found, indent=1) + "\n", "utf-8")
    return 0


def _cells(name: str, way: Way, total: Tally) -> list[str]:
    merged = way != "last save wins"
    return [
        name,
        way,
        f"{total.words:,}",
        f"{total.lost:,} = {_share(total.lost, total.words)}",
        _share(total.doubled, total.words),
        _share(total.back, total.deletions, 2),
        _share(total.missing, total.letters),
        _share(total.wrong, total.saves, 2) if merged else "",
        str(total.diverged),
    ]


def _share(count: int, of: int, digits: int = 3) -> str:
    return f"{100 * count / max(1, of):.{digits}f} %"


def _row(cells: list[str] | tuple[str, ...]) -> str:
    return f"| {' | '.join(cells)} |"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m bench.merging", description="Count the words that merging loses."
    )
    parser.add_argument("--schedules", type=int, default=40, help="of each scenario")
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--only", action="append", choices=SCENARIOS, help="this one; repeatable")
    parser.add_argument("--way", action="append", choices=WAYS, help="this one; repeatable")
    parser.add_argument("--processes", type=int, help="default: one for each core")
    parser.add_argument("--json", type=Path, help="also write the counts to this file")
    parser.add_argument("--trace", type=int, metavar="SEED", help="tell one schedule step by step")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
