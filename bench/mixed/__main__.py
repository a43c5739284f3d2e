"""``python -m bench.mixed``: a run, a table, the counts as JSON."""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Final

from tests.net.live import running

from bench.mixed.run import PEOPLE, Result, mixed

HEADINGS: Final = (
    *("who", "with", "saves", "breaks", "words", "kept", "deleted", "by others", "in flight"),
    *("undeleted in flight", "lost", "glued", "doubled", "back"),
)


def main() -> int:
    """Run; 1 when a word is missing, or anybody ended with another text."""
    asked = _arguments()
    print(f"seed {asked.seed}, {asked.minutes:g} minutes", flush=True)
    with tempfile.TemporaryDirectory() as folder, running(Path(folder)) as server:
        result = asyncio.run(
            mixed(server, asked.seed, asked.minutes * 60, lambda line: print(line, flush=True))
        )
    show(result)
    if asked.json:
        found = {**asdict(result), "failures": result.failures()}
        asked.json.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", "utf-8")
    return 1 if result.failures() else 0


def show(result: Result) -> None:
    """Print a table, and what went wrong."""
    print(_row(HEADINGS), _row(["---"] * len(HEADINGS)), sep="\n")
    for name, share in result.shares.items():
        cells = [
            len(value) if isinstance(value, list) else value for value in asdict(share).values()
        ]
        kind = PEOPLE[name][1] if name in PEOPLE else ""
        saves = result.saves.get(name, 0), result.breaks.get(name, 0)
        print(_row([name, kind, *map(str, (*saves, *cells))]))
    for name, share in result.shares.items():
        for what in ("lost", "glued", "doubled", "back"):
            if words := getattr(share, what):
                print(f"{what}, of {name}: {' '.join(words)}")
    for word, culprits in result.culprits.items():
        print(f"letters of {word} were deleted by {culprits}")
    print(f"{len(result.text):,} characters, {len(PEOPLE) - len(result.other_texts)} of 6 the same")
    for failure in result.failures():
        print(f"WRONG: {failure}")


def _row(cells: list[str] | tuple[str, ...]) -> str:
    return f"| {' | '.join(cells)} |"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m bench.mixed", description="Six clients, one essay, and every word of it."
    )
    parser.add_argument("--minutes", type=float, default=10.0, help="how long they type")
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 31))
    parser.add_argument("--json", type=Path, help="also write the counts to this file")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
