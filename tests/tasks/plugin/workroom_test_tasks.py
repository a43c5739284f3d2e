"""What the tasks of ``workroom_test_types`` do. Waiting is their work."""

import os
import signal
import time
from pathlib import Path
from typing import Any

from workroom.tasks import ProjectTask, TaskFailed
from workroom.tasks.app import app


def task(function: Any) -> Any:
    return app.task(base=ProjectTask, bind=True, name=f"test.{function.__name__}")(function)


@task
def count_steps(self: ProjectTask, project_id: int, canvas_id: int) -> dict[str, Any]:
    steps = int(os.environ.get("TEST_STEPS", "20"))
    for step in range(steps):
        self.progress(100 * step // steps, f"Step {step}")
        time.sleep(0.05)
    self.progress(100, "Done")
    if mark := os.environ.get("TEST_MARK"):
        Path(mark).touch()
    return {"steps": steps, "project": project_id, "canvas": canvas_id}


@task
def babble(self: ProjectTask, project_id: int, canvas_id: int) -> dict[str, Any]:
    """2,000 calls in two seconds; each says when it was made."""
    began = time.monotonic()
    for call in range(2_000):
        self.progress(call // 21, f"call {call}")
        time.sleep(max(0.0, began + call / 1_000 - time.monotonic()))
    self.progress(100, "call 2000")
    return {"seconds": time.monotonic() - began}


@task
def break_down(self: ProjectTask, project_id: int, canvas_id: int) -> None:
    secret = "postgres://admin:hunter2@db"
    raise ValueError(secret)


@task
def refuse(self: ProjectTask, project_id: int, canvas_id: int) -> None:
    with self.canvas_file() as path:
        size = path.stat().st_size
    message = f"There is nothing to see in these {size} bytes"
    raise TaskFailed(message)


@task
def stumble(self: ProjectTask, project_id: int, canvas_id: int) -> dict[str, Any]:
    assert self.assignment is not None
    self.progress(40, "So far, so good")
    if self.assignment.attempt == 1:
        raise ConnectionError
    return {"attempt": self.assignment.attempt}


@task
def stagger(self: ProjectTask, project_id: int, canvas_id: int) -> dict[str, Any]:
    """Stumbles, then falls with its worker before anybody can say so."""
    assert self.assignment is not None
    if self.assignment.attempt == 1:
        raise ConnectionError
    if self.assignment.attempt == 2:
        os.kill(os.getppid(), signal.SIGKILL)
        os.kill(os.getpid(), signal.SIGKILL)
    return {"attempt": self.assignment.attempt}


@task
def die(self: ProjectTask, project_id: int, canvas_id: int) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


@task
def run_late(self: ProjectTask, project_id: int, canvas_id: int) -> None:
    while True:
        time.sleep(0.05)


@task
def never_end(self: ProjectTask, project_id: int, canvas_id: int) -> None:
    step = 0
    while True:
        step += 1
        self.progress(min(step, 99), "Still at it")
        time.sleep(0.05)


@task
def spin(self: ProjectTask, project_id: int, canvas_id: int) -> None:
    """Never says anything after the first word."""
    self.progress(1, "Spinning")
    while True:
        time.sleep(0.05)


@task
def eat_memory(self: ProjectTask, project_id: int, canvas_id: int) -> dict[str, Any]:
    eaten = bytearray(8 * 2**30)
    return {"eaten": len(eaten)}


@task
def mumble(self: ProjectTask, project_id: int, canvas_id: int) -> None:
    self.progress(10, "a\0b\ud800c\nd" + "x" * 5_000)
    time.sleep(0.3)
    self.progress(50, "Louder")
    time.sleep(0.3)
    message = "\0 Nothing \ud800 to hear" + "x" * 5_000
    raise TaskFailed(message)


@task
def say(self: ProjectTask, project_id: int, canvas_id: int) -> dict[str, Any]:
    """Whatever the tests want to be said: while it goes on, then in what was found."""
    lines = Path(os.environ["TEST_LINES"]).read_text("utf-8").split("\n")
    for number, line in enumerate(lines):
        self.progress(100 * number // len(lines), line)
        time.sleep(0.005)
    if not lines[-1]:
        raise TaskFailed(lines[0])
    return {"kind": "image", "lines": {line: line for line in lines}}


@task
def smuggle(self: ProjectTask, project_id: int, canvas_id: int) -> dict[str, Any]:
    return {"name": "a\0b"}


@task
def dig_deep(self: ProjectTask, project_id: int, canvas_id: int) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for _ in range(300):
        found = {"in": found}
    return found


@task
def retry(self: Any, project_id: int, canvas_id: int) -> dict[str, Any]:
    if self.assignment.attempt == 1:
        raise self.retry(countdown=1)
    return {"attempt": self.assignment.attempt}
