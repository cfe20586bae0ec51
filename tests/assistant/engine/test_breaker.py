"""When an engine is left alone, and when it is tried again."""

import asyncio

import pytest

from central_config.assistant.service.engine import EngineAwayError, EngineRestingError
from central_config.assistant.service.engine.breaker import FAILURES, REST, Breaker


class Time:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def breaker(time: Time) -> Breaker:
    return Breaker(now=time)


def fail(breaker: Breaker, reason: str = "it is away") -> None:
    with pytest.raises(EngineAwayError), breaker.watching():
        raise EngineAwayError(reason)


def open_it(breaker: Breaker) -> None:
    for _ in range(FAILURES):
        fail(breaker)


def test_some_failures_are_borne(breaker: Breaker) -> None:
    for _ in range(FAILURES - 1):
        fail(breaker)
    with breaker.watching():
        pass
    for _ in range(FAILURES - 1):
        fail(breaker)
    breaker.check()


def test_then_nobody_asks_for_a_while(breaker: Breaker, time: Time) -> None:
    open_it(breaker)
    time.now += REST - 1
    with pytest.raises(EngineRestingError, match="it is away; it is asked again in 1 s"):
        breaker.check()
    time.now += 1
    breaker.check()


def test_one_tries_whether_it_is_back(breaker: Breaker, time: Time) -> None:
    open_it(breaker)
    time.now += REST
    with breaker.watching(), pytest.raises(EngineRestingError, match="being tried"):
        breaker.check()
    open_it(breaker)  # closed again: it takes as many failures as at first
    with pytest.raises(EngineRestingError):
        breaker.check()


def test_a_trial_that_fails_is_one_failure_too_many(breaker: Breaker, time: Time) -> None:
    open_it(breaker)
    time.now += REST
    fail(breaker, "it is still away")
    with pytest.raises(EngineRestingError, match=f"still away; it is asked again in {REST:.0f} s"):
        breaker.check()


def test_what_proves_nothing_closes_nothing(breaker: Breaker, time: Time) -> None:
    open_it(breaker)
    time.now += REST
    with breaker.watching(proves=False):
        pass
    fail(breaker)
    with pytest.raises(EngineRestingError):
        breaker.check()


@pytest.mark.parametrize("error", [asyncio.CancelledError(), RuntimeError("a mistake of ours")])
def test_others_than_the_engine_do_not_count(breaker: Breaker, error: BaseException) -> None:
    for _ in range(FAILURES):
        with pytest.raises(type(error)), breaker.watching():
            raise error
    breaker.check()


def test_a_trial_that_is_given_up_leaves_room_for_another(breaker: Breaker, time: Time) -> None:
    open_it(breaker)
    time.now += REST
    with pytest.raises(asyncio.CancelledError), breaker.watching():
        raise asyncio.CancelledError
    breaker.check()
