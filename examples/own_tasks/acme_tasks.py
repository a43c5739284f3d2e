"""A Celery app of our own whose task reports to Workroom.

Run it with: celery -A acme_tasks worker -Q acme
"""

import os
from typing import Any

from celery import Celery
from PIL import Image

from workroom.tasks import ProjectTask, TaskFailed

app = Celery("acme", broker=os.environ["CELERY_BROKER"], backend=os.environ["CELERY_BROKER"])
app.conf.worker_prefetch_multiplier = 1


@app.task(base=ProjectTask, bind=True, name="acme.count_colours")
def count_colours(self: ProjectTask, project_id: int, canvas_id: int) -> dict[str, Any]:
    """How many different colours a picture has."""
    with self.canvas_file() as path:
        self.progress(10, "Opening the picture...")
        try:
            picture = Image.open(path).convert("RGB")
        except OSError as error:
            raise TaskFailed("This picture cannot be read") from error
    colours = set()
    for row in range(picture.height):
        self.progress(10 + 90 * row // picture.height, "Counting colours...")
        colours.update(picture.crop((0, row, picture.width, row + 1)).getdata())
    self.progress(100, "Done")
    return {"colours": len(colours)}
