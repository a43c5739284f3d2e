"""What a worker may do to a task: claims, reports and giving up, as pure decisions."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workroom.core.projects.bars import Bars
from workroom.core.tasks import (
    LONGEST_MESSAGE,
    Bar,
    Claim,
    Task,
    TaskRules,
    TaskState,
    backoff,
    claim,
    followed,
    give_up,
    lease_lapsed,
    report,
)
from workroom.ids import CanvasId, ProjectId, TaskId, UserId

RULES = TaskRules()
TASK = Task(TaskId("t"), ProjectId(123), CanvasId(7), "analyze_audio", UserId(2), 1_000)


def begun(task: Task = TASK, run: str = "r1", now: int = 2_000) -> Task:
    granted, after = claim(task, run, "w", now, RULES)
    assert granted is Claim.GRANTED
    return after


def test_a_claim_begins_an_attempt_at_zero() -> None:
    after = begun()
    assert (after.state, after.attempt, after.percent) == (TaskState.RUNNING, 1, 0)
    assert (after.started_at, after.seen_at, after.due_at) == (2_000, 2_000, None)


def test_the_same_claim_again_changes_nothing() -> None:
    after = begun()
    assert claim(after, "r1", "w", 9_000, RULES) == (Claim.GRANTED, after)


def test_a_second_worker_is_kept_out_while_the_first_one_lives() -> None:
    after = begun()
    assert claim(after, "r2", "v", 2_000 + RULES.lease, RULES) == (Claim.BUSY, after)


def test_a_second_worker_takes_over_when_the_first_one_was_silent_for_a_lease() -> None:
    after = begun(begun(), "r2", 2_001 + RULES.lease)
    assert (after.attempt, after.percent, after.started_at) == (2, 0, 2_000)


@pytest.mark.parametrize("state", [TaskState.COMPLETED, TaskState.FAILED, TaskState.CANCELLED])
def test_what_has_ended_cannot_be_claimed(state: TaskState) -> None:
    assert claim(replace(TASK, state=state), "r", "w", 0, RULES)[0] is Claim.OVER


def test_a_followed_task_cannot_be_claimed() -> None:
    assert claim(replace(TASK, followed=True), "r", "w", 0, RULES)[0] is Claim.OVER


def test_there_are_only_so_many_attempts() -> None:
    task = begun()
    for attempt in range(2, RULES.attempts + 1):
        again = give_up(task, attempt - 1, 0, RULES)
        assert again is not None
        task = begun(again, f"r{attempt}")
    assert give_up(task, RULES.attempts, 0, RULES) is None
    late = replace(task, seen_at=-RULES.lease)
    assert claim(late, "more", "w", 5_000, RULES)[0] is Claim.OVER


def test_only_the_running_attempt_can_be_given_up() -> None:
    with pytest.raises(ValueError, match="2"):
        give_up(begun(), 2, 0, RULES)


def test_the_wait_before_a_further_attempt_doubles() -> None:
    waits = [backoff(replace(TASK, attempt=attempt), RULES) for attempt in (1, 2, 3)]
    assert waits == [1_000, 2_000, 4_000]


def test_a_report_of_an_earlier_attempt_counts_no_more() -> None:
    second = begun(begun(), "r2", 2_001 + RULES.lease)
    assert report(second, 1, 99, 80, "Late", 20_000) is None


def test_a_sign_of_life_renews_the_lease_and_nothing_else() -> None:
    task = begun()
    alive = report(task, 1, 0, None, "", 50_000)
    assert alive == replace(task, seen_at=50_000)
    assert not lease_lapsed(alive, 50_000 + RULES.lease, RULES)


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(-50, 200), st.text(max_size=300))))
def test_progress_never_goes_back_in_whatever_order_reports_come(
    reports: list[tuple[int, int, str]],
) -> None:
    task, newest = begun(), 0
    for number, percent, message in reports:
        after = report(task, 1, number, percent, message, 3_000)
        assert after is not None
        assert 0 <= (task.percent or 0) <= (after.percent or 0) <= 100
        assert len(after.message) <= LONGEST_MESSAGE
        if number <= newest:
            assert (after.percent, after.message) == (task.percent, task.message)
        task, newest = after, max(newest, number)


@given(st.lists(st.one_of(st.none(), st.integers(-10, 300))))
def test_a_followed_task_never_goes_back_either(percents: list[int | None]) -> None:
    task = replace(TASK, followed=True)
    for percent in percents:
        after = followed(task, percent, "", 5)
        assert 0 <= (task.percent or 0) <= (after.percent or 0) <= 100
        task = after


moves = st.lists(
    st.tuples(st.floats(0, 0.5), st.integers(1, 3), st.integers(0, 100)), min_size=1, max_size=60
)


@given(moves)
def test_what_people_are_told_is_paced_goes_forward_and_ends_with_the_latest(
    steps: list[tuple[float, int, int]],
) -> None:
    bars, tick, task_id = Bars(0.25, {}), 0.0, TaskId("t")
    told: list[tuple[float, Bar]] = []
    best = (0, -1)
    for wait, attempt, percent in steps:
        end = tick + wait
        while (due := bars.next_deadline()) is not None and due <= end:
            told += [(due, bar) for _, bar in bars.due(due)]
        tick = end
        best = max(best, (attempt, percent))
        shown = bars.show(task_id, Bar(attempt, percent, "x"), tick)
        if shown is not None:
            told.append((tick, shown))
    last = bars.end(task_id)
    if last is not None:
        told.append((tick, last))
    times = [at for at, _ in told[: -1 if last else None]]
    assert all(later - sooner >= 0.25 - 1e-9 for sooner, later in itertools.pairwise(times))
    marks = [(bar.attempt, bar.percent) for _, bar in told]
    assert marks == sorted(marks)
    assert marks[-1] == best
