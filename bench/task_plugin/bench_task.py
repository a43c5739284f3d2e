"""A task that says when it spoke."""

import os
import time
from typing import Any

from workroom.tasks import ProjectTask
from workroom.tasks.app import app


@app.task(base=ProjectTask, bind=True, name="bench.tick")  # type: ignore[untyped-decorator]
def tick(self: ProjectTask, project_id: int, canvas_id: int) -> dict[str, Any]:
    """Speak every 0.3 s: no report waits for another."""
    del project_id, canvas_id
    times = int(os.environ.get("BENCH_TICKS", "100"))
    for step in range(times):
        time.sleep(0.3)
        self.progress(100 * step // times, str(time.time_ns()))
    return {}
