"""When a quota's period starts and ends: calendar days and months in UTC, ends excluded."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from usage.enums import Period

# A total has one period: it starts before every hub, so that its key (quota, start) is the same for all who open it.
BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Bounds:
    """`starts_at` belongs to the period, `ends_at` does not; a total has no end."""

    starts_at: datetime
    ends_at: datetime | None


def bounds(period: str, at: datetime) -> Bounds:
    """The bounds of the period around the moment `at` (aware, any zone); raises ValueError for an unknown period."""
    if at.tzinfo is None:
        raise ValueError("a moment without a time zone is in no period")
    midnight = at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    match Period(period):
        case Period.DAY:
            return Bounds(midnight, midnight + timedelta(days=1))
        case Period.MONTH:
            first = midnight.replace(day=1)
            return Bounds(first, (first + timedelta(days=31)).replace(day=1))
        case Period.TOTAL:
            return Bounds(BEGINNING, None)
