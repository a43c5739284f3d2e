"""The type of the task whose progress is measured."""

from workroom.tasks import TaskType

TICK = TaskType("tick", "bench.tick", frozenset({"image"}), module="bench_task")
