"""``workroom bench truth`` as users start it: short runs, and what becomes of their histories."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.net.live import running

SMALL = ("--clients", "10", "--rooms", "3", "--think", "0.2", "--seed", "7")


def bench(*arguments: object, **more: str) -> subprocess.CompletedProcess[str]:
    """Run the command to its end."""
    clean = {name: value for name, value in os.environ.items() if "WORKROOM" not in name.upper()}
    return subprocess.run(
        [sys.executable, "-m", "workroom", "bench", "truth", *map(str, arguments)],
        env={**clean, **more},
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )


def report_of(done: subprocess.CompletedProcess[str], path: Path) -> dict[str, Any]:
    assert done.returncode == 0, done.stdout + done.stderr
    report: dict[str, Any] = json.loads(path.read_text("utf-8"))
    assert report["found"] == []
    return report


def test_a_run_with_faults_on_a_server_of_its_own_finds_nothing_wrong(tmp_path: Path) -> None:
    kept, report = tmp_path / "run", tmp_path / "report.json"
    done = bench(
        *("--start", *SMALL, "--seconds", 10, "--drops", 5, "--faults", 5),
        *("--keep", kept, "--json", report),
    )
    counts = report_of(done, report)["counts"]
    assert counts["clients"] == 10
    assert 0 < counts["acknowledgements"] < counts["events"]  # how many, the machine decides
    assert counts["faults"] > 0 and counts["resumed"] > 0
    assert "rooms without an end" not in counts
    again = bench("--check", kept)
    assert again.returncode == 0, again.stderr
    without_the_end = [path for path in kept.glob("*.jsonl") if path.name != "final.jsonl"]
    lost = (kept / "final.jsonl").read_text("utf-8").replace('"text":"', '"text":"strange ')
    (kept / "final.jsonl").write_text(lost, "utf-8")
    assert bench(*(part for path in without_the_end for part in ("--check", path))).returncode == 0
    assert bench("--check", kept).returncode == 1


def test_a_quiet_run_on_a_server_that_is_there_leaves_out_no_number(tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    with running(tmp_path / "data") as server:
        tokens = " ".join(server.token(name) for name in ("emma", "jane", "mike"))
        done = bench(
            *("--url", server.http, *SMALL, "--seconds", 4, "--drops", 0, "--json", report),
            WORKROOM_TOKEN=tokens,
        )
    counts = report_of(done, report)["counts"]
    assert "faults" not in counts
    assert "several told as one" not in counts


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ([], "--url"),
        (["--start", "--url", "http://127.0.0.1:1"], "--url"),
        (["--url", "http://127.0.0.1:1"], "--token"),
        (["--check", "nowhere.jsonl"], "--check"),
    ],
)
def test_what_cannot_be_run_is_refused_by_the_name_of_the_option(
    arguments: list[str], named: str
) -> None:
    done = bench(*arguments)
    assert done.returncode == 1
    assert done.stderr.startswith("error: ") and done.stderr.count("\n") == 1
    assert named in done.stderr


def test_histories_of_a_run_that_was_killed_still_have_a_verdict(tmp_path: Path) -> None:
    kept = tmp_path / "run"
    command = ["bench", "truth", "--start", *SMALL, "--seconds", "100", "--keep", str(kept)]
    with subprocess.Popen(
        [sys.executable, "-m", "workroom", *command],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as process:
        wait_until(lambda: sum(b'"acked"' in path.read_bytes() for path in kept.glob("c*")) > 3)
        os.killpg(process.pid, signal.SIGKILL)
    checked = bench("--check", kept)
    assert checked.returncode == 0, checked.stderr
    assert "acknowledgements" in checked.stdout
    assert "rooms without an end" in checked.stdout


def wait_until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 120
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.05)  # what another process writes down cannot be waited for otherwise
