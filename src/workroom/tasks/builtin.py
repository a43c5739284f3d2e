"""The tasks that come with Workroom: thin, over the pure functions of ``workroom.analysis``."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from workroom.analysis.audio import analyze_audio
from workroom.analysis.errors import AnalysisError
from workroom.analysis.image import analyze_image
from workroom.tasks.app import app
from workroom.tasks.base import ProjectTask
from workroom.tasks.failures import TaskFailed

Analysis = Callable[[Path, Callable[[int, str], None]], Any]


@app.task(base=ProjectTask, bind=True, name="workroom.analyze_image_emotion")  # type: ignore[untyped-decorator]
def analyze_image_emotion(self: ProjectTask, project_id: int, canvas_id: int) -> dict[str, Any]:
    """What the colours of a picture suggest."""
    del project_id, canvas_id
    return _analysed(self, analyze_image)


@app.task(base=ProjectTask, bind=True, name="workroom.analyze_audio")  # type: ignore[untyped-decorator]
def analyze_recording(self: ProjectTask, project_id: int, canvas_id: int) -> dict[str, Any]:
    """How loud, bright and fast a recording is."""
    del project_id, canvas_id
    return _analysed(self, analyze_audio)


def _analysed(task: ProjectTask, analyze: Analysis) -> dict[str, Any]:
    try:
        with task.canvas_file() as path:
            found: dict[str, Any] = analyze(path, task.progress).to_json()
    except AnalysisError as error:
        raise TaskFailed(error.message) from error
    return found
