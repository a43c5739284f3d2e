"""Tasks by REST, and what their workers say, on every store."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from typing import Any

import httpx
import pytest

from rest_kit import TASK_TOKEN, Follower, House, Store, good, house, new_key, problem, until
from workroom.adapters.auth.passwords import Argon2Hasher
from workroom.core.canvas import AudioFacts, ImageFacts, Media
from workroom.core.commands import AddCanvas
from workroom.core.limits import RoomRules
from workroom.core.tasks import TaskRules
from workroom.ids import CanvasId, TaskId, project_room
from workroom.ports.tasks import Outcome
from workroom.service.watchdog import progress_in
from workroom.testing.clock import FakeClock

BYTES = b"not really a picture"
PICTURE = Media("image/png", "harbour.png", len(BYTES), ImageFacts(8, 8, 1), new_key())
SOUND = Media("audio/wav", "noon.wav", 4, AudioFacts(1.0, 8_000, 1), new_key())
IMAGE = "analyze_image_emotion"


@dataclass
class Studio:
    """A server with a project of Jane's, where Mike may edit and Emma look on."""

    house: House
    project: int
    canvas: int
    sound: int

    async def begin(self, name: str = "mike") -> str:
        path = f"/api/canvases/{self.canvas}/tasks/"
        answer = await self.house.as_(name)("POST", path, {"task_type": IMAGE})
        assert answer.status_code == 202, answer.text
        return str(answer.json()["task_id"])

    async def task(self, task_id: str) -> Any:
        return await self.house.as_("emma").get(f"/api/tasks/{task_id}/")

    async def says(self, task_id: str, verb: str, **body: Any) -> httpx.Response:
        """What a worker says."""
        path = f"/api/internal/tasks/{task_id}/{verb}/"
        headers = {"Authorization": f"Bearer {TASK_TOKEN}"}
        return await self.house.nobody("POST", path, body, headers=headers)

    async def claim(self, task_id: str, run: str = "r1", worker: str = "w") -> Any:
        return good(await self.says(task_id, "claim", run=run, worker=worker))

    async def look(self) -> None:
        assert self.house.watchdog is not None
        await self.house.watchdog.look()

    async def watch(self, name: str = "emma", *, extended: bool = False) -> Follower:
        follower = self.house.follow(name, "/ws/projects/", extended=extended)
        follower.send(type="join_project", payload={"project_id": self.project})
        await until(lambda: bool(follower.of_type("project_updated")))
        return follower


async def furnish(built: House) -> Studio:
    project = await built.project(author="jane", mike="edit", emma="view")
    numbers = list(await built.store.new_ids("canvas", 2))
    for number, media in zip(numbers, (PICTURE, SOUND), strict=True):
        media = replace(media, key=new_key())
        draft = await built.blobs.draft()
        await draft.write(BYTES)
        await draft.keep(media.key)
        command = AddCanvas(CanvasId(number), media)
        await built.hub.execute(project_room(project), command, built.users["jane"])
    return Studio(built, project, *numbers)


@pytest.fixture
async def studio(server: House) -> Studio:
    return await furnish(server)


@pytest.fixture
async def hasty(any_store: Store, clock: FakeClock, hasher: Argon2Hasher) -> AsyncIterator[Studio]:
    """Whoever is silent for a moment counts as dead; what is lost is sent again at once."""
    rules = RoomRules(tasks=TaskRules(lease=0, resend_after=0, backoff=0, pace=0))
    async with house(any_store, clock, hasher, rules=rules) as built:
        yield await furnish(built)


# ---- people ------------------------------------------------------------------------------------


async def test_a_task_is_begun_and_handed_to_the_broker(studio: Studio) -> None:
    path = f"/api/canvases/{studio.canvas}/tasks/"
    answer = await studio.house.as_("mike")("POST", path, {"task_type": IMAGE})
    body = answer.json()
    assert answer.status_code == 202
    assert answer.headers["location"] == f"/api/tasks/{body['task_id']}/"
    assert (body["state"], body["progress"], body["result"]) == ("pending", None, None)
    sent = studio.house.queue.take()
    assert sent is not None
    assert (sent.task_id, sent.canvas, sent.project) == (
        body["task_id"],
        studio.canvas,
        studio.project,
    )


