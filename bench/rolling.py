"""Restarts at noon: ``python -m bench.rolling`` (some minutes).

500 clients type in 50 essays while the server is restarted 20 times by SIGTERM. They come back by
the rules of the TypeScript client, with the server's advice, and send again what was not confirmed.
With ``--database`` and ``--redis`` there are two nodes behind a load balancer of the bench's own,
and in each cycle one is restarted after the other.

Measured is how long each of them was away: from the end of its connection until its next save is
confirmed. Everybody goes on typing while they are away, so that there is always one to confirm.

With two nodes one is killed (``kill -9``) before that, with somebody on it in each essay whom
others see on the other node; measured is until those are told that they left.

Fails when a confirmed word is missing from the final text or is there twice, when an essay went
back, when the copies differ, or when somebody is told that a user left who only waited for the
restart. (That one came may be said again: a node that loads a room asks the others who is there.)
With two nodes also when more than one in a hundred pauses is longer than 3 seconds, or
when somebody is still present 15 seconds after their node's death.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Final

from websockets.sync.client import ClientConnection, connect

from bench.balancer import balancer
from bench.servers import HOST, free_port
from bench.site import Site
from bench.stores import DATABASE_HELP, REDIS_HELP, stores
from bench.storm import Crowd, Report, all_equal, all_here, p99
from bench.storm_client import Who
from bench.world import Wanted, make_world, prose

CLIENTS: Final = 500
IN_AN_ESSAY: Final = 10
TYPING_EVERY: Final = 5.0
BETWEEN: Final = 3.0
"""Seconds of calm between two restarts."""
LONGEST_PAUSE: Final = 3.0
"""Seconds from a lost connection to the next confirmed save, for 99 of 100: with two nodes."""
LONGEST_DEATH: Final = 15.0
"""Seconds after a node's death in which its people leave."""
NOTICE: Final = "0.5"
"""Seconds that a node behind the balancer gives it to look elsewhere."""


def main() -> int:
    """Restart the server, or the nodes, again and again."""
    parser = argparse.ArgumentParser(prog="python -m bench.rolling", description=__doc__)
    parser.add_argument("--cycles", type=int, default=20)
    parser.add_argument("--clients", type=int, default=CLIENTS)
    parser.add_argument("--database", help=f"{DATABASE_HELP}; else SQLite")
    parser.add_argument("--redis", help=f"{REDIS_HELP}: then there are two nodes")
    asked = parser.parse_args()
    if asked.redis is not None and asked.database is None:
        parser.error("two nodes need --database")
    with (
        tempfile.TemporaryDirectory(prefix="workroom-rolling-") as folder,
        stores(asked.database, asked.redis) as shared,
        ExitStack() as stack,
    ):
        people = _people(Path(folder), shared.database, asked.clients)
        if shared.redis is None:
            site = Site(Path(folder), shared, stack)
            return run(site, site.ports[0], people, asked.cycles)
        site = Site(Path(folder), shared, stack, WORKROOM_SHUTDOWN_NOTICE=NOTICE)
        port = free_port()
        nodes = [(HOST, each) for each in site.ports]
        stack.enter_context(balancer((HOST, port), nodes))
        return run(site, port, people, asked.cycles)


def run(site: Site, port: int, people: Sequence[Who], cycles: int) -> int:
    """People come to this port; the exit code."""
    site.start()
    died = _killed(site, people) if len(site.ports) > 1 else 0.0
    crowd = Crowd(people, [port], TYPING_EVERY)
    try:
        seen = _restart(crowd, site, len(people), cycles)
    finally:
        crowd.close()
    texts = {who.essay: _text(site.ports[0], who) for who in people[::IN_AN_ESSAY]}
    return _judge(seen, texts, died)


