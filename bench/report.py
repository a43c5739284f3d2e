"""Tables for people, JSON for machines."""

from __future__ import annotations

import json
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.table import Table

from bench.edits import Edits
from bench.fanout import Cell
from bench.memory import Memory
from bench.saves import Saves

OURS: Final = "workroom"


@dataclass(slots=True)
class Results:
    """All that was measured in one run."""

    machine: dict[str, Any]
    fanout: list[Cell] = field(default_factory=list)
    edits: list[Edits] = field(default_factory=list)
    saves: list[Saves] = field(default_factory=list)
    memory: list[Memory] = field(default_factory=list)
    startup: list[float] = field(default_factory=list)
    """Seconds, one for each start."""

    def write(self, folder: Path) -> Path:
        """Write everything down; returns the file."""
        folder.mkdir(parents=True, exist_ok=True)
        file = folder / f"{self.machine['date'].replace(':', '').replace('+0000', 'Z')}.json"
        content = asdict(self)
        for cell, written in zip(self.fanout, content["fanout"], strict=True):
            written["ratios"] = {
                name: {"median": statistics.median(found), "cycles": found}
                for name, found in ratios(cell).items()
            }
        file.write_text(json.dumps(content, indent=1) + "\n")
        return file

    def show(self, console: Console) -> None:
        """Print tables."""
        for table in (
            _fanout_table(self.fanout),
            _edits_table(self.edits),
            _saves_table(self.saves),
            _memory_table(self.memory),
        ):
            if table.row_count:
                console.print(table)
        if self.startup:
            middle = statistics.median(self.startup)
            console.print(
                f"Start-up to the first byte of /healthz: {middle * 1000:.0f} ms"
                f" (median of {len(self.startup)})"
            )


def ratios(cell: Cell) -> dict[str, list[float]]:
    """How many times as much as each baseline, cycle by cycle."""
    ours = cell.runs[OURS].rates
    return {
        name: [mine / theirs for mine, theirs in zip(ours, run.rates, strict=True)]
        for name, run in cell.runs.items()
        if name != OURS
    }


def _fanout_table(cells: Sequence[Cell]) -> Table:
    table = Table(title="Thousands of deliveries per CPU-second (median of the cycles)")
    names = list(cells[0].runs) if cells else []
    for head in ("event", "bytes", "members", "at once", *names):
        table.add_column(head, justify="left" if head == "event" else "right")
    for name in names:
        if name != OURS:
            table.add_column(f"x {name}", justify="right")
    for cell in cells:
        rates = [f"{statistics.median(run.rates) / 1000:.0f}" for run in cell.runs.values()]
        times = [_spread(found) for found in ratios(cell).values()]
        table.add_row(
            cell.event, f"{cell.size:.0f}", str(cell.members), str(cell.burst), *rates, *times
        )
    return table


def _spread(found: Sequence[float]) -> str:
    return f"{statistics.median(found):.2f} ({min(found):.2f}-{max(found):.2f})"


def _edits_table(edits: Sequence[Edits]) -> Table:
    table = Table(title="Confirmed edits: stored, merged, acknowledged")
    heads = "loop", "asked/s", "acks/s", "p50 ms", "p99 ms", "cores", "us CPU/edit", "flushes/s"
    for head in (*heads, "damaged"):
        table.add_column(head, justify="left" if head == "loop" else "right")
    for each in edits:
        table.add_row(
            each.loop,
            "-" if each.asked is None else f"{each.asked:.0f}",
            f"{each.acks:.0f}",
            f"{each.p50:.1f}",
            f"{each.p99:.1f}",
            f"{each.cpu:.2f}",
            f"{each.cpu_per_edit:.0f}",
            f"{each.flushes:.0f}",
            str(each.damaged),
        )
    return table


def _saves_table(saves: Sequence[Saves]) -> Table:
    table = Table(title="CPU of one save, from the socket to everybody")
    for head in ("letters", "members", "highlights", "saves", "ms, median", "ms, dearest batch"):
        table.add_column(head, justify="right")
    for each in saves:
        figures = f"{each.cpu:.2f}", f"{each.cpu_most:.2f}"
        table.add_row(
            f"{each.letters:,}",
            str(each.members),
            str(each.highlights),
            f"{each.saves:,}",
            *figures,
        )
    return table


def _memory_table(memory: Sequence[Memory]) -> Table:
    table = Table(title="Memory of idle, subscribed connections")
    for head in ("server", "connections", "MiB before", "MiB after", "KiB each"):
        table.add_column(head, justify="left" if head == "server" else "right")
    for each in memory:
        before, after = f"{each.before / 1024:.0f}", f"{each.after / 1024:.0f}"
        table.add_row(each.server, str(each.connections), before, after, f"{each.each:.1f}")
    return table
