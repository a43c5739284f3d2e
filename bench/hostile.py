"""``python -m bench.hostile``: what one hostile client costs a hundred good ones.

The same room is measured by turns with good members only (A), with a reader that never reads (B),
with a client that sends without pause and comes back whenever it is thrown out (C), and with both
(D). Machines are never calm, so each phase is compared with the A of its own cycle, and the median
of these comparisons counts.
"""

from __future__ import annotations

import argparse
import json
import re
import statistics
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.table import Table

from bench.crew import Undelivered
from bench.hostile_guests import FLOODS, Deeds, Guests, Invitation, Misdeeds
from bench.hostile_room import EDITORS, TYPISTS, Observed, Room
from bench.machine import cores, description, pin
from bench.servers import Server, free_port
from bench.typist import opening_text
from bench.wire import Address
from bench.world import Essay, Wanted, make_world, prose

PHASES: Final = {
    "A": Misdeeds(),
    "B": Misdeeds(stuck=True),
    "C": Misdeeds(flood=True),
    "D": Misdeeds(stuck=True, flood=True),
}
SLOWER: Final = 1.20
"""Target: how many times the others' p99 may be what it is without hostile clients."""
MEMORY: Final = 5.0
"""Target: MiB that the server may grow by."""
READERS: Final = 100
WORDS: Final = 650
"""About 4 KB of text, in every update."""
RATE: Final = 60.0
"""Events a second; one in six is an edit."""
_RESULTS: Final = Path(__file__).resolve().parent / "results" / "hostile.json"
_WIDTH: Final = 132
_STUCK_WITHIN: Final = 3.0


@dataclass(frozen=True, slots=True)
class Places:
    """Cores. The hostile ones stay away from both others, as far as there are any."""

    server: tuple[int, ...]
    harness: int | None
    guests: int | None
    niceness: int = 0
    """Of the hostile process, when it has to share a core with the harness."""


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


@dataclass(frozen=True, slots=True)
class Plan:
    """Times in seconds."""

    cycles: int
    seconds: float
    rest: float
    flood: str
    warm_up: float = 3.0


def main() -> int:
    """Run what the command line asks for; 0 when the targets are met."""
    asked = _arguments()
    plan = Plan(3, 2.0, 0.5, asked.flood) if asked.quick else Plan(6, 5.5, 1.0, asked.flood)
    console = Console(width=None if sys.stdout.isatty() else _WIDTH)
    started = time.monotonic()

    def say(done: str) -> None:
        console.print(f"[dim]{time.monotonic() - started:5.0f} s  {done}[/dim]", highlight=False)

    try:
        report = _report(plan, _run(plan, say))
    except (Undelivered, OSError, RuntimeError) as error:
        notes = "\n".join([str(error), *getattr(error, "__notes__", [])])
        console.print(f"[red]The measurement failed: {notes}[/red]", highlight=False)
        return 1
    asked.output.parent.mkdir(parents=True, exist_ok=True)
    asked.output.write_text(json.dumps(report, indent=1) + "\n")
    _show(console, report)
    console.print(f"{time.monotonic() - started:.0f} s; written to {asked.output}")
    return 0 if report["met"] else 2


def places() -> Places:
    """Where everybody works on this machine."""
    mine = cores()
    if len(mine) < 2:
        return Places((), None, None, 19)
    if len(mine) == 2:
        return Places((mine[0],), mine[1], mine[1], 19)
    return Places(tuple(mine[:-2]), mine[-2], mine[-1])


# ---- measuring ------------------------------------------------------------------------------


def _run(plan: Plan, say: Callable[[str], None]) -> list[Cycle]:
    where = places()
    with ExitStack() as stack:
        guests = stack.enter_context(Guests(where.guests, where.niceness))
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="workroom-hostile-")))
        essay = make_world(folder, [_wanted()])[0]
        server = stack.enter_context(_server(folder)).ready(where.server)
        if where.harness is not None:
            pin(0, [where.harness])
        *_, stuck, flooder = essay.writers
        guests.invite(Invitation(server.address, essay.number, stuck, flooder, plan.flood))
        room = Room(server.address, _good(essay), server.pid)
        room.observe(plan.warm_up, RATE)
        say(f"{READERS} readers, {EDITORS} editors and {TYPISTS} typists are in the room")
        cycles = [_cycle(plan, room, guests, server.address, say) for _ in range(plan.cycles)]
        room.close()
        return cycles