def _people(folder: Path, database: str | None, clients: int) -> list[Who]:
    names = tuple(f"Writer {number}" for number in range(IN_AN_ESSAY))
    wanted = [Wanted(prose(120), names) for _ in range(clients // IN_AN_ESSAY)]
    people: list[Who] = []
    for essay in make_world(folder, wanted, database):
        for person in essay.writers:
            people.append(Who(len(people), essay.number, person.token, types=True))
    return people


def _killed(site: Site, people: Sequence[Who]) -> float:
    """Seconds until, in every essay, whoever was on a killed node is told to have left."""
    essays = [people[at : at + 2] for at in range(0, len(people), IN_AN_ESSAY)]
    with ExitStack() as stack:
        here = [stack.enter_context(_enter(site.ports[0], one)) for one, _ in essays]
        for socket in here:
            _until(socket, "user_joined")  # they themselves
        for _, other in essays:
            stack.enter_context(_enter(site.ports[1], other))
        for socket in here:
            _until(socket, "user_joined")
        began = time.monotonic()
        site.kill([1])
        for socket in here:
            _until(socket, "user_left")
        died = time.monotonic() - began
    site.revive([1])
    return died


def _enter(port: int, who: Who) -> ClientConnection:
    url = f"ws://{HOST}:{port}/ws/essays/{who.essay}/?token={who.token}"
    return connect(url, compression=None, close_timeout=1)


def _until(socket: ClientConnection, kind: str) -> None:
    """Read until a message of that type comes."""
    while json.loads(socket.recv(timeout=60))["type"] != kind:
        pass


@dataclass(frozen=True, slots=True)
class Seen:
    """What the clients say at last, and how often they were told at first that somebody came."""

    reports: Sequence[Report]
    came: int
    ends: Sequence[float]
    """How many seconds each end of a server took."""


def _restart(crowd: Crowd, site: Site, count: int, cycles: int) -> Seen:
    crowd.until(lambda reports: all_here(reports, count))
    time.sleep(BETWEEN)
    came = sum(report.tally.joined for report in crowd.report())
    crowd.order("type")
    ends = []
    for _ in range(cycles):
        for node in range(len(site.ports)):
            time.sleep(BETWEEN)
            ends.append(site.restart(node))
            crowd.until(lambda reports: all_here(reports, count))
    time.sleep(BETWEEN)
    crowd.order("rest")
    return Seen(crowd.until(all_equal), came, ends)


def _text(port: int, who: Who) -> str:
    """What the server has of an essay."""
    connection = HTTPConnection(HOST, port, timeout=20)
    try:
        path, bearer = f"/api/essays/{who.essay}/", f"Bearer {who.token}"
        connection.request("GET", path, headers={"Authorization": bearer})
        content: str = json.load(connection.getresponse())["content"]
    finally:
        connection.close()
    return content


def _judge(seen: Seen, texts: dict[int, str], died: float) -> int:
    reports, ends = seen.reports, seen.ends
    confirmed = [each for report in reports for each in report.tally.confirmed]
    words = {essay: Counter(text.split()) for essay, text in texts.items()}
    found = [words[essay][word] for essay, word in confirmed]
    lost, twice = found.count(0), sum(count > 1 for count in found)
    wrong = [each for report in reports for each in report.tally.wrong]
    left = sum(report.tally.left for report in reports)
    came = sum(report.tally.joined for report in reports) - seen.came
    pauses = [seconds for report in reports for seconds in report.tally.pauses]
    print(f"{len(ends)} restarts, each ended within {max(ends):.1f} s")
    print(f"{len(confirmed)} words confirmed, {lost} of them lost, {twice} there twice")
    print(f"{len(wrong)} times an essay went back")
    print(f"{left} times somebody was told that a user left, {came} times that one came")
    _show("back in the essay", [each for report in reports for each in report.tally.returns])
    _show("pause until a save is confirmed", pauses)
    delays = [delay for report in reports for _, delay in report.tally.acks]
    print(f"from typing to its confirmation: p99 {p99(delays):.0f} ms")
    if died:
        print(f"{died:.1f} s after the death of a node all who were on it had left")
    late = died and (died > LONGEST_DEATH or p99(pauses) > 1000 * LONGEST_PAUSE)
    return 1 if lost or twice or wrong or left or late else 0


def _show(what: str, seconds: Sequence[float]) -> None:
    median = 1000 * sorted(seconds)[len(seconds) // 2]
    print(f"{what}: {len(seconds)} times, median {median:.0f} ms, p99 {p99(seconds):.0f} ms")


if __name__ == "__main__":
    sys.exit(main())
