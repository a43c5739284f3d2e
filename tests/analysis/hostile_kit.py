"""An analysis in a process of its own, which tells how much memory it took."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

_PROGRAM = """
import sys
from pathlib import Path
from workroom.analysis.audio import analyze_audio
from workroom.analysis.errors import AnalysisError
from workroom.analysis.image import analyze_image

def peak():
    # Not ru_maxrss: that one remembers the process which started this.
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) // 1024

before = peak()
said = ""
try:
    (analyze_image if sys.argv[1] == "image" else analyze_audio)(Path(sys.argv[2]), lambda *_: None)
except AnalysisError as error:
    said = f"{error.code}: {error.message}"
print(said)
print(peak() - before)
"""


def memory_of(kind: str, path: Path) -> tuple[str, int]:
    """What it said (nothing is a result), and by how many MiB it grew at its largest."""
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM, kind, str(path)],
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    said, grown = done.stdout.splitlines()
    return said, int(grown)
