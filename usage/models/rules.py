"""CHECK constraints in the words of the tables: `<table>_<rule>`."""

from __future__ import annotations

from collections.abc import Iterable

from django.contrib.postgres.fields import DateTimeRangeField
from django.db.models import CheckConstraint, F, Func, Q, TextChoices


class TsTzRange(Func):
    """The range from one moment to another, as PostgreSQL has it."""

    function = "TSTZRANGE"
    output_field = DateTimeRangeField()


def one_of(table: str, field: str, choices: type[TextChoices], *, or_empty: bool = False) -> CheckConstraint:
    """The column holds one of the enumeration's values (or "")."""
    allowed = ([""] if or_empty else []) + list(choices.values)
    return CheckConstraint(name=f"{table}_{field}_known", condition=Q(**{f"{field}__in": allowed}))


def never_negative(table: str, *fields: str) -> Iterable[CheckConstraint]:
    """Each column is zero or more."""
    return [
        CheckConstraint(name=f"{table}_{field}_not_negative", condition=Q(**{f"{field}__gte": 0})) for field in fields
    ]


def ends_after_start(table: str, start: str, end: str) -> CheckConstraint:
    """The end is open, or later than the start."""
    later = Q(**{f"{end}__isnull": True}) | Q(**{f"{end}__gt": F(start)})
    return CheckConstraint(name=f"{table}_ends_after_start", condition=later)
