"""How long things are kept: whole days, never none."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

LONGEST_DAYS = 36_500


def whole_days(raw: str, *, at_least: int = 1) -> int:
    """A period: a whole number of days. Raises ValueError, which says what is wanted."""
    try:
        number = int(raw)
    except ValueError:
        number = 0
    if not at_least <= number <= LONGEST_DAYS:
        raise ValueError(wanted_days(at_least))
    return number


def whole_days_before(raw: str, *, now: datetime, at_least: int = 1) -> int:
    """The shortest period that leaves alone whatever is of that day (UTC) or later. Raises ValueError as whole_days."""
    try:
        day = datetime.fromisoformat(raw)
    except ValueError:
        raise ValueError("a day such as 2026-06-30") from None
    if day.tzinfo is None:
        day = day.replace(tzinfo=UTC)
    number = -((day - now) // timedelta(days=1))
    if not at_least <= number <= LONGEST_DAYS:
        raise ValueError(f"a day in the past, {wanted_days(at_least)} ago")
    return number


def wanted_days(at_least: int) -> str:
    """What a period must be, in words."""
    return f"a whole number of days from {at_least} to {LONGEST_DAYS}"
