"""``make bench`` in small: it measures every part, and what it measures is what it says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from bench import __main__ as bench
from bench.plan import Plan

SMALL = Plan(
    members=(40,),  # more than people let in in a minute
    long_bursts=(),
    cycles=1,
    seconds=0.05,
    settle=0.05,
    edit_seconds=0.3,
    edit_rates=(50,),
    essays=3,
    save_batches=1,
    idle=20,
    calm=0.1,
    starts=1,
)


def test_every_part_of_the_bench_measures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench, "full", lambda: SMALL)
    monkeypatch.setattr("sys.argv", ["bench", "--output", str(tmp_path)])
    assert bench.main() == 0
    [written] = tmp_path.iterdir()
    results = json.loads(written.read_text())
    for part in bench.PARTS:
        assert results[part], f"nothing was measured of {part}"
    assert all(way["damaged"] == 0 for way in results["edits"])
