"""What the kernel knows of a process, and of this machine (Linux)."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final

_NANOSECONDS: Final = 1e9
_FLUSHES: Final = 15
"""Column of ``/sys/block/*/stat``: flush requests that the device completed."""
_PACKAGES: Final = ("workroom", "uvicorn", "uvloop", "websockets", "starlette", "orjson", "pycrdt")


def cpu_seconds(pid: int) -> float:
    """CPU time of all threads of a process, in user space and in the kernel."""
    total = 0
    for task in Path(f"/proc/{pid}/task").iterdir():
        total += int((task / "schedstat").read_text().split()[0])
    return total / _NANOSECONDS


def offspring(pid: int) -> list[int]:
    """The processes that a process has started and that live."""
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return [int(child) for task in tasks for child in (task / "children").read_text().split()]


def rss_kib(pid: int) -> int:
    """Resident memory of a process."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    message = f"process {pid} has no resident memory"
    raise ProcessLookupError(message)


def device_flushes() -> int:
    """Cache flushes that the disks of this machine have completed, whoever asked for them."""
    rows = [(block / "stat").read_text().split() for block in Path("/sys/block").iterdir()]
    return sum(int(row[_FLUSHES]) for row in rows if len(row) > _FLUSHES)


def cores() -> list[int]:
    """The cores that we may use."""
    return sorted(os.sched_getaffinity(0))


def pin(pid: int, to: Sequence[int]) -> None:
    """Keep a process on these cores; 0 is the present process."""
    for task in Path(f"/proc/{pid or os.getpid()}/task").iterdir():
        os.sched_setaffinity(int(task.name), to)


def description() -> dict[str, Any]:
    """The machine, the versions and the time: what a number is worth nothing without."""
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "cpu": _cpu_model(),
        "cores": len(cores()),
        "kernel": platform.release(),
        "congestion_control": _read("/proc/sys/net/ipv4/tcp_congestion_control"),
        "load_average_at_start": os.getloadavg()[0],
        "python": platform.python_version(),
        "versions": {name: _version(name) for name in _PACKAGES},
    }


def _cpu_model() -> str:
    for line in _read("/proc/cpuinfo").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _read(path: str) -> str:
    try:
        return Path(path).read_text().strip()
    except OSError:
        return "unknown"


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"