async def test_an_unknown_type_is_refused_with_the_known_ones(studio: Studio) -> None:
    path = f"/api/canvases/{studio.canvas}/tasks/"
    answer = await studio.house.as_("mike")("POST", path, {"task_type": "guess"})
    body = problem(answer, 422, "invalid_message")
    assert body["field"] == "task_type"
    assert "analyze_audio, analyze_image_emotion" in body["detail"]


async def test_a_type_that_is_for_other_canvases_is_refused(studio: Studio) -> None:
    path = f"/api/canvases/{studio.sound}/tasks/"
    body = problem(
        await studio.house.as_("mike")("POST", path, {"task_type": IMAGE}), 409, "conflict"
    )
    assert "is for image, and this canvas is audio" in body["detail"]


@pytest.mark.parametrize("down", [True, False], ids=["no broker", "no worker"])
async def test_without_a_worker_nothing_is_begun_and_the_rest_works(
    studio: Studio, down: bool
) -> None:
    studio.house.queue.down = down
    studio.house.queue.staffed.clear()
    path = f"/api/canvases/{studio.canvas}/tasks/"
    body = problem(
        await studio.house.as_("mike")("POST", path, {"task_type": IMAGE}), 503, "no_worker"
    )
    assert body["retry_after"] > 0
    page = await studio.house.as_("mike").get(f"/api/projects/{studio.project}/tasks/")
    assert page["count"] == 0


async def test_looking_needs_view_beginning_and_cancelling_need_edit(studio: Studio) -> None:
    task_id = await studio.begin()
    emma, jane = studio.house.as_("emma"), studio.house.as_("jane")
    assert (await emma.get(f"/api/tasks/{task_id}/"))["task_id"] == task_id
    path = f"/api/canvases/{studio.canvas}/tasks/"
    problem(await emma("POST", path, {"task_type": IMAGE}), 403, "insufficient_permissions")
    problem(await emma("DELETE", f"/api/tasks/{task_id}/"), 403, "insufficient_permissions")
    cancelled = await jane("DELETE", f"/api/tasks/{task_id}/")
    assert (cancelled.status_code, cancelled.json()["state"]) == (200, "cancelled")


@pytest.mark.parametrize("method", ["GET", "DELETE"])
async def test_a_stranger_with_a_task_id_learns_nothing(studio: Studio, method: str) -> None:
    task_id = await studio.begin()
    sarah = studio.house.as_("sarah")
    real = problem(await sarah(method, f"/api/tasks/{task_id}/"), 404, "not_found")
    made_up = problem(await sarah(method, "/api/tasks/nothing/"), 404, "not_found")
    assert real == made_up
    problem(
        await sarah("POST", f"/api/canvases/{studio.canvas}/tasks/", {"task_type": IMAGE}),
        404,
        "not_found",
    )
    problem(await sarah("GET", f"/api/projects/{studio.project}/tasks/"), 404, "not_found")


async def test_a_project_lists_its_tasks_the_newest_first(studio: Studio) -> None:
    begun = [await studio.begin() for _ in range(3)]
    page = await studio.house.as_("emma").get(f"/api/projects/{studio.project}/tasks/?limit=2")
    assert [each["task_id"] for each in page["results"]] == begun[:0:-1]
    assert page["count"] == 3


async def test_a_task_that_is_cancelled_twice_ended_once(studio: Studio) -> None:
    emma = await studio.watch()
    task_id = await studio.begin()
    for _ in range(2):
        answer = await studio.house.as_("mike")("DELETE", f"/api/tasks/{task_id}/")
        assert answer.json()["result"] == {"canvas_id": studio.canvas, "status": "cancelled"}
    assert len(emma.of_type("task_completed")) == 1
    assert (await studio.claim(task_id)) == {"claim": "over"}


