from __future__ import annotations

import pytest

from workroom.client.backoff import LONGEST_WAIT, Advice, advice, backoff
from workroom.client.connection import ANSWER, SILENCE, Connection, Phase
from workroom.client.effects import AskToken, Drop, Effect, Open, Send, Timer
from workroom.client.errors import Problem
from workroom.client.wire import ESSAYS, Ack, News, Refusal
from workroom.errors import Retry

HEARD = Ack("r", 1, {})
EXPIRING = News("token_expiring", None, None, {"seconds": 60})


class Life:
    """A connection in a test: what it decided since it was asked last."""

    def __init__(self) -> None:
        self._effects: list[Effect] = []
        self.it = Connection(ESSAYS, self._effects)

    def decided(self) -> list[Effect]:
        found = self._effects[:]
        self._effects.clear()
        return found

    def open(self, token: str = "t1") -> Life:
        self.it.start()
        self.it.token(token)
        self.it.opened()
        self.decided()
        return self


@pytest.mark.parametrize(
    ("away", "longest"),
    [(0, 0.5), (0.1, 0.5), (0.5, 0.5), (0.6, 0.6), (4, 4), (30, 30), (31, 30), (1e308, 30)],
)
def test_the_wait_is_spread_over_the_time_away_at_least_half_a_second_and_at_most_30(
    away: float, longest: float
) -> None:
    assert [backoff(away, chance) for chance in (0.0, 0.5, 1.0)] == [0, longest / 2, longest]


def test_who_draws_short_waits_is_not_away_for_much_longer_than_the_server() -> None:
    life = Life().open()
    away = 0.0
    while away < 2:
        life.it.closed(1006, "", 0.2)
        assert life.it.wait <= max(0.5, away)
        away += life.it.wait
        life.it.timer("retry", 0.2)


def test_close_codes_mean_what_the_reference_says() -> None:
    assert {code for code in range(1000, 5000) if advice(code) is Advice.STOP} == {
        1002,
        1007,
        1009,
        4403,
    }
    assert advice(1008) is Advice.PAUSE
    assert advice(4401) is Advice.RENEW
    assert {advice(code) for code in (1000, 1001, 1006, 1011, 1012, 1013)} == {Advice.RETRY}


def test_a_token_is_asked_for_first_and_then_the_connection_opened() -> None:
    life = Life()
    life.it.start()
    assert life.decided() == [AskToken()]
    life.it.token("t1")
    assert life.decided() == [Open("t1"), Timer(None, "silence", ANSWER)]
    life.it.opened()
    assert life.it.phase is Phase.OPEN


def test_a_broken_connection_is_opened_again_each_time_later() -> None:
    life = Life().open()
    waits = []
    for _ in range(8):
        life.it.closed(1006, "", 1.0)
        waits.append(life.it.wait)
        life.it.timer("retry", 1.0)
        assert life.it.phase is Phase.CONNECTING
    assert waits == [0.5, 0.5, 1, 2, 4, 8, 16, 30]
    life.it.opened()
    life.it.heard(HEARD)
    life.it.closed(1006, "", 1.0)
    assert life.it.wait == 0.5


def test_who_is_told_to_stay_away_for_a_time_stays_away_for_it() -> None:
    life = Life().open()
    why = Problem("server_restarting", "bye", Retry.LATER, 7.0)
    life.it.heard(Refusal(None, why, last=True))
    life.it.closed(1012, "", 0.0)
    assert life.it.wait == 7
    life.it.timer("retry", 0.0)
    life.it.refused(503, 12.0, 0.0)
    assert life.it.wait == 12


def test_a_handshake_that_is_refused_for_good_is_not_tried_again() -> None:
    life = Life()
    life.it.start()
    life.it.token("t1")
    life.it.refused(404, None, 0.5)
    assert life.it.phase is Phase.STOPPED
    assert life.it.problem is not None
    assert life.it.problem.code == "connection_refused"


@pytest.mark.parametrize(
    ("code", "kind"), [(4403, "permission_denied"), (1009, "connection_refused")]
)
def test_some_codes_are_the_end(code: int, kind: str) -> None:
    life = Life().open()
    life.it.closed(code, "no", 0.5)
    assert life.it.problem == Problem(kind, f"closed by the server: {code} no")
    life.it.timer("retry", 0.5)
    assert life.decided() == []


def test_a_token_that_was_refused_is_replaced_at_once_and_the_next_one_later() -> None:
    life = Life().open("t1")
    life.it.closed(4401, "", 1.0)
    assert life.decided() == [AskToken()]
    life.it.token("t2")
    life.it.closed(4401, "", 1.0)
    assert life.it.phase is Phase.WAITING
    life.it.timer("retry", 1.0)
    life.it.token("t2")
    assert life.it.problem is not None
    assert life.it.problem.code == "no_token"


def test_a_program_without_a_token_for_now_is_asked_again() -> None:
    life = Life()
    life.it.start()
    life.decided()
    life.it.no_token(1.0)
    assert life.decided() == [Timer(None, "retry", 0.5)]
    life.it.timer("retry", 1.0)
    assert life.decided() == [AskToken()]


def test_a_token_is_renewed_before_it_ends() -> None:
    life = Life().open("t1")
    life.it.heard(EXPIRING)
    assert AskToken() in life.decided()
    life.it.token("t2")
    assert life.decided() == [Send(ESSAYS.refresh("t2"))]


def test_silence_is_probed_and_then_believed() -> None:
    life = Life().open()
    life.it.heard(HEARD)
    assert life.decided() == [Timer(None, "silence", SILENCE)]
    life.it.timer("silence", 0.5)
    assert life.decided() == [Send(ESSAYS.refresh("t1")), Timer(None, "silence", ANSWER)]
    life.it.timer("silence", 0.5)
    assert Drop() in life.decided()
    assert life.it.phase is Phase.WAITING


def test_a_server_that_takes_the_connection_and_says_nothing_is_given_up() -> None:
    life = Life()
    life.it.start()
    life.it.token("t1")
    life.decided()
    life.it.timer("silence", 0.5)
    assert Drop() in life.decided()
    assert life.it.phase is Phase.WAITING


def test_misbehaving_pauses_for_the_longest_wait() -> None:
    life = Life().open()
    life.it.closed(1008, "", 0.0)
    assert life.it.wait == LONGEST_WAIT
