"""Section 5: what stands in which table."""

from __future__ import annotations

from collections.abc import Iterator

from generations.models import GenerationAttempt
from hub.neon.rules.asking import findings_of_checks
from hub.neon.rules.catalogue import checks_of, columns_of, tables, unique_columns_of
from hub.neon.rules.rule import Place, Rule, Verdict, unless
from usage.models import UsageLog
from usage.reconciling.purged import purged_before

SEPARATE = ("users", "generations", "media", "usage_logs", "audit_logs")
# What the constraints of the table of periods must say of each amount.
NEVER_NEGATIVE = {"quotas": ("limit",), "quota_periods": ("spent", "held")}
TIMESTAMPS = ("starts_at", "ends_at", "last_updated_at")
# So many of the newest calls are looked at; `manage.py reconcile_usage` looks at all.
NEWEST_CALLS = 500


def tables_are_separate(place: Place) -> Verdict:
    """5.1"""
    there = tables(place.connection)
    return unless(f"There is no table {name}." for name in SEPARATE if name not in there)


def media_is_metadata(place: Place) -> Verdict:
    """5.2"""
    return findings_of_checks("hub.models.E002")


def every_call_has_one_row(place: Place) -> Verdict:
    """5.3"""
    return unless(_uncounted(place))


def _uncounted(place: Place) -> Iterator[str]:
    if ("attempt_id",) not in unique_columns_of(place.connection, "usage_logs"):
        yield "usage_logs may have two rows of one call: attempt_id is not unique."
    over = GenerationAttempt.objects.exclude(state__in=GenerationAttempt.OPEN).filter(created_at__gte=purged_before())
    calls = list(over.order_by("-created_at", "-id").values_list("id", flat=True)[:NEWEST_CALLS])
    there = set(UsageLog.objects.filter(attempt_id__in=calls).values_list("attempt_id", flat=True))
    yield from (f"The call {each} is over, and has no row in usage_logs." for each in calls if each not in there)


def quotas_are_never_negative(place: Place) -> Verdict:
    """5.4"""
    return unless(_unguarded(place))


def _unguarded(place: Place) -> Iterator[str]:
    there = columns_of(place.connection, "quota_periods")
    yield from (f"quota_periods has no {name}." for name in TIMESTAMPS if name not in there)
    for table, columns in NEVER_NEGATIVE.items():
        said = " ".join(checks_of(place.connection, table)).replace('"', "")
        yield from (f"{table}.{name} may be negative." for name in columns if f"({name} >= " not in said)


def sensitive_columns_are_sealed(place: Place) -> Verdict:
    """5.5"""
    return findings_of_checks("hub.models.E003")


RULES = (
    Rule("5.1", tables_are_separate, "manage.py migrate"),
    Rule("5.2", media_is_metadata, "Store the bytes with media.services and keep the pointer."),
    Rule(
        "5.3",
        every_call_has_one_row,
        "manage.py reconcile_usage names what is missing; manage.py schema_drift, the rule.",
    ),
    Rule("5.4", quotas_are_never_negative, "manage.py schema_drift says what is missing; put it back by a migration."),
    Rule("5.5", sensitive_columns_are_sealed, "Use the fields of hub/common/fields.py, or list the column and why."),
)
