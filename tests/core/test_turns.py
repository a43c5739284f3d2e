"""Whose task is next: no user waits for all the tasks of another."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from workroom.core.projects.turns import LEAST, Place, next_in_turn
from workroom.ids import TaskId, UserId

NOW = 1_000


def place(name: str, user: int, *, running: bool = False, due_at: int | None = 0) -> Place:
    return Place(TaskId(name), "analyze_audio", UserId(user), running, due_at)


def with_worker(name: str, user: int) -> Place:
    return place(name, user, running=True, due_at=None)


LINES = st.lists(
    st.tuples(
        st.integers(1, 4),
        st.sampled_from([(True, None), (False, None), (False, 0), (False, NOW + 1)]),
    ),
    max_size=40,
).map(
    lambda rows: [
        place(f"t{n}", user, running=running, due_at=due_at)
        for n, (user, (running, due_at)) in enumerate(rows)
    ]
)


def test_who_comes_later_does_not_wait_for_sixty_tasks_of_another() -> None:
    line = [with_worker("a", 1), with_worker("b", 1)]
    line += [place(f"h{n}", 1) for n in range(60)]
    line += [place("late", 2)]
    assert next_in_turn(line, NOW) == ["late", "h0"]


def test_users_take_turns_and_each_gets_the_oldest_of_their_own() -> None:
    line = [place(f"{user}{n}", user) for user in (1, 2, 3) for n in range(3)]
    line += [with_worker(f"w{n}", 4) for n in range(7)]
    assert next_in_turn(line, NOW) == ["10", "20", "30", "11", "21", "31", "12"]


def test_as_many_wait_with_the_broker_as_run() -> None:
    line = [with_worker(f"w{n}", 1) for n in range(5)]
    line += [place("there", 1, due_at=None)]
    line += [place(f"t{n}", 1) for n in range(9)]
    assert len(next_in_turn(line, NOW)) == 4


@given(LINES)
def test_a_task_is_chosen_only_when_it_is_due_and_there_is_room(line: list[Place]) -> None:
    chosen = next_in_turn(line, NOW)
    running = sum(each.running for each in line)
    waiting = sum(each.due_at is None and not each.running for each in line)
    due = {each.id for each in line if each.due_at is not None and each.due_at <= NOW}
    assert set(chosen) <= due
    assert len(set(chosen)) == len(chosen)
    assert len(chosen) == min(len(due), max(0, max(LEAST, running) - waiting))


@given(LINES)
def test_nobody_is_passed_over_for_somebody_who_has_more(line: list[Place]) -> None:
    by_id = {each.id: each for each in line}
    chosen = next_in_turn(line, NOW)
    has = Counter(each.requested_by for each in line if each.due_at is None)
    left = Counter(
        each.requested_by for each in line if each.due_at is not None and each.due_at <= NOW
    )
    for task_id in chosen:
        user = by_id[task_id].requested_by
        assert has[user] == min(has[other] for other in left if left[other])
        has[user] += 1
        left[user] -= 1
