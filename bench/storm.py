"""Everybody comes back at once: ``python -m bench.storm`` (a minute or two).

5,000 clients in 250 essays, each a user of its own, one in each essay typing. Again and again they
lose their connections and come back by the rules of the TypeScript client:

*cut*: the network breaks for all but those who type. Measured is how long these wait for their
acknowledgements meanwhile.

*killed*: the server dies by ``kill -9`` and is started again. Measured is when the last client has
been told what it missed, and how often the servers read from the database for that.

With ``--database`` (PostgreSQL) and ``--redis`` there are two nodes, of which every client takes
either, as behind a load balancer. Then one of them is killed, and after that both at once.

Before that the same clients come back to a server that only greets them (``baselines/greeter.py``),
killed for as long: what the machine and the clients' waits take by themselves.

Fails when somebody is not back, when an essay went back, when a save is lost, or when the copies
differ.
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Final

from bench.machine import cpu_seconds
from bench.servers import HOST, baseline
from bench.site import Site
from bench.stores import DATABASE_HELP, REDIS_HELP, stores
from bench.storm_client import Client, Tally, Who, hold
from bench.world import Essay, Wanted, make_world, prose

PROCESSES: Final = 3
LONGEST: Final = 10.0
"""Seconds after which everybody has to be back."""
PATIENCE: Final = 60.0
TYPING_EVERY: Final = 2.0
DOWN: Final = 2.0
"""Seconds for which the baseline is away: about as long as Workroom takes to start."""


@dataclass(slots=True)
class Report:
    """What one process of clients says."""

    live: int
    unconfirmed: int
    known: dict[int, set[int]]
    """By essay: the numbers at which its clients stand."""
    tally: Tally = field(default_factory=Tally)


class Crowd:
    """The clients, in processes of their own."""

    def __init__(
        self, people: Sequence[Who], ports: Sequence[int], every: float = TYPING_EVERY
    ) -> None:
        """``ports``: of equal nodes. Who types saves something ``every`` so many seconds."""
        context = multiprocessing.get_context("fork")
        self._pipes: list[Connection] = []
        self._processes = []
        for number in range(PROCESSES):
            ours, theirs = context.Pipe()
            share = people[number::PROCESSES]
            process = context.Process(target=_crowd, args=(share, ports, number, every, theirs))
            process.start()
            self._pipes.append(ours)
            self._processes.append(process)

    def order(self, order: str) -> None:
        """``cut``, ``type``, ``rest`` or ``end``, to all."""
        for pipe in self._pipes:
            pipe.send(order)

    def report(self) -> list[Report]:
        """How all of them are."""
        self.order("report")
        return [pipe.recv() for pipe in self._pipes]

    def until(self, wanted: Any, seconds: float = PATIENCE) -> list[Report]:
        """The reports, once they are as wanted. Raises RuntimeError."""
        end = time.monotonic() + seconds
        while True:
            reports = self.report()
            if wanted(reports):
                return reports
            if time.monotonic() > end:
                heard = [(each.live, each.unconfirmed, each.tally.refused) for each in reports]
                message = f"not everybody came back: {heard}"
                raise RuntimeError(message)
            time.sleep(0.1)

    def cpu_seconds(self) -> float:
        """CPU time of all clients."""
        return sum(cpu_seconds(process.pid) for process in self._processes if process.pid)

    def close(self) -> None:
        """End the processes."""
        for process in self._processes:
            process.terminate()
            process.join()


def _crowd(
    people: Sequence[Who], ports: Sequence[int], seed: int, every: float, pipe: Connection
) -> None:
    import uvloop

    tally = Tally()

    async def steer(clients: list[Client], end: asyncio.Event) -> None:
        loop, typing = asyncio.get_running_loop(), asyncio.Event()
        typists = asyncio.ensure_future(_type(clients, typing, every))
        while (order := await loop.run_in_executor(None, pipe.recv)) != "end":
            if order == "cut":
                for client in clients:
                    if not client.who.types:
                        client.cut()
            elif order == "type":
                typing.set()
            elif order == "rest":
                typing.clear()
            else:
                await loop.run_in_executor(None, pipe.send, _report(clients, tally))
        typists.cancel()
        end.set()

    uvloop.run(hold(people, [(HOST, port) for port in ports], tally, seed, steer))


async def _type(clients: list[Client], typing: asyncio.Event, every: float) -> None:
    typists = [client for client in clients if client.who.types]
    while True:
        for client in typists:
            await typing.wait()
            client.type()
            await asyncio.sleep(every / len(typists))


def _report(clients: list[Client], tally: Tally) -> Report:
    known: dict[int, set[int]] = {}
    for client in clients:
        known.setdefault(client.who.essay, set()).add(client.knows)
    live = sum(client.is_live for client in clients)
    return Report(live, sum(client.unconfirmed for client in clients), known, tally)


def people_of(essays: Sequence[Essay]) -> list[Who]:
    """One client for each person; the author of each essay types."""
    found: list[Who] = []
    for essay in essays:
        for person in (*essay.writers, *essay.readers):
            types = person is essay.writers[0]
            found.append(Who(len(found), essay.number, person.token, types))
    return found


def main() -> int:
    """Run all storms."""
    parser = argparse.ArgumentParser(prog="python -m bench.storm", description=__doc__)
    parser.add_argument("--clients", type=int, default=5000)
    parser.add_argument("--essays", type=int, default=250)
    parser.add_argument("--database", help=f"{DATABASE_HELP}; else SQLite")
    parser.add_argument("--redis", help=f"{REDIS_HELP}: then there are two nodes")
    asked = parser.parse_args()
    if asked.redis is not None and asked.database is None:
        parser.error("two nodes need --database")
    with (
        tempfile.TemporaryDirectory(prefix="workroom-storm-") as folder,
        stores(asked.database, asked.redis) as shared,
        ExitStack() as stack,
    ):
        readers = asked.clients // asked.essays - 1
        wanted = [Wanted(prose(250), ("A",), readers) for _ in range(asked.essays)]
        people = people_of(make_world(Path(folder), wanted, shared.database))
        return run(Site(Path(folder), shared, stack), people)


def run(site: Site, people: Sequence[Who]) -> int:
    """All storms on this site; the exit code."""
    rooms = len({who.essay for who in people})
    crowd = Crowd(people, site.ports)
    everyone = range(len(site.ports))
    try:
        _greeted(crowd, site.ports[0], len(people))
        site.start()
        print(f"{len(people)} clients in {rooms} essays, {len(everyone)} nodes", flush=True)
        crowd.until(lambda reports: all_here(reports, len(people)))
        calm, storm = _cut(crowd, people, site)
        good = True
        for which in (everyone,) if len(everyone) == 1 else (everyone[:1], everyone):
            good &= _killed(crowd, site, which, len(people), rooms)
        print(f"acks of those who stay: p99 {p99(calm):.0f} ms, in the storm {p99(storm):.0f} ms")
    finally:
        crowd.close()
    return 0 if good else 1


def _greeted(crowd: Crowd, port: int, count: int) -> None:
    """The baseline: the same crowd, and a server that does nothing for it."""
    with baseline("greeter", "greeter", port) as first:
        first.ready()
        crowd.until(lambda reports: all_here(reports, count))
        first.stop(signal.SIGKILL)
    time.sleep(DOWN)
    with baseline("greeter", "greeter", port) as second:
        second.ready()
        up = time.monotonic()
        time.sleep(0.5)
        reports = crowd.until(lambda reports: all_here(reports, count))
        back = max(at for report in reports for at in report.tally.resumed.values())
        print(
            f"baseline: answered after {DOWN:.0f} s, all were back {back - up:.2f} s later;",
            end=" ",
        )
        print(f"CPU seconds of the server: {cpu_seconds(second.pid):.1f}", flush=True)


def _cut(crowd: Crowd, people: Sequence[Who], site: Site) -> tuple[list[float], list[float]]:
    """The delays of acknowledgements in calm and in a storm."""
    crowd.order("type")
    time.sleep(4)
    calm = _delays(crowd.report(), 0.0)
    spent = site.cpu_seconds(), crowd.cpu_seconds()
    cut = time.monotonic()
    crowd.order("cut")
    time.sleep(0.5)
    crowd.until(lambda reports: all_here(reports, len(people)))
    reports = crowd.report()
    back = max(at for report in reports for at in report.tally.resumed.values())
    _show("cut", back - cut, reports)
    print(
        f"  CPU seconds: servers {site.cpu_seconds() - spent[0]:.1f}, "
        f"clients {crowd.cpu_seconds() - spent[1]:.1f}"
    )
    delays = _delays(reports, cut, back)
    crowd.order("rest")
    return calm, delays


def _killed(crowd: Crowd, site: Site, which: Sequence[int], count: int, rooms: int) -> bool:
    """Kill these nodes, and start them again at once; whether all went as it should."""
    others = [at for at in range(len(site.ports)) if at not in which]
    crowd.order("type")
    time.sleep(3)
    read, spent, killed = site.reads(others), site.cpu_seconds(others), time.monotonic()
    site.kill(which)
    site.revive(which)
    up = time.monotonic()
    time.sleep(0.5)
    reports = crowd.until(lambda reports: all_here(reports, count))
    back = max(at for report in reports for at in report.tally.resumed.values())
    read = site.reads((*which, *others)) - read
    crowd.order("rest")
    reports = crowd.until(all_equal)
    wrong = [each for report in reports for each in report.tally.wrong]
    _show(f"{len(which)} of {len(site.ports)} killed", back - killed, reports)
    print(f"  answered again after {up - killed:.2f} s; all were back {back - up:.2f} s later")
    print(
        f"  CPU seconds of the killed, their start included: {site.cpu_seconds(which):.1f}", end=""
    )
    print(f"; of the others: {site.cpu_seconds(others) - spent:.1f}")
    print(f"  read from the database: {dict(read)}; {len(wrong)} went back")
    queries = (read["room"] + read["log"]) / rooms / len(which)
    print(f"  queries for the resume, per room of each killed node: {queries:.2f}", flush=True)
    return back - killed <= LONGEST and queries <= 1 and not wrong


def all_here(reports: Sequence[Report], count: int) -> bool:
    """So many clients follow their essays."""
    return sum(report.live for report in reports) == count


def all_equal(reports: Sequence[Report]) -> bool:
    """Every save is confirmed, and the clients of an essay stand at the same number."""
    known: dict[int, set[int]] = {}
    for report in reports:
        for essay, seqs in report.known.items():
            known.setdefault(essay, set()).update(seqs)
    done = all(report.unconfirmed == 0 for report in reports)
    return done and all(len(seqs) == 1 for seqs in known.values())


def _delays(reports: Sequence[Report], since: float, until: float = float("inf")) -> list[float]:
    acks = [ack for report in reports for ack in report.tally.acks]
    return [delay for sent, delay in acks if since <= sent <= until]


def p99(delays: Sequence[float]) -> float:
    """Of seconds, in milliseconds."""
    return 1000 * sorted(delays)[int(len(delays) * 0.99)] if delays else float("nan")


def _show(what: str, seconds: float, reports: Sequence[Report]) -> None:
    attempts = sum(report.tally.attempts for report in reports)
    recovered = sum(report.tally.recovered for report in reports)
    refused: dict[str, int] = {}
    for report in reports:
        for why, count in report.tally.refused.items():
            refused[why] = refused.get(why, 0) + count
    print(f"{what}: all back {seconds:.2f} s after it; {attempts} attempts so far,", end=" ")
    print(f"{recovered} recovered; attempts that failed: {refused}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
