"""Lines, percentiles, ages and verdicts: what needs no database."""

import math
from datetime import UTC, date, datetime, timedelta

import pytest

from central_config.operations.model.capacity import LEAST, trend
from central_config.operations.model.indexes import IndexFacts, unused
from central_config.operations.model.measures import STALE, LastKnown, Measures
from central_config.operations.model.percentiles import quantile
from central_config.operations.model.reports import Section, Status, counts, overall
from central_config.operations.model.tables import TableFacts
from central_config.operations.model.texts import size_text, time_text

NOW = datetime(2026, 11, 23, tzinfo=UTC)


def days(*values: float) -> list[tuple[date, float]]:
    return [(date(2026, 1, 1) + timedelta(days=n), value) for n, value in enumerate(values)]


def test_a_line_through_what_grows() -> None:
    line = trend(days(*(100 + 10 * n for n in range(30))))
    assert line is not None
    assert line.a_day == pytest.approx(10)
    assert line.now == 390
    assert line.days_until(line.now + 50) == pytest.approx(5)
    assert line.days_until(100) == 0


def test_one_odd_day_moves_a_line_little() -> None:
    values = [100.0 + 10 * n for n in range(60)]
    values[30] += 100
    line = trend(days(*values))
    assert line is not None
    assert 9 < line.a_day < 11


def test_what_does_not_grow_is_never_full_and_few_days_say_nothing() -> None:
    line = trend(days(*(100 - n for n in range(LEAST))))
    assert line is not None
    assert line.days_until(1000) is None
    assert trend(days(*range(LEAST - 1))) is None
    assert trend([(date(2026, 1, 1), 5.0)] * 20) is None


def test_percentiles_are_prometheus_own() -> None:
    buckets = {0.1: 50.0, 0.5: 90.0, 1.0: 100.0, math.inf: 100.0}
    assert quantile(0.5, buckets) == pytest.approx(0.1)
    assert quantile(0.7, buckets) == pytest.approx(0.3)
    assert quantile(0.95, buckets) == pytest.approx(0.75)
    beyond = {0.1: 0.0, 1.0: 0.0, math.inf: 10.0}
    assert quantile(0.95, beyond) == 1.0
    assert quantile(0.5, {}) is None
    assert quantile(0.5, {1.0: 0.0, math.inf: 0.0}) is None


def test_what_nobody_looked_at_is_never_green() -> None:
    def verdict(*statuses: Status) -> Status:
        return overall(Section("s", each, "") for each in statuses)

    assert verdict(Status.OK, Status.OK) is Status.OK
    assert verdict(Status.OK, Status.SKIPPED) is Status.OK
    assert verdict(Status.SKIPPED, Status.SKIPPED) is Status.WARNING
    assert verdict() is Status.WARNING
    assert verdict(Status.OK, Status.UNKNOWN) is Status.WARNING
    assert verdict(Status.WARNING, Status.UNKNOWN) is Status.WARNING
    assert verdict(Status.BAD, Status.WARNING, Status.OK) is Status.BAD
    told = counts([Section("a", Status.OK, ""), Section("b", Status.SKIPPED, "")])
    assert told == {"ok": 1, "skipped": 1}


def test_counts_are_forgotten_and_ages_grow_while_nobody_can_look() -> None:
    now = [1000.0]
    known = LastKnown(lambda: now[0])
    assert math.isnan(known.beat_leaders())
    assert math.isnan(known.chain_intact())
    assert math.isnan(known.chain_check_age())
    jobs = {"queued": 3, "running": 0, "done": 5, "failed": 1, "cancelled": 0}
    known.take(Measures(jobs, 2.5, 1, chain_intact=None, verified_ago=None))
    assert known.jobs("queued") == 3
    assert known.chain_check_age() == math.inf
    assert math.isnan(known.chain_intact())
    known.take(Measures(jobs, 2.5, 1, chain_intact=False, verified_ago=10.0))
    now[0] += STALE + 1
    assert math.isnan(known.jobs("queued"))
    assert math.isnan(known.oldest_queued())
    assert math.isnan(known.beat_leaders())
    assert known.chain_intact() == 0
    assert known.chain_check_age() == pytest.approx(STALE + 11)


def test_when_a_table_is_due() -> None:
    fresh = TableFacts("t", 1000, 0, 0, NOW, NOW, 5, 0, 0, 0)
    assert not fresh.is_due(NOW)
    assert fresh._replace(dead=200).is_due(NOW)
    assert fresh._replace(changed=200).is_due(NOW)
    assert fresh._replace(analyzed_at=None).is_due(NOW)
    assert not fresh._replace(analyzed_at=None, live=0).is_due(NOW)
    old = NOW - timedelta(days=31)
    assert fresh._replace(analyzed_at=old, changed=1).is_due(NOW)
    assert not fresh._replace(analyzed_at=old).is_due(NOW)


def test_which_indexes_are_worth_a_word() -> None:
    index = IndexFacts("i", "t", 20_000_000, 0, guards=False, valid=True, entries=1000.0, width=8)
    assert index.is_bloated
    assert not index._replace(bytes=4_000_000).is_bloated
    assert not index._replace(entries=1_000_000.0).is_bloated
    assert not index._replace(entries=-1.0).is_bloated  # never analyzed
    assert not index._replace(entries=None).is_bloated
    assert not index._replace(valid=False).is_bloated
    assert unused([index]) == [index]
    assert unused([index._replace(guards=True), index._replace(scans=1)]) == []
    assert unused([index._replace(bytes=8192), index._replace(valid=False)]) == []


def test_figures_for_people() -> None:
    assert size_text(512) == "512 B"
    assert size_text(3 * 1024**2) == "3.0 MiB"
    assert size_text(2 * 1024**4) == "2.0 TiB"
    assert time_text(0.0123) == "12.3 ms"
    assert time_text(90) == "90 s"
    assert time_text(3 * 86_400) == "3 days"
