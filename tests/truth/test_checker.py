"""A lie of every kind is found, and the truth passes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from forgery import ESSAY, Files, acked, end, sent, text, told
from workroom.truth.history import digest
from workroom.truth.violations import KINDS

LAST = "a1 b1 y1 "


def word_lost(run: Files) -> None:
    """A confirmed word is missing from a later version, and from there on."""
    for seq, content in ((4, "b1 "), (5, "b1 a2 "), (6, "b1 "), (8, "b1 y1 ")):
        run.bend("ann", text(seq, content), e="text", seq=seq)
    run.bend("ben", text(6, "b1 "), e="text", seq=6)
    run.bend("ben", text(8, "b1 y1 "), e="text", seq=8)
    ends_with(run, "b1 y1 ")


def ends_with(run: Files, content: str) -> None:
    for file in ("ann", "ben", "pat", "yan"):
        run.bend(file, end(content), e="end")
    for node in ("n1", "n2"):
        change = {"hash": digest(content), "text": content}
        run.bend("final", change, room=ESSAY, node=node)
    run.bend("ann", text(8, content), e="text", seq=8)
    run.bend("ben", text(8, content), e="text", seq=8)


def feedback_lost(run: Files) -> None:
    for node in ("n1", "n2"):
        run.bend("final", {"set": {}}, room=ESSAY, node=node)


def field_lost(run: Files) -> None:
    for node in ("n1", "n2"):
        run.bend(
            "final", {"set": {"title": "Old", "metadata.q": "q2"}}, room="project/1", node=node
        )


def end_of_the_log_lost(run: Files) -> None:
    run.put("ann", sent("a.9", add=["a9"]), e="end")
    run.put("ann", acked("a.9", 11), e="end")


def editors_word_lost(run: Files) -> None:
    ends_with(run, "a1 b1 ")


def word_doubled(run: Files) -> None:
    ends_with(run, "a1 b1 y1 b1 ")


def feedback_doubled(run: Files) -> None:
    things = {"feedback/7": ["a?", "resolved"], "feedback/9": ["a?", "open"]}
    for node in ("n1", "n2"):
        run.bend("final", {"set": things}, room=ESSAY, node=node)


def event_doubled(run: Files) -> None:
    run.put("pia", told(2, "title", "p1", new=True), e="acked")


def old_event_told_to_who_comes_back(run: Files) -> None:
    run.put("quin", told(2, "title", "p1", new=True), e="told", seq=3)


def event_left_out(run: Files) -> None:
    run.drop("pia", e="told", seq=3)


def event_left_out_while_away(run: Files) -> None:
    run.drop("quin", e="told", seq=3)


def last_event_missed(run: Files) -> None:
    run.drop("pia", e="told", seq=4)


def feedback_missed(run: Files) -> None:
    run.drop("ann", e="told", seq=7)


def missed_while_away(run: Files) -> None:
    run.drop("quin", e="told", seq=3)


def told_of_after_it_was_deleted(run: Files) -> None:
    run.drop("ann", e="told", seq=10)
    run.put("ann", text(11, LAST), e="end")


def deletion_ignored(run: Files) -> None:
    run.bend("ann", text(6, "a1 b1 a2 "), e="text", seq=6)
    run.bend("ben", text(6, "a1 b1 a2 "), e="text", seq=6)


def shown_too_early(run: Files) -> None:
    run.bend("ann", text(4, "a1 b1 a2 "), e="text", seq=4)


def gone_too_early(run: Files) -> None:
    run.bend("ann", acked("a.4", 7), op="a.4", e="acked")


def deleted_word_back(run: Files) -> None:
    ends_with(run, "a1 b1 a2 y1 ")


def deleted_feedback_back(run: Files) -> None:
    things = {"feedback/7": ["a?", "resolved"], "feedback/8": ["b?", "open"]}
    for node in ("n1", "n2"):
        run.bend("final", {"set": things, "seq": 11}, room=ESSAY, node=node)


def strange_word(run: Files) -> None:
    ends_with(run, "a1 b1 y1 z1 ")


def glued_words(run: Files) -> None:
    ends_with(run, "a1 b1y1 ")


def strange_event(run: Files) -> None:
    run.put("pia", told(5, "title", "whose", new=True), e="end")


def refused_word(run: Files) -> None:
    ends_with(run, "a1 b1 y1 a3 ")


def refused_field(run: Files) -> None:
    run.bend("quin", {"e": "refused", "code": "UNAVAILABLE"}, e="acked", op="q.2")


def refused_feedback(run: Files) -> None:
    run.bend("ann", {"e": "refused", "code": "unavailable"}, e="acked", op="a.2")


def refused_deletion(run: Files) -> None:
    run.bend("ann", {"e": "refused", "code": "unavailable"}, e="acked", op="a.4")


def events_swapped(run: Files) -> None:
    event = run.drop("pia", e="told", seq=3)
    run.put("pia", event, e="end")


def texts_swapped(run: Files) -> None:
    run.put("ann", text(6, "a1 b1 "), e="end")


def log_went_back(run: Files) -> None:
    run.bend("quin", {"seq": 1}, e="subscribed", recovered=True)


def two_texts_of_one_number(run: Files) -> None:
    run.bend("ben", text(2, "b1 "), e="text", seq=2)


def node_ends_apart(run: Files) -> None:
    run.bend("final", {"set": {}}, room=ESSAY, node="n2")


def client_ends_apart(run: Files) -> None:
    run.bend("pat", end("a1 y1 "), e="end")


def done_twice(run: Files) -> None:
    run.put("quin", acked("q.1", 5), e="sent", op="q.2")


def feedback_made_twice(run: Files) -> None:
    run.put("ben", acked("b.2", 9, id=9), e="sent", op="b.3")


def one_number_for_two(run: Files) -> None:
    run.bend("quin", acked("q.2", 3), e="acked", op="q.2")


def no_end(run: Files) -> None:
    run.drop("ben", e="end")


LIES: list[tuple[Callable[[Files], None], str]] = [
    (word_lost, "lost"),
    (feedback_lost, "lost"),
    (field_lost, "lost"),
    (end_of_the_log_lost, "lost"),
    (editors_word_lost, "lost"),
    (word_doubled, "doubled"),
    (feedback_doubled, "doubled"),
    (event_doubled, "doubled"),
    (old_event_told_to_who_comes_back, "doubled"),
    (event_left_out, "gap"),
    (event_left_out_while_away, "gap"),
    (last_event_missed, "missed"),
    (feedback_missed, "missed"),
    (missed_while_away, "missed"),
    (told_of_after_it_was_deleted, "stale"),
    (deletion_ignored, "stale"),
    (shown_too_early, "early"),
    (gone_too_early, "early"),
    (deleted_word_back, "back"),
    (deleted_feedback_back, "back"),
    (strange_word, "strange"),
    (glued_words, "strange"),
    (strange_event, "strange"),
    (refused_word, "refused"),
    (refused_field, "refused"),
    (refused_feedback, "refused"),
    (refused_deletion, "refused"),
    (events_swapped, "backwards"),
    (texts_swapped, "backwards"),
    (log_went_back, "backwards"),
    (two_texts_of_one_number, "differs"),
    (node_ends_apart, "unequal"),
    (client_ends_apart, "unequal"),
    (done_twice, "answered"),
    (feedback_made_twice, "answered"),
    (one_number_for_two, "answered"),
    (no_end, "unfinished"),
]


def test_an_attempt_without_an_answer_may_have_worked_whatever_became_of_the_next(
    tmp_path: Path,
) -> None:
    run = Files(tmp_path)
    refusal = {"e": "refused", "code": "unavailable"}
    run.put("ben", sent("b.2", comment="b?", again=True), e="sent", op="b.3")
    run.bend("ben", refusal, e="acked", op="b.2")
    assert run.judged().violations == []


def test_what_was_asked_for_again_may_be_confirmed_with_the_number_of_another_request(
    tmp_path: Path,
) -> None:
    run = Files(tmp_path)
    run.put("ben", sent("b.4", uncomment="b?", id=8), e="end")
    run.put("ben", acked("b.4", 10), e="end")
    assert run.judged().violations == []


@pytest.mark.parametrize("refused", [refused_field, refused_feedback, refused_deletion])
def test_what_was_refused_may_have_worked_where_the_server_said_that_nobody_knows(
    tmp_path: Path, refused: Callable[[Files], None]
) -> None:
    run = Files(tmp_path)
    refused(run)
    assert {each.kind for each in run.judged().violations} == {"refused"}

    for record in (each for file in run.files.values() for each in file):
        record.update({"unknown": True} if record["e"] == "refused" else {})
    assert run.judged().violations == []


def test_the_truth_passes(tmp_path: Path) -> None:
    verdict = Files(tmp_path).judged()
    assert verdict.violations == []
    assert verdict.counts["clients"] == 6
    assert verdict.counts["sent again"] == 3


@pytest.mark.parametrize(("lie", "kind"), LIES, ids=[lie.__name__ for lie, _ in LIES])
def test_a_lie_is_found(tmp_path: Path, lie: Callable[[Files], None], kind: str) -> None:
    run = Files(tmp_path)
    lie(run)
    found = run.judged().violations
    assert kind in {violation.kind for violation in found}, [str(each) for each in found]


def test_there_is_a_lie_of_every_kind() -> None:
    assert {kind for _, kind in LIES} == set(KINDS)
