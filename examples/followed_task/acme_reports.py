"""A Celery app that knows nothing of Workroom.

Run it with: celery -A acme_reports worker -Q reports
"""

import os
import time
from typing import Any

from celery import Celery, Task

app = Celery("reports", broker=os.environ["CELERY_BROKER"], backend=os.environ["CELERY_BROKER"])


@app.task(bind=True, name="acme.render_report", track_started=True)
def render_report(self: "Task[Any, Any]", pages: int) -> dict[str, Any]:
    """Something that takes a while, and says how far it is as Celery's manual shows."""
    for page in range(pages):
        self.update_state(
            state="PROGRESS",
            meta={"current": page, "total": pages, "message": f"Rendering page {page + 1}..."},
        )
        time.sleep(0.5)
    return {"pages": pages}
