"""Start a task of our own Celery app, and show it in a Workroom project.

Usage: python follow.py PROJECT CANVAS. Prints the id of the task.
"""

import json
import os
import sys
import urllib.request

from acme_reports import render_report


def main(project: int, canvas: int) -> None:
    """Send the task, then tell Workroom its id."""
    sent = render_report.apply_async((6,), queue="reports")
    body = {"task_id": sent.id, "task_type": "render_report", "canvas_id": canvas}
    request = urllib.request.Request(
        f"{os.environ['WORKROOM_URL']}/api/projects/{project}/tasks/",
        json.dumps(body).encode(),
        {
            "Authorization": f"Bearer {os.environ['TOKEN']}",
            "Content-Type": "application/json",
        },
    )
    with urllib.request.urlopen(request) as answer:
        print(json.load(answer)["task_id"])


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
