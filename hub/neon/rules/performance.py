"""Section 9: what keeps the queries fast."""

from __future__ import annotations

from collections.abc import Iterator

from django.db import transaction

from hub.neon.queries.explaining import Explained, explain
from hub.neon.queries.page import fingerprints
from hub.neon.queries.registry import all_queries
from hub.neon.queries.sampling import busiest_sample
from hub.neon.rules.asking import findings_of_checks
from hub.neon.rules.rule import Place, Rule, Verdict, not_asked, unless
from usage.models import UsageLog

PAGE = "docs/QUERY_PERF.md"
# Of fewer the planner may take whichever index it likes, or none.
FEWEST_ROWS = 10_000
POOLING = tuple(f"hub.E{number}" for number in range(101, 111))


def indexes_serve_the_queries(place: Place) -> Verdict:
    """9.1"""
    if UsageLog.objects.all()[:FEWEST_ROWS].count() < FEWEST_ROWS:
        return not_asked(
            f"Under {FEWEST_ROWS:,} rows of the ledger any plan is as good; tests/queries asks of full tables."
        )
    return unless(
        f"{each.query.name}: no index of {table} can serve it."
        for each in _explained(place)
        for table in sorted(each.unserved)
    )


def plans_are_written_down(place: Place) -> Verdict:
    """9.2"""
    written = fingerprints(place.text(PAGE))
    return unless(
        f"{each.query.name}: its SQL ({each.statement.fingerprint}) is not the one in {PAGE}."
        for each in _explained(place)
        if (each.query.name, each.statement.fingerprint) not in written
    )


def _explained(place: Place) -> Iterator[Explained]:
    """Nothing is carried out but what the product does to find its rows, and that is taken back."""
    with transaction.atomic(using=place.connection.alias):
        yield from explain(all_queries(), busiest_sample(), analyze=False)
        transaction.set_rollback(True, using=place.connection.alias)


def pooled_and_direct(place: Place) -> Verdict:
    """9.3"""
    return findings_of_checks(*POOLING)


RULES = (
    Rule("9.1", indexes_serve_the_queries, "Add the index by a migration, then manage.py explain_queries."),
    Rule("9.2", plans_are_written_down, "manage.py explain_queries, and commit docs/QUERY_PERF.md.", of_sources=True),
    Rule("9.3", pooled_and_direct, "The check says which setting; docs/DATABASE.md has the URLs of both ways."),
)
