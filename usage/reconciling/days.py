"""The sums by day are the ledger's, of every unit, to the last digit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from typing import Any

from django.db import transaction
from django.db.models import BigIntegerField, Count, QuerySet, Sum
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast

from audit.actions import Action
from audit.services import record
from hub.common.money import text
from hub.common.reconciling import Finding, snapshot
from usage.enums import Unit
from usage.models import UsageDaily, UsageLog
from usage.models.ledger import SHARDS
from usage.reconciling.purged import purged_before

UNITS = {UsageDaily.column(unit): unit for unit in Unit.values}
COLUMNS = ("requests", "cost", *UNITS)
# Model and kind of work.
Group = tuple[str, str]
Sums = Mapping[str, Any]
NOTHING: Sums = dict.fromkeys(COLUMNS, 0)


class Days:
    """Rows that were purged stay in the sums: of such a day the ledger may have less, never more."""

    name = "days"
    says = "the sums by day are the ledger's"

    def findings(self) -> Iterator[Finding]:
        """Day by day, those alone of which there is anything."""
        purged, day = purged_before(), _next_day(date.min)
        while day is not None:
            with snapshot():
                found = list(_examine(day, purged))
            yield from found
            day = _next_day(day + timedelta(days=1))


def _next_day(since: date) -> date | None:
    """The first day from then on that either of them knows."""
    told = UsageDaily.objects.filter(day__gte=since).order_by("day").values_list("day", flat=True).first()
    rows = UsageLog.objects.filter(created_at__gte=_begins(since)).order_by("created_at", "id")
    written = rows.values_list("created_at", flat=True).first()
    days = [day for day in (told, written and written.astimezone(UTC).date()) if day is not None]
    return min(days, default=None)


def _begins(day: date) -> datetime:
    return datetime.combine(day, time.min, tzinfo=UTC)


def _examine(day: date, purged: datetime) -> Iterator[Finding]:
    told, written = _grouped(_told(day)), _grouped(_written(day))
    is_whole = _begins(day) >= purged
    for group in sorted(told.keys() | written.keys()):
        sums, ledger = told.get(group, NOTHING), written.get(group, NOTHING)
        wrong = [name for name in COLUMNS if ledger[name] > sums[name] or (is_whole and ledger[name] < sums[name])]
        if wrong:
            yield _finding(day, group, wrong, sums, ledger, is_whole)


def _finding(day: date, group: Group, wrong: list[str], sums: Sums, ledger: Sums, is_whole: bool) -> Finding:
    facts = {name: f"{_shown(sums[name])} and not {_shown(ledger[name])}" for name in wrong}
    return Finding(
        kind="day_sums",
        table="usage_daily",
        row=f"{day} {group[0]} {group[1]}",
        says="its sums are not the ledger's",
        facts=facts,
        mend=partial(_mend, day, group) if is_whole else None,
    )


def _shown(value: Any) -> str:
    return str(value) if isinstance(value, int) else text(value)


def _noted(sums: Sums) -> dict[str, Any]:
    return {name: value if isinstance(value, int) else text(value) for name, value in sums.items()}


def _told(day: date) -> QuerySet[UsageDaily]:
    return UsageDaily.objects.filter(day=day).order_by()


def _written(day: date) -> QuerySet[UsageLog]:
    rows = UsageLog.objects.filter(created_at__gte=_begins(day), created_at__lt=_begins(day + timedelta(days=1)))
    return rows.order_by()


def _grouped(rows: QuerySet[Any]) -> dict[Group, Sums]:
    sums: dict[str, Any] = {name: Sum(name, default=0) for name in COLUMNS}
    if rows.model is UsageLog:
        sums = {"requests": Count("id"), "cost": Sum("cost", default=0)}
        sums |= {name: _sum_of(unit) for name, unit in UNITS.items()}
    # Under other names, as a sum must not be called like a column.
    found = rows.values("model", "kind").annotate(**{f"sum_{name}": each for name, each in sums.items()})
    return {(row["model"], row["kind"]): {name: row[f"sum_{name}"] for name in COLUMNS} for row in found}


def _sum_of(unit: str) -> Sum:
    return Sum(Cast(KeyTextTransform(unit, "units"), BigIntegerField()), default=0)


@transaction.atomic
def _mend(day: date, group: Group) -> bool:
    """Puts the whole difference into one shard, and lets whoever adds to the day wait meanwhile.

    All shards are made first, so that all can be locked: a writer that comes in between has written its row of the
    ledger and waits for its shard. Neither is seen here, and both will be.
    """
    model, kind = group
    every = [UsageDaily(day=day, model=model, kind=kind, shard=shard) for shard in range(SHARDS)]
    UsageDaily.objects.bulk_create(every, ignore_conflicts=True)
    rows = _told(day).filter(model=model, kind=kind)
    shards = list(rows.select_for_update(no_key=True).order_by("pk"))
    ledger = _grouped(_written(day).filter(model=model, kind=kind)).get(group, NOTHING)
    before = {name: sum(getattr(shard, name) for shard in shards) for name in COLUMNS}
    if before == {name: ledger[name] for name in COLUMNS}:
        return False
    rows.update(**NOTHING)
    rows.filter(pk=shards[0].pk).update(**ledger)
    record(
        action=Action.USAGE_RECONCILED,
        actor_label="operator",
        target=("usage_daily", shards[0].pk),
        kind="day_sums",
        before=_noted(before),
        after=_noted(ledger),
    )
    return True
