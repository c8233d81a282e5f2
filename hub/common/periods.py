"""How long things are kept: whole days, never none."""

from __future__ import annotations

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


def wanted_days(at_least: int) -> str:
    """What a period must be, in words."""
    return f"a whole number of days from {at_least} to {LONGEST_DAYS}"