def _wanted() -> Wanted:
    names = [f"Writer {at}" for at in range(EDITORS + TYPISTS)]
    text = opening_text(prose(WORDS), EDITORS)
    return Wanted(text, (*names, "Never Reads", "Never Stops"), READERS)


def _good(essay: Essay) -> Essay:
    return Essay(essay.number, essay.writers[:-2], essay.readers)


def _server(folder: Path) -> Server:
    """``workroom serve`` as users have it: all limits are the default ones."""
    port = str(free_port())
    settings = {"DATA_DIR": str(folder), "PORT": port, "PROJECT_PORT": port}
    env = {f"WORKROOM_{name}": value for name, value in settings.items()}
    return Server("workroom", [sys.executable, "-m", "workroom", "serve"], int(port), **env)


def _cycle(
    plan: Plan, room: Room, guests: Guests, address: Address, say: Callable[[str], None]
) -> Cycle:
    cycle: Cycle = {}
    for name, misdeeds in PHASES.items():
        room.rest(plan.rest)
        guests.begin(misdeeds)
        if misdeeds.stuck:
            _wait_until_stuck(room, address)
        observed = room.observe(plan.seconds, RATE)
        stuck = _slow_readers(address)
        cycle[name] = Phase(name, observed, guests.end(), stuck)
    say("p99 " + ", ".join(f"{name} {each.p(0.99):.1f} ms" for name, each in cycle.items()))
    return cycle


def _wait_until_stuck(room: Room, address: Address) -> None:
    deadline = time.monotonic() + _STUCK_WITHIN
    while not _slow_readers(address):
        if time.monotonic() > deadline:
            message = "the server has not noticed the reader that does not read"
            raise Undelivered(message)
        room.rest(0.1)


def _slow_readers(address: Address) -> int:
    host, port = address
    with urllib.request.urlopen(f"http://{host}:{port}/metrics", timeout=10) as response:
        found = re.search(rb"^workroom_slow_readers ([0-9.]+)$", response.read(), re.MULTILINE)
    return round(float(found[1])) if found else 0


# ---- reporting ------------------------------------------------------------------------------


def percentile(delays: Sequence[float], share: float) -> float:
    """The smallest delay that ``share`` of all do not exceed."""
    ordered = sorted(delays)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else float("nan")


def _chosen(observed: Observed, kind: str) -> Sequence[float]:
    delays = observed.delays
    chosen = {"typing": delays.typing, "edit": delays.edit, "all": delays.typing + delays.edit}
    return chosen[kind]


def _report(plan: Plan, cycles: Sequence[Cycle]) -> dict[str, Any]:
    phases = {name: _summary(name, cycles) for name in PHASES}
    hostile = [phases[name] for name in PHASES if name != "A"]
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
    calm = cycles[0]["A"].observed.rss_end
    rises = [each.observed.rss_peak - calm for each in own]
    seconds = sum(each.observed.seconds for each in own)
    return {
        "p50_ms": [each.p(0.5) for each in own],
        "p99_ms": [each.p(0.99) for each in own],
        "p99_typing_ms": [each.p(0.99, "typing") for each in own],
        "p99_edit_ms": [each.p(0.99, "edit") for each in own],
        "p99_ratios": ratios,
        "p99_ratio": statistics.median(ratios),
        "p99_ratio_of_all": _pooled(name, cycles) / _pooled("A", cycles),
        "rss_rises_mib": [rise / 1024 for rise in rises],
        "rss_rise_mib": max(rises) / 1024,
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


def _show(console: Console, report: dict[str, Any]) -> None:
    table = Table(title=f"A hundred good members beside hostile ones (flood: {report['flood']})")
    heads = "p50 ms", "p99 ms", "typing", "edit", "x A (min-max)", "all x A", "RSS +MiB", "cores"
    for head in ("phase", *heads, "flood/s", "logins/s", "lost", "late"):
        table.add_column(head, justify="left" if head == "phase" else "right")
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
        f"{each['p99_ratio']:.2f} ({low:.2f}-{high:.2f})",
        f"{each['p99_ratio_of_all']:.2f}",
        f"{each['rss_rise_mib']:.1f}",
        f"{each['cpu']:.2f}",
        f"{each['flooded_per_second']:.0f}",
        f"{each['connections_per_second'] + each['refused_per_second']:.0f}",
        str(each["undelivered"]),
        str(each["sent_late"]),
    ]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.hostile", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="less than 40 s, rough figures")
    parser.add_argument("--flood", choices=FLOODS, default="typing", help="what is flooded")
    parser.add_argument("--output", type=Path, default=_RESULTS, help="the JSON file")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
