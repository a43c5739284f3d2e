"""What holds for every test of the project."""

from __future__ import annotations

import os
import sys
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from tests.postgres_kit import Postgres

# What the tests of a folder share stands beside them, and is imported by its bare name unless the
# folder is a package.
FOLDERS = {path.parent for path in Path(__file__).parent.rglob("*.py")}
sys.path += sorted(str(each) for each in FOLDERS if not (each / "__init__.py").exists())

# How long an example takes says more about the machine, and what else it does, than about the code.
settings.register_profile(
    "workroom", deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("workroom")

CI = os.environ.get("CI", "").lower() in {"1", "true", "yes"}


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Postgres]:
    """A PostgreSQL server that this process starts when the first test needs it."""
    from tests.postgres_kit import postgres

    with postgres() as server:
        yield server


Report = TypeVar("Report", pytest.TestReport, pytest.CollectReport)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A test that needs what a laptop may lack is skipped there; in CI nothing may be missing."""
    report = yield
    return _never_skipped(report)


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """The same for a whole module."""
    report = yield
    return _never_skipped(report)


def _never_skipped(report: Report) -> Report:
    if CI and report.skipped and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"skipped, which is a failure in CI: {reason}"
    return report
