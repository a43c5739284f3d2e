"""How much CPU time and memory the two analyses take; exits with 1 when over their budgets.

    python -m bench.analysis [--rounds 5]

Each file is measured in a process of its own, as a worker's child would: a picture of 1600 x 1200
with noise in it (the hardest for the decoder), and three minutes of stereo at 44.1 kHz. The time is
that of the process, all threads, from the call to the result; the median of the rounds. The first
round is not counted. The memory is what the process has at its largest, interpreter and libraries
included.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import soundfile
from PIL import Image

BUDGETS = {"image": 0.3, "audio": 2.0}
"""CPU seconds."""
RATE = 44_100

_PROGRAM = """
import json, sys, time
from pathlib import Path
from workroom.analysis.audio import analyze_audio
from workroom.analysis.image import analyze_image

kind, path, rounds = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
analyze = analyze_image if kind == "image" else analyze_audio
taken = []
for _ in range(rounds + 1):
    start = time.process_time()
    analyze(path, lambda percent, message: None)
    taken.append(time.process_time() - start)
status = Path("/proc/self/status").read_text().splitlines()
peak = next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))
print(json.dumps([taken[1:], peak // 1024]))
"""


def pictures(folder: Path) -> list[Path]:
    """A slope of colours with noise in it, in every format."""
    rows, columns = np.mgrid[0:1200, 0:1600]
    slope = np.stack([columns / 1600, rows / 1200, (rows + columns) / 2800], axis=-1) * 255
    noisy = slope + np.random.default_rng(1).normal(0, 12, slope.shape)
    image = Image.fromarray(noisy.clip(0, 255).astype(np.uint8))
    paths = [folder / f"picture.{it}" for it in ("jpg", "png", "webp", "gif")]
    for path in paths:
        image.save(path)
    return paths


def recordings(folder: Path) -> list[Path]:
    """A chord, noise and a beat, in every format."""
    chance = np.random.default_rng(1)
    moments = np.arange(RATE * 180) / RATE
    tones = [0.1 * np.sin(2 * np.pi * it * moments) for it in (440, 330)]
    samples = np.stack(tones, axis=1) + chance.normal(0, 0.02, (len(moments), 2))
    fade = np.exp(-np.arange(1000) / 200)[:, None]
    for start in range(0, len(samples) - 1000, RATE // 2):
        samples[start : start + 1000] += chance.normal(0, 0.3, (1000, 2)) * fade
    samples = samples.clip(-1, 1)
    paths = [folder / f"recording.{it}" for it in ("wav", "flac", "ogg", "mp3")]
    for path in paths:
        with soundfile.SoundFile(path, "w", RATE, 2) as file:
            for start in range(0, len(samples), RATE):
                file.write(samples[start : start + RATE])
    return paths


def measure(kind: str, path: Path, rounds: int) -> tuple[float, int]:
    """Median CPU seconds, and MiB at the largest."""
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM, kind, str(path), str(rounds)],
        capture_output=True,
        text=True,
        check=True,
    )
    taken, peak = json.loads(done.stdout)
    return statistics.median(taken), peak


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    over = False
    with tempfile.TemporaryDirectory(prefix="workroom-bench-") as scratch:
        folder = Path(scratch)
        for kind, paths in (("image", pictures(folder)), ("audio", recordings(folder))):
            for path in paths:
                seconds, peak = measure(kind, path, rounds)
                over = over or seconds > BUDGETS[kind]
                budget = f"of {BUDGETS[kind] * 1000:.0f} ms"
                print(f"{path.name:16} {seconds * 1000:6.0f} ms {budget}, {peak:4} MiB")
    return 1 if over else 0


if __name__ == "__main__":
    sys.exit(main())
