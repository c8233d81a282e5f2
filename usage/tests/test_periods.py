"""Periods are calendar days and months in UTC; a total has no end."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from usage.periods import Bounds, bounds


@pytest.mark.parametrize(
    ("period", "at", "starts_at", "ends_at"),
    [
        ("day", "2026-11-22T00:00:00", "2026-11-22", "2026-11-23"),
        ("day", "2026-12-31T23:59:59.999999", "2026-12-31", "2027-01-01"),
        ("month", "2026-11-30T23:59:59", "2026-11-01", "2026-12-01"),
        ("month", "2026-12-01T00:00:00", "2026-12-01", "2027-01-01"),
        ("month", "2028-02-29T12:00:00", "2028-02-01", "2028-03-01"),
        ("month", "2027-01-31T12:00:00", "2027-01-01", "2027-02-01"),
    ],
)
def test_it_starts_and_ends_on_the_calendar(period: str, at: str, starts_at: str, ends_at: str) -> None:
    moment = datetime.fromisoformat(at).replace(tzinfo=UTC)
    expected = [datetime.fromisoformat(each).replace(tzinfo=UTC) for each in (starts_at, ends_at)]
    assert bounds(period, moment) == Bounds(*expected)


def test_it_takes_midnight_in_utc_wherever_the_moment_was_written() -> None:
    tokyo = datetime(2026, 12, 1, 8, 59, tzinfo=timezone(timedelta(hours=9)))
    assert bounds("month", tokyo).starts_at == datetime(2026, 11, 1, tzinfo=UTC)


def test_it_never_ends_a_total() -> None:
    assert bounds("total", datetime(2026, 1, 1, tzinfo=UTC)) == bounds("total", datetime(2099, 1, 1, tzinfo=UTC))
    assert bounds("total", datetime(2026, 1, 1, tzinfo=UTC)).ends_at is None


@pytest.mark.parametrize(("period", "at"), [("week", datetime(2026, 1, 1, tzinfo=UTC)), ("day", datetime(2026, 1, 1))])  # noqa: DTZ001
def test_it_refuses_an_unknown_period_and_a_moment_without_a_zone(period: str, at: datetime) -> None:
    with pytest.raises(ValueError):
        bounds(period, at)


@given(at=st.datetimes(timezones=st.just(UTC), min_value=datetime(1971, 1, 1), max_value=datetime(2200, 1, 1)))  # noqa: DTZ001
@pytest.mark.parametrize("period", ["day", "month"])
def test_it_puts_each_moment_into_exactly_one_period(period: str, at: datetime) -> None:
    around = bounds(period, at)
    assert around.ends_at is not None
    assert around.starts_at <= at < around.ends_at
    assert bounds(period, around.ends_at).starts_at == around.ends_at
    assert bounds(period, around.ends_at - timedelta(microseconds=1)) == around
