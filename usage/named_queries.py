"""The queries of the money (see hub/common/named_queries.py)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.db.models import QuerySet

from hub.api.pagination import Position, take_page
from hub.common.named_queries import NamedQuery, Sample, Sort, if_there, query
from hub.common.reconciling import Check
from usage import selectors, totals
from usage.export import FORMATS, as_jsonl
from usage.ledger_query import LedgerFilter
from usage.models import UsageLog
from usage.purging import YOUNGEST_DAYS, purge_usage_logs
from usage.reconciling import CHECKS
from usage.summary import GROUPS, summary
from users.models import User

LIMIT, BATCH = 30, 500
MONTH = timedelta(days=30)
FILTERS: dict[str, Callable[[Sample], dict[str, Any]]] = {
    "of one model": lambda s: {"model": "gemini-3.8-flash"},
    "of one kind": lambda s: {"kind": "text"},
    "of one outcome": lambda s: {"outcome": "failed"},
    "of one key": lambda s: {"api_key": s.key_id},
    "of one job": lambda s: {"generation": s.generation_id},
    "of one tag": lambda s: {"tag": "campaign-1"},
    "of a month": lambda s: {"created_after": s.month, "created_before": s.now},
    "since then": lambda s: {"created_after": s.month},
    "before then": lambda s: {"created_before": s.month},
}
TIMES = ("of a month", "since then", "before then")


def _rows(sample: Sample, **facts: Any) -> QuerySet[UsageLog]:
    return LedgerFilter(**facts).rows(User(id=sample.user_id))


def _of_a_month(sample: Sample) -> QuerySet[UsageLog]:
    return _rows(sample, created_after=sample.month, created_before=sample.now)


def _page(rows: QuerySet[UsageLog], after: Position | None = None) -> object:
    return take_page(rows, after=after, limit=LIMIT)


def _filtered(name: str, facts: Callable[[Sample], dict[str, Any]]) -> NamedQuery:
    return query(Sort.USER, f"ledger: {name}", LedgerFilter.rows, lambda s: _page(_rows(s, **facts(s))))


def _summed(name: str) -> NamedQuery:
    return query(Sort.USER, f"ledger of a month, summed by {name}", summary, lambda s: summary(_of_a_month(s), [name]))


def _chosen(name: str, facts: Callable[[Sample], dict[str, Any]]) -> NamedQuery:
    def run(sample: Sample) -> object:
        return summary(
            _rows(sample, **{"created_after": sample.month, "created_before": sample.now, **facts(sample)}), []
        )

    return query(Sort.USER, f"ledger of a month {name}, summed", summary, run)


def _quotas(sample: Sample) -> object:
    keys = [sample.key_id]
    return selectors.quota_statuses(user_id=sample.user_id, kind="text", api_key_ids=keys, at=sample.now)


def _reconciled(check: Check) -> NamedQuery:
    return query(Sort.UPKEEP, f"reconcile: {check.says}", check.findings, lambda s: list(check.findings()))


QUERIES = [
    query(Sort.USER, "ledger", LedgerFilter.rows, lambda s: _page(_rows(s))),
    query(
        Sort.USER,
        "ledger: the next page",
        LedgerFilter.rows,
        lambda s: _page(_rows(s), Position(s.month, s.generation_id)),
    ),
    *(_filtered(name, facts) for name, facts in FILTERS.items()),
    query(Sort.USER, "ledger of a month, summed", summary, lambda s: summary(_of_a_month(s), [])),
    *(_summed(name) for name in GROUPS),
    *(_chosen(name, facts) for name, facts in FILTERS.items() if name not in TIMES),
    query(
        Sort.USER,
        "ledger as a file",
        as_jsonl,
        lambda s: list(zip(range(2), FORMATS["jsonl"][1](_rows(s)), strict=False)),
    ),
    query(
        Sort.USER,
        "month to date of a user",
        totals.spent_since,
        lambda s: totals.spent_since(user_id=s.user_id, since=s.month),
    ),
    query(
        Sort.ANALYTICS,
        "cost by model of 30 days, over everyone",
        totals.cost_by_model,
        lambda s: totals.cost_by_model(first=(s.now - MONTH).date(), last=s.now.date()),
    ),
    query(
        Sort.USER,
        "quotas of a user",
        selectors.current_quotas,
        lambda s: selectors.current_quotas(user=User(id=s.user_id)),
    ),
    query(Sort.LOOKUP, "quotas that apply to a job", selectors.quota_statuses, _quotas),
    query(
        Sort.LOOKUP,
        "periods that a hold is made in",
        selectors.open_periods,
        lambda s: selectors.open_periods(user_id=s.user_id, kind="text", api_key_ids=[s.key_id], at=s.now),
    ),
    query(
        Sort.USER,
        "caps of keys",
        selectors.caps_of,
        lambda s: selectors.caps_of(user=User(id=s.user_id), api_key_ids=[s.key_id]),
    ),
    query(
        Sort.LOOKUP,
        "prices of a model",
        selectors.rate_card,
        lambda s: if_there(lambda: selectors.rate_card(model="gemini-3.8-flash")),
    ),
    query(Sort.USER, "prices in force", selectors.prices_in_force, lambda s: list(selectors.prices_in_force())),
    query(
        Sort.UPKEEP,
        "holds that are open, summed",
        selectors.open_holds,
        lambda s: selectors.open_holds(now=s.now),
    ),
    query(
        Sort.UPKEEP,
        "holds that have expired",
        selectors.expired_holds,
        lambda s: list(selectors.expired_holds(now=s.now)),
    ),
    query(
        Sort.UPKEEP,
        "ledger rows to purge",
        purge_usage_logs,
        lambda s: [part.keys(None, BATCH) for part in purge_usage_logs(days=YOUNGEST_DAYS).parts],
    ),
    *(_reconciled(check) for check in CHECKS),
]
