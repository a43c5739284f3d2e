"""What the Workroom server has to know of our tasks. It imports this, and not the tasks."""

from workroom.tasks import TaskType

COUNT_COLOURS = TaskType(
    name="count_colours",  # what clients send as task_type
    task="acme.count_colours",  # what Celery calls it
    kinds=frozenset({"image"}),
    queue="acme",
    seconds=60,
)
