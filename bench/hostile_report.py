"""What a run of ``bench.hostile`` comes to: a table for people, JSON for machines."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from rich.console import Console
from rich.table import Table

from bench.hostile_guests import Deeds
from bench.hostile_room import Observed
from bench.machine import description

SLOWER: Final = 1.20
"""Target: how many times the others' p99 may be what it is without hostile clients."""
MEMORY: Final = 5.0
"""Target: MiB that the server may grow by, from the end of a cycle's A to the peak of a phase."""
RATE: Final = 60.0
"""Events a second; one in six is an edit."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Times in seconds."""

    cycles: int
    seconds: float
    rest: float
    flood: str
    warm_up: float = 3.0


@dataclass(slots=True)
class Phase:
    """One phase of one cycle."""

    name: str
    observed: Observed
    deeds: Deeds
    stuck: int
    """Slow readers that the server counted at the end."""

    def p(self, share: float, kind: str = "all") -> float:
        """A percentile of the delays, in milliseconds."""
        return percentile(_chosen(self.observed, kind), share)


Cycle = dict[str, Phase]


def percentile(delays: Sequence[float], share: float) -> float:
    """The smallest delay that ``share`` of all do not exceed."""
    ordered = sorted(delays)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else float("nan")


def _chosen(observed: Observed, kind: str) -> Sequence[float]:
    delays = observed.delays
    chosen = {"typing": delays.typing, "edit": delays.edit, "all": delays.typing + delays.edit}
    return chosen[kind]


def report_of(plan: Plan, cycles: Sequence[Cycle]) -> dict[str, Any]:
    """Everything, ready to be written down; ``met`` says whether the targets are."""
    phases = {name: _summary(name, cycles) for name in cycles[0]}
    hostile = [phases[name] for name in cycles[0] if name != "A"]
    slower = max(each["p99_ratio"] for each in hostile)
    grown = max(each["rss_rise_mib"] for each in hostile)
    lost = sum(each["undelivered"] for each in phases.values())
    return {
        "machine": description(),
        "flood": plan.flood,
        "cycles": len(cycles),
        "seconds_each": plan.seconds,
        "events_per_second": RATE,
        "phases": phases,
        "met": slower <= SLOWER and grown <= MEMORY and lost == 0,
        "targets": {"p99_ratio": SLOWER, "rss_rise_mib": MEMORY, "undelivered": 0},
    }


def _summary(name: str, cycles: Sequence[Cycle]) -> dict[str, Any]:
    own = [cycle[name] for cycle in cycles]
    ratios = [cycle[name].p(0.99) / cycle["A"].p(0.99) for cycle in cycles]
    rises = [cycle[name].observed.rss_peak - cycle["A"].observed.rss_end for cycle in cycles]
    seconds = sum(each.observed.seconds for each in own)
    return {
        "p50_ms": [each.p(0.5) for each in own],
        "p99_ms": [each.p(0.99) for each in own],
        "p99_typing_ms": [each.p(0.99, "typing") for each in own],
        "p99_edit_ms": [each.p(0.99, "edit") for each in own],
        "p99_ratios": ratios,
        "p99_ratio": statistics.median(ratios),
        "p50_ratio": statistics.median(cycle[name].p(0.5) / cycle["A"].p(0.5) for cycle in cycles),
        "p99_ratio_of_all": _pooled(name, cycles) / _pooled("A", cycles),
        "rss_mib": [each.observed.rss_peak / 1024 for each in own],
        "rss_rises_mib": [rise / 1024 for rise in rises],
        "rss_rise_mib": max(0, *rises) / 1024,
        "cpu": sum(each.observed.cpu for each in own) / seconds,
        "deliveries": sum(len(_chosen(each.observed, "all")) for each in own),
        "undelivered": sum(each.observed.lost for each in own),
        "lost_edits": [each.observed.lost_edits for each in own],
        "sent_late": sum(each.observed.late for each in own),
        "stuck": [each.stuck for each in own],
        "flooded_per_second": sum(each.deeds.messages for each in own) / seconds,
        "errors_received_kib": sum(each.deeds.received for each in own) / 1024,
        "connections_per_second": sum(each.deeds.connections for each in own) / seconds,
        "refused_per_second": sum(each.deeds.refused for each in own) / seconds,
    }


def _pooled(name: str, cycles: Sequence[Cycle]) -> float:
    together = [d for cycle in cycles for d in _chosen(cycle[name].observed, "all")]
    return percentile(together, 0.99)


def show(console: Console, report: dict[str, Any]) -> None:
    """Print the table and the verdict."""
    table = Table(title=f"A hundred good members beside hostile ones (flood: {report['flood']})")
    heads = (
        "p50 ms",
        "p99 ms",
        "typing",
        "edit",
        "p50 x A",
        "p99 x A",
        "all x A",
        "+MiB",
        "cores",
    )
    for head in ("phase", *heads, "flood/s", "in/s", "lost", "late"):
        table.add_column(head, justify="left" if head == "phase" else "right", no_wrap=True)
    for name, each in report["phases"].items():
        table.add_row(name, *_row(each))
    console.print(table)
    verdict = "[green]met[/green]" if report["met"] else "[red]missed[/red]"
    console.print(
        f"Targets (p99 at most x {SLOWER:.2f}, memory at most +{MEMORY:.0f} MiB): {verdict}"
    )


def _row(each: dict[str, Any]) -> list[str]:
    middle = [
        f"{statistics.median(each[key]):.1f}"
        for key in ("p50_ms", "p99_ms", "p99_typing_ms", "p99_edit_ms")
    ]
    low, high = min(each["p99_ratios"]), max(each["p99_ratios"])
    return [
        *middle,
        f"{each['p50_ratio']:.2f}",
        f"{each['p99_ratio']:.2f} ({low:.2f}-{high:.2f})",
        f"{each['p99_ratio_of_all']:.2f}",
        f"{each['rss_rise_mib']:.1f}",
        f"{each['cpu']:.2f}",
        f"{each['flooded_per_second']:.0f}",
        f"{each['connections_per_second'] + each['refused_per_second']:.0f}",
        str(each["undelivered"]),
        str(each["sent_late"]),
    ]
