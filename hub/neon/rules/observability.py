"""Section 11: what is seen from outside."""

from __future__ import annotations

import re
from collections.abc import Iterator

import yaml
from django.conf import settings

from hub.metrics import catalogue, connections
from hub.neon.rules.catalogue import columns_of
from hub.neon.rules.rule import Place, Rule, Verdict, unless
from hub.neon.rules.security import handlers_without

ALERTS = "docs/alerts"
SLOWEST_MS = 5000
# What an alert must ask for: dropped connections, errors of reads and writes, exhaustion of the pool.
WATCHED = ("hub_db_connections_dropped_total", "hub_db_errors_total", "hub_db_pool_exhausted_total")
_METRIC = re.compile(r"\bhub_[a-z_]+\b")


def slow_statements_are_logged(place: Place) -> Verdict:
    """11.1"""
    place.connection.ensure_connection()
    return unless(_unwatched(place))


def _unwatched(place: Place) -> Iterator[str]:
    if connections.observe not in place.connection.execute_wrappers:
        yield "Nothing watches the statements of this connection."
    if settings.SLOW_QUERY_MS > SLOWEST_MS:
        yield f"SLOW_QUERY_MS is {settings.SLOW_QUERY_MS}: only what takes longer is logged."


def alerts_ask_for_what_there_is(place: Place) -> Verdict:
    """11.2"""
    return unless(_alerts(place))


def _alerts(place: Place) -> Iterator[str]:
    asked = {
        name
        for path in sorted((place.root / ALERTS).glob("*.yml"))
        for group in yaml.safe_load(path.read_text(encoding="utf-8")).get("groups", ())
        for rule in group.get("rules", ())
        for name in _METRIC.findall(rule["expr"])
    }
    yield from (f"No alert asks for {name}." for name in WATCHED if name not in asked)
    yield from (f"An alert asks for {name}, which nothing counts." for name in sorted(asked - catalogue.names()))


def lines_carry_the_request(place: Place) -> Verdict:
    """11.3"""
    return unless(_without_request(place))


def _without_request(place: Place) -> Iterator[str]:
    yield from handlers_without("request_id")
    for table in ("usage_logs", "audit_logs"):
        if "request_id" not in columns_of(place.connection, table):
            yield f"{table} has no request_id."


RULES = (
    Rule(
        "11.1",
        slow_statements_are_logged,
        f"Set SLOW_QUERY_MS to {SLOWEST_MS} at most, and let hub.apps watch every connection.",
    ),
    Rule(
        "11.2",
        alerts_ask_for_what_there_is,
        "Name it in docs/alerts as hub/metrics/catalogue.py does.",
        of_sources=True,
    ),
    Rule("11.3", lines_carry_the_request, 'Give the handler the filter "request_id" (hub/logs.py).'),
)