# ---- workers -----------------------------------------------------------------------------------


async def test_workers_need_the_service_token(studio: Studio) -> None:
    task_id = await studio.begin()
    path = f"/api/internal/tasks/{task_id}/claim/"
    body = {"run": "r", "worker": "w"}
    problem(await studio.house.nobody("POST", path, body), 401, "authentication_failed")
    problem(await studio.house.as_("admin")("POST", path, body), 401, "authentication_failed")
    for path in ("/api/users/me/", f"/api/tasks/{task_id}/"):
        headers = {"Authorization": f"Bearer {TASK_TOKEN}"}
        answer = await studio.house.nobody("GET", path, headers=headers)
        problem(answer, 401, "authentication_failed")


async def test_what_a_worker_says_is_stored_and_told(studio: Studio) -> None:
    emma = await studio.watch()
    task_id = await studio.begin()
    granted = await studio.claim(task_id)
    assert granted == {
        "claim": "granted",
        "attempt": 1,
        "project_id": studio.project,
        "canvas_id": studio.canvas,
        "media_type": "image/png",
    }
    await studio.says(task_id, "report", attempt=1, number=1, percent=100, message="Done")
    await studio.says(task_id, "settle", attempt=1, status="completed", findings={"mood": "calm"})
    result = {"canvas_id": studio.canvas, "status": "completed", "mood": "calm"}
    (told,) = emma.of_type("task_completed")
    assert told["payload"] == {"task_id": task_id, "task_type": IMAGE, "result": result}
    assert [each["payload"]["progress"] for each in emma.of_type("task_progress")] == [0, 100]
    shown = await studio.task(task_id)
    assert (shown["state"], shown["progress"], shown["result"]) == ("completed", 100, result)


async def test_a_second_delivery_does_not_run_beside_the_first(studio: Studio) -> None:
    task_id = await studio.begin()
    await studio.claim(task_id)
    assert await studio.claim(task_id, "r2") == {"claim": "busy"}
    assert (await studio.claim(task_id))["attempt"] == 1


async def test_everything_a_worker_says_may_be_said_twice(studio: Studio) -> None:
    emma = await studio.watch()
    task_id = await studio.begin()
    await studio.claim(task_id)
    for _ in range(2):
        await studio.says(task_id, "report", attempt=1, number=3, percent=50, message="Half")
        late = await studio.says(task_id, "report", attempt=1, number=2, percent=99, message="?")
        assert late.json() == {"go_on": True}
    for status in ("completed", "failed", "completed"):
        answer = await studio.says(task_id, "settle", attempt=1, status=status, findings={"n": 1})
        assert answer.json() == {"state": "completed"}
    assert len(emma.of_type("task_completed")) == 1
    assert (await studio.task(task_id))["message"] == "Half"
    assert good(await studio.says(task_id, "report", attempt=1)) == {"go_on": False}


async def test_a_result_that_is_too_large_fails_the_task(studio: Studio) -> None:
    task_id = await studio.begin()
    await studio.claim(task_id)
    large = {"text": "x" * 70_000}
    await studio.says(task_id, "settle", attempt=1, status="completed", findings=large)
    assert (await studio.task(task_id))["result"]["error"] == "The task's result is too large"


async def test_a_failure_of_an_attempt_that_is_over_changes_nothing(hasty: Studio) -> None:
    task_id = await hasty.begin()
    await hasty.claim(task_id)
    assert (await hasty.claim(task_id, "r2"))["attempt"] == 2
    await hasty.says(task_id, "settle", attempt=1, status="failed", error="No")
    assert (await hasty.task(task_id))["state"] == "running"
    await hasty.says(task_id, "settle", attempt=1, status="completed")
    assert (await hasty.task(task_id))["state"] == "completed"


