"""The ledger, summed: one query over a user's rows of a range, grouped by whatever is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, timedelta
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db.models import BigIntegerField, Case, CharField, Count, F, Func, QuerySet, Sum, Value, When
from django.db.models.expressions import Combinable
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast, TruncDay, TruncMonth

from usage.enums import Unit
from usage.errors import SummaryTooLarge
from usage.models import UsageLog
from usage.models.ledger import LONGEST_TAG

# What one answer sums at most: a leap year of days, and this many groups.
LONGEST_RANGE = timedelta(days=366)
USUAL_RANGE = timedelta(days=31)
MOST_GROUPS = 10_000
_TAGS = ArrayField(CharField(max_length=LONGEST_TAG))
# What a row without a tag is grouped under; no tag is empty.
UNTAGGED = ""


class Unnest(Func):
    """A row for each element of an array."""

    function = "UNNEST"
    set_returning = True
    output_field = CharField()


GROUPS: dict[str, Combinable] = {
    "day": TruncDay("created_at", tzinfo=UTC),
    "month": TruncMonth("created_at", tzinfo=UTC),
    "model": F("model"),
    "kind": F("kind"),
    "api_key": F("api_key_id"),
    "tag": Unnest(
        Case(When(tags__len__gt=0, then=F("tags")), default=Value([UNTAGGED], output_field=_TAGS), output_field=_TAGS)
    ),
}


def summary(rows: QuerySet[UsageLog], group_by: Sequence[str]) -> list[dict[str, Any]]:
    """A dict for each group, in the order of `group_by`: its values, `requests`, `cost` and `units` {unit: count}.

    A request with several tags counts under each of them. No rows make no groups, or without `group_by` one
    group of zeros. Raises SummaryTooLarge beyond MOST_GROUPS.
    """
    grouped = rows.order_by().annotate(**{f"by_{name}": GROUPS[name] for name in group_by})
    keys = [f"by_{name}" for name in group_by]
    sums = {"requests": Count("id"), "total_cost": Sum("cost", default=0), **_unit_sums()}
    if not group_by:
        return [_group(grouped.aggregate(**sums), group_by)]
    found = list(grouped.values(*keys).annotate(**sums).order_by(*keys)[: MOST_GROUPS + 1])
    if len(found) > MOST_GROUPS:
        raise SummaryTooLarge(most=MOST_GROUPS)
    return [_group(row, group_by) for row in found]


def _unit_sums() -> dict[str, Sum]:
    return {f"sum_{unit}": Sum(Cast(KeyTextTransform(unit, "units"), BigIntegerField()), default=0) for unit in UNITS}


UNITS: tuple[str, ...] = tuple(Unit.values)


def _group(row: dict[str, Any], group_by: Sequence[str]) -> dict[str, Any]:
    units = {unit: row[f"sum_{unit}"] for unit in UNITS if row[f"sum_{unit}"]}
    by = {name: _shown(name, row[f"by_{name}"]) for name in group_by}
    return {**by, "requests": row["requests"], "cost": row["total_cost"], "units": units}


def _shown(name: str, value: Any) -> Any:
    if name == "day":
        return value.date().isoformat()
    if name == "month":
        return f"{value:%Y-%m}"
    return None if value == UNTAGGED else value
