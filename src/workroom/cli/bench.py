"""``workroom bench …``: tools that put a Workroom to the test."""

from __future__ import annotations

import asyncio
import random
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from workroom.cli.bench_options import (
    Check,
    Clients,
    Database,
    Drops,
    Faults,
    Keep,
    Nodes,
    Processes,
    Redis,
    Report,
    Rooms,
    Seconds,
    Seed,
    Start,
    Think,
    Tokens,
    Urls,
)
from workroom.cli.failures import Complaint

if TYPE_CHECKING:
    from workroom.truth.run import Outcome, Script
    from workroom.truth.stage import Wanted
    from workroom.truth.violations import Verdict

SHOWN = 20
"""Violations that are printed; the report holds all."""

app = typer.Typer(help="Put a Workroom to the test.", no_args_is_help=True)


@app.callback()
def bench() -> None:
    """Put a Workroom to the test."""


@app.command()
def truth(
    url: Urls = None,
    token: Tokens = None,
    start: Start = False,
    nodes: Nodes = 1,
    database: Database = None,
    redis: Redis = None,
    clients: Clients = 40,
    rooms: Rooms = 6,
    seconds: Seconds = 60,
    think: Think = 0.5,
    drops: Drops = 20,
    faults: Faults = 10,
    processes: Processes = 1,
    seed: Seed = None,
    keep: Keep = None,
    json: Report = None,
    check: Check = None,
) -> None:
    """Load and truth: look for what was confirmed and lost, doubled, or told out of order.

    Clients of every kind write marked words, feedback and fields, lose their
    connections and come back; with --start, servers are killed, paused and cut
    off as well. Then the histories of all clients are checked. Ends with 1 if
    anything is wrong. With --url, rooms are made on that server and left there.
    """
    from workroom.truth.plan import Load
    from workroom.truth.run import Script
    from workroom.truth.stage import Wanted

    if check:
        raise typer.Exit(_judged(check, json))
    if start == bool(url):
        raise Complaint("give either --start, or the --url of a running server")
    if url and not token:
        raise Complaint("the people who take part need access tokens: --token")
    drawn = random.SystemRandom().randrange(10**6) if seed is None else seed
    script = Script(drawn, seconds, Load(clients, rooms, think, drops), faults, processes)
    wanted = Wanted(nodes, max(2, clients // 2), database, redis) if start else None
    print(f"seed {drawn}", flush=True)
    raise typer.Exit(_run(script, wanted, url or [], _split(token or []), keep, json))


def _split(tokens: list[str]) -> list[str]:
    return [each for token in tokens for each in token.split()]


def _judged(given: list[Path], json: Path | None) -> int:
    from workroom.truth.checker import check
    from workroom.truth.history import SUFFIX

    files: list[Path] = []
    for path in given:
        files += sorted(path.glob(f"*{SUFFIX}")) if path.is_dir() else [path]
    try:
        verdict = check(files)
    except (OSError, ValueError) as error:
        raise Complaint(f"--check: {error}") from None
    return _report(verdict, {}, json)


def _run(
    script: Script,
    wanted: Wanted | None,
    urls: list[str],
    tokens: list[str],
    keep: Path | None,
    json: Path | None,
) -> int:
    folder = keep or Path(tempfile.mkdtemp(prefix="workroom-truth-"))
    folder = folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        message = f"--keep: {folder} is not empty; perhaps it holds the histories of another run"
        raise Complaint(message)
    print(f"histories and logs: {folder}", flush=True)
    outcome = asyncio.run(_shown(script, wanted, urls, tokens, folder))
    code = _report(outcome.verdict, _about(script, outcome), json)
    if keep is None and code == 0:
        import shutil

        shutil.rmtree(folder)
    return code


async def _shown(
    script: Script, wanted: Wanted | None, urls: list[str], tokens: list[str], folder: Path
) -> Outcome:
    from workroom.cli.bench_view import showing
    from workroom.truth.run import run
    from workroom.truth.stage import existing, started

    with showing() as show:
        if wanted is None:
            return await run(existing(urls, tokens), script, folder, show)
        async with started(wanted, folder) as stage:
            return await run(stage, script, folder, show)


def _about(script: Script, outcome: Outcome) -> dict[str, Any]:
    settled = None if outcome.settled is None else round(outcome.settled, 1)
    return {
        "seed": script.seed,
        "seconds": round(outcome.seconds, 1),
        "settled": settled,
        "schedule": [str(fault) for fault in outcome.faults],
    }


def _report(verdict: Verdict, about: dict[str, Any], json: Path | None) -> int:
    import orjson

    report = {**about, **verdict.as_json()}
    if json is not None:
        json.write_bytes(orjson.dumps(report, option=orjson.OPT_INDENT_2) + b"\n")
    for name, count in sorted(verdict.counts.items()):
        print(f"{name:32} {count:>12,}")
    for violation in verdict.violations[:SHOWN]:
        print(violation, file=sys.stderr)
    more = len(verdict.violations) - SHOWN
    if more > 0:
        print(f"… and {more} more", file=sys.stderr)
    print(f"{'violations':32} {len(verdict.violations):>12,}")
    unsettled = about.get("settled", 0.0) is None
    if unsettled:
        print("not everybody had the same in the end", file=sys.stderr)
    return 1 if verdict.violations or unsettled else 0