async def test_only_the_attempt_that_runs_gets_the_file(studio: Studio) -> None:
    task_id = await studio.begin()
    path = f"/api/internal/tasks/{task_id}/file/"
    headers = {"Authorization": f"Bearer {TASK_TOKEN}"}
    problem(await studio.house.nobody("GET", f"{path}?attempt=0", headers=headers), 409, "conflict")
    await studio.claim(task_id)
    answer = await studio.house.nobody("GET", f"{path}?attempt=1", headers=headers)
    assert (answer.content, answer.headers["content-type"]) == (BYTES, "image/png")
    problem(
        await studio.house.as_("jane")("GET", f"{path}?attempt=1"), 401, "authentication_failed"
    )


@pytest.mark.parametrize("verb", ["claim", "report", "settle", "lost"])
async def test_a_worker_that_talks_nonsense_is_refused(studio: Studio, verb: str) -> None:
    task_id = await studio.begin()
    for body in (
        {},
        {"attempt": "1"},
        {"attempt": -1, "status": "great"},
        {"run": 1, "worker": ""},
    ):
        answer = await studio.says(task_id, verb, **body)
        problem(answer, 422, "invalid_message")


# ---- turns -------------------------------------------------------------------------------------


async def next_to_run(studio: Studio) -> str:
    """A worker is free, and takes what waits for it longest."""
    await studio.look()
    sent = studio.house.queue.take()
    assert sent is not None
    assert (await studio.claim(sent.task_id, f"run of {sent.task_id}"))["claim"] == "granted"
    return sent.task_id


async def test_nobody_waits_for_all_the_tasks_of_another(studio: Studio) -> None:
    heavy = [await studio.begin("mike") for _ in range(60)]
    own = await studio.begin("jane")
    order = [await next_to_run(studio) for _ in range(4)]
    assert order == [heavy[0], heavy[1], own, heavy[2]]


async def test_every_task_has_its_turn(studio: Studio) -> None:
    begun = [await studio.begin(name) for name in ("mike", "mike", "mike", "jane", "jane") * 3]
    run = [await next_to_run(studio) for _ in begun]
    assert sorted(run) == sorted(begun)
    assert studio.house.queue.take() is None


async def test_a_claim_makes_room_for_the_next_task(studio: Studio) -> None:
    begun = [await studio.begin("mike") for _ in range(3)]
    giving = asyncio.ensure_future(studio.house.library.tasks.turns.run())
    queue = studio.house.queue
    sent = queue.take()
    assert sent is not None
    await studio.claim(sent.task_id)
    await until(lambda: queue.waiting("workroom") == begun[1:])
    giving.cancel()


async def test_a_user_has_so_many_open_tasks_in_all_projects_and_no_more(
    any_store: Store, clock: FakeClock, hasher: Argon2Hasher
) -> None:
    rules = RoomRules(tasks=TaskRules(open_tasks_per_user=2))
    async with house(any_store, clock, hasher, rules=rules) as built:
        first, second = await furnish(built), await furnish(built)
        for studio in (first, second):
            await studio.begin("mike")
        path = f"/api/canvases/{first.canvas}/tasks/"
        answer = await built.as_("mike")("POST", path, {"task_type": IMAGE})
        problem(answer, 429, "rate_limited")
        assert answer.json()["detail"] == "at most 2 tasks of one person go on at once"
        await first.begin("jane")


# ---- the watchdog ------------------------------------------------------------------------------


async def test_a_task_whose_worker_is_silent_is_sent_again_and_then_given_up(hasty: Studio) -> None:
    task_id = await hasty.begin()
    for attempt in range(1, 4):
        sent = hasty.house.queue.take()
        assert sent is not None, attempt
        assert (await hasty.claim(task_id, f"r{attempt}"))["attempt"] == attempt
        await hasty.look()
        await hasty.look()
    shown = await hasty.task(task_id)
    assert shown["result"]["error"] == "The task was interrupted too often"
    assert hasty.house.queue.take() is None


async def test_what_the_broker_lost_is_sent_again(hasty: Studio) -> None:
    task_id = await hasty.begin()
    hasty.house.queue.clear()
    await hasty.look()
    sent = hasty.house.queue.take()
    assert sent is not None
    assert sent.task_id == task_id


