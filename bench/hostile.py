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
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rich.console import Console

from bench.crew import Undelivered
from bench.hostile_guests import FLOODS, Guests, Invitation, Misdeeds
from bench.hostile_report import RATE, Cycle, Phase, Plan, report_of, show
from bench.hostile_room import EDITORS, TYPISTS, Room
from bench.machine import cores, pin
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
READERS: Final = 100
WORDS: Final = 650
"""About 4 KB of text, in every update."""
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


def main() -> int:
    """Run what the command line asks for; 0 when the targets are met."""
    asked = _arguments()
    plan = Plan(3, 1.2, 0.4, asked.flood) if asked.quick else Plan(8, 4.0, 0.4, asked.flood)
    console = Console(width=None if sys.stdout.isatty() else _WIDTH)
    started = time.monotonic()

    def say(done: str) -> None:
        console.print(f"[dim]{time.monotonic() - started:5.0f} s  {done}[/dim]", highlight=False)

    try:
        report = report_of(plan, _run(plan, say))
    except (Undelivered, OSError, RuntimeError) as error:
        notes = "\n".join([str(error), *getattr(error, "__notes__", [])])
        console.print(f"[red]The measurement failed: {notes}[/red]", highlight=False)
        return 1
    asked.output.parent.mkdir(parents=True, exist_ok=True)
    asked.output.write_text(json.dumps(report, indent=1) + "\n")
    show(console, report)
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
        _slow_readers(server.address)  # so that what the first request loads is nobody's fault
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


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.hostile", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="less than 40 s, rough figures")
    parser.add_argument("--flood", choices=FLOODS, default="typing", help="what is flooded")
    parser.add_argument("--output", type=Path, default=_RESULTS, help="the JSON file")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