async def test_what_waits_in_the_queue_is_not_sent_again(hasty: Studio) -> None:
    await hasty.begin()
    await hasty.look()
    assert hasty.house.queue.take() is not None
    assert hasty.house.queue.take() is None


async def test_what_was_begun_while_the_broker_failed_is_sent_when_it_is_back(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue = studio.house.queue
    check = queue.check

    async def check_then_fail(name: str) -> None:
        await check(name)
        queue.down = True

    monkeypatch.setattr(queue, "check", check_then_fail)
    task_id = await studio.begin()
    await studio.look()
    queue.down = False
    await studio.look()
    sent = queue.take()
    assert sent is not None
    assert sent.task_id == task_id


@pytest.mark.parametrize(
    ("outcome", "state", "error"),
    [
        (Outcome("SUCCESS", {"mood": "calm"}), "completed", None),
        (
            Outcome("FAILURE", {"exc_type": "TaskFailed", "exc_message": ["Blank"]}),
            "failed",
            "Blank",
        ),
        (Outcome("FAILURE", {"exc_type": "TimeLimitExceeded"}), "failed", "The task took too long"),
        (
            Outcome("FAILURE", {"exc_type": "KeyError", "exc_message": ["x"]}),
            "failed",
            "The task failed",
        ),
    ],
)
async def test_a_result_that_the_server_did_not_hear_is_found_in_the_backend(
    hasty: Studio, outcome: Outcome, state: str, error: str | None
) -> None:
    task_id = await hasty.begin()
    await hasty.claim(task_id)
    hasty.house.queue.results[TaskId(task_id)] = outcome
    await hasty.look()
    shown = await hasty.task(task_id)
    assert (shown["state"], shown["result"].get("error")) == (state, error)


async def test_a_task_that_takes_too_long_altogether_fails(
    any_store: Store, clock: FakeClock, hasher: Argon2Hasher
) -> None:
    rules = RoomRules(tasks=TaskRules(deadline=0))
    async with house(any_store, clock, hasher, rules=rules) as built:
        studio = await furnish(built)
        task_id = await studio.begin()
        await studio.look()
        shown = await studio.task(task_id)
        assert shown["result"]["error"] == "The task did not end in time"


@pytest.mark.parametrize(("why", "state"), [("died", "pending"), ("too_slow", "failed")])
async def test_a_worker_says_at_once_that_a_process_is_no_more(
    studio: Studio, why: str, state: str
) -> None:
    task_id = await studio.begin()
    await studio.claim(task_id)
    await studio.says(task_id, "lost", worker="another", why=why)
    assert (await studio.task(task_id))["state"] == "running"
    await studio.says(task_id, "lost", worker="w", why=why)
    assert (await studio.task(task_id))["state"] == state


# ---- tasks of other Celery apps ----------------------------------------------------------------


async def follow(studio: Studio, task_id: str = "abc-1", name: str = "mike") -> httpx.Response:
    body = {"task_id": task_id, "task_type": "render", "canvas_id": studio.canvas}
    return await studio.house.as_(name)("POST", f"/api/projects/{studio.project}/tasks/", body)


async def test_a_task_of_another_app_is_followed_by_its_result(studio: Studio) -> None:
    emma = await studio.watch()
    assert (await follow(studio)).status_code == 202
    results = studio.house.queue.results
    steps = [
        Outcome("PENDING", None),
        Outcome("STARTED", {"pid": 1}),
        Outcome("PROGRESS", {"current": 1, "total": 4, "message": "Page 1"}),
        Outcome("SUCCESS", [1, 2]),
    ]
    for outcome in steps:
        results[TaskId("abc-1")] = outcome
        await studio.look()
    (told,) = emma.of_type("task_completed")
    assert told["payload"]["result"] == {
        "canvas_id": studio.canvas,
        "status": "completed",
        "value": [1, 2],
    }
    assert [each["payload"]["progress"] for each in emma.of_type("task_progress")] == [0, 25]


@pytest.mark.parametrize(
    ("outcome", "state"),
    [
        (Outcome("FAILURE", {"exc_message": "secret"}), "failed"),
        (Outcome("REVOKED", None), "cancelled"),
    ],
)
async def test_a_followed_task_that_ends_otherwise_ends_here_too(
    studio: Studio, outcome: Outcome, state: str
) -> None:
    await follow(studio)
    studio.house.queue.results[TaskId("abc-1")] = outcome
    await studio.look()
    shown = await studio.task("abc-1")
    assert shown["state"] == state
    assert "secret" not in str(shown)


async def test_a_task_is_followed_once_and_only_by_those_who_may_edit(studio: Studio) -> None:
    problem(await follow(studio, name="emma"), 403, "insufficient_permissions")
    problem(await follow(studio, name="sarah"), 404, "not_found")
    await follow(studio)
    problem(await follow(studio), 409, "conflict")
    problem(await follow(studio, await studio.begin()), 409, "conflict")
    problem(await follow(studio, "no/slashes"), 422, "invalid_message")


@pytest.mark.parametrize(
    ("meta", "found"),
    [
        ({"percent": 33.9, "message": "x"}, (33, "x")),
        ({"progress": 250}, (100, "")),
        ({"current": 3, "total": 0}, (None, "")),
        ({"current": 1, "total": 2, "description": "half"}, (50, "half")),
        ({"percent": True}, (None, "")),
        ({"percent": float("nan")}, (None, "")),
        ({"percent": "50"}, (None, "")),
        ({"progress": 5, "message": "half \ud83e of\0it"}, (5, "half ? of\ufffdit")),
        (None, (None, "")),
        ([1], (None, "")),
    ],
)
def test_the_usual_spellings_of_progress_are_understood(meta: Any, found: Any) -> None:
    assert progress_in(meta) == found


# ---- who was away ------------------------------------------------------------------------------


async def ended(studio: Studio) -> str:
    """A task that has ended."""
    task_id = await studio.begin()
    await studio.claim(task_id)
    await studio.says(task_id, "settle", attempt=1, status="completed")
    return task_id


def told(follower: Follower) -> list[str]:
    return [each["payload"]["task_id"] for each in follower.of_type("task_completed")]


async def leave(studio: Studio, follower: Follower) -> None:
    assert follower.peer is not None
    follower.peer.lost(clean=False)
    receipts = studio.house.hub.receipts
    assert receipts is not None
    await until(lambda: not receipts.unwritten)


async def test_who_comes_for_the_first_time_is_told_of_nothing_old(studio: Studio) -> None:
    await ended(studio)
    emma = await studio.watch()
    fresh = await ended(studio)
    assert told(emma) == [fresh]


async def test_who_read_it_is_not_told_again_and_who_missed_it_is(studio: Studio) -> None:
    emma = await studio.watch()
    read = await ended(studio)
    emma.pong()
    await leave(studio, emma)
    missed = [await ended(studio), await ended(studio)]
    again = await studio.watch()
    await until(lambda: len(told(again)) == 2)
    assert told(again) == missed
    again.pong()
    await leave(studio, again)
    assert read not in told(again)
    assert told(await studio.watch()) == []


async def test_what_was_written_to_a_dead_line_is_told_again(studio: Studio) -> None:
    emma = await studio.watch()
    task_id = await ended(studio)
    await leave(studio, emma)  # without a pong
    again = await studio.watch()
    await until(lambda: told(again) == [task_id])


async def test_one_tab_that_read_it_does_not_answer_for_another_that_did_not(
    studio: Studio,
) -> None:
    first, second = await studio.watch(), await studio.watch()
    task_id = await ended(studio)
    first.pong()
    await leave(studio, second)
    again = await studio.watch()
    await until(lambda: told(again) == [task_id])
    again.pong()
    await leave(studio, again)
    assert told(await studio.watch()) == []
