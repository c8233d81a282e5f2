"""Every metric there is, with its meaning. Labels have few values: routes, models, codes; never an id or a text."""

from __future__ import annotations

from dataclasses import dataclass

from prometheus_client import CollectorRegistry, Counter, Histogram

# What one process counts. Published with the label `process` (web, worker, clock) beside its own.
COUNTED = CollectorRegistry()

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
_LONG_SECONDS = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60, 120, 300)
_QUERY_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15)

REQUESTS = Counter(
    "hub_http_requests", "Requests answered, by route template.", ("route", "method", "status"), registry=COUNTED
)
REQUEST_SECONDS = Histogram(
    "hub_http_request_seconds",
    "Time in which a view answered. What goes on afterwards without a thread (Prefer: wait, events) is not in it.",
    ("route", "method"),
    buckets=_SECONDS,
    registry=COUNTED,
)
TASKS = Counter("hub_tasks", "Tasks that workers ran, by how they ended.", ("task", "outcome"), registry=COUNTED)
TASK_SECONDS = Histogram("hub_task_seconds", "Time that a task took.", ("task",), buckets=_SECONDS, registry=COUNTED)
PROVIDER_CALLS = Counter(
    "hub_provider_calls",
    "Calls to a provider; the outcome is finished, pending, blocked, done, or the code of the error.",
    ("adapter", "model", "verb", "outcome"),
    registry=COUNTED,
)
PROVIDER_SECONDS = Histogram(
    "hub_provider_call_seconds",
    "Time until a provider's answer was whole.",
    ("adapter", "verb"),
    buckets=_LONG_SECONDS,
    registry=COUNTED,
)
SPENT = Counter(
    "hub_spent_usd", "What jobs cost, in US dollars. The ledger has it exactly.", ("kind", "model"), registry=COUNTED
)
JOBS_ENDED = Counter("hub_jobs_ended", "Jobs that ended, by status.", ("kind", "status"), registry=COUNTED)
QUERIES = Counter("hub_db_queries", "Statements, by their first keyword.", ("verb",), registry=COUNTED)
QUERY_SECONDS = Histogram(
    "hub_db_query_seconds", "Time that a statement took.", ("verb",), buckets=_QUERY_SECONDS, registry=COUNTED
)
SLOW_QUERIES = Counter("hub_db_slow_queries", "Statements over SLOW_QUERY_MS.", ("verb",), registry=COUNTED)
QUERY_ERRORS = Counter(
    "hub_db_errors",
    "Statements that failed, by first keyword (read, write, other; connect: before any) and kind of error.",
    ("verb", "error"),
    registry=COUNTED,
)
CONNECTIONS_OPENED = Counter("hub_db_connections_opened", "Connections to the database made.", registry=COUNTED)
CONNECTIONS_DROPPED = Counter("hub_db_connections_dropped", "Connections that broke in use.", registry=COUNTED)
EXHAUSTED = Counter(
    "hub_db_pool_exhausted", "Times that a pool had no connection left, by whose it was.", ("pool",), registry=COUNTED
)
# A series that begins with its first event has not increased by it: of these the zero is told too.
FROM_ZERO = (CONNECTIONS_DROPPED, EXHAUSTED)
PROCESS_KINDS = ("web", "worker", "clock")
for _pool in ("client", "server", "pooler"):
    EXHAUSTED.labels(_pool)


@dataclass(frozen=True, slots=True)
class Gauge:
    """What is looked at rather than counted."""

    name: str
    meaning: str
    labels: tuple[str, ...] = ()


# Told by each process that lives; those of one kind are added up.
PROCESSES = Gauge("hub_processes", "Processes that told of themselves within the last minute.", ("process",))
THREADS = Gauge("hub_pool_size", "Threads, each with a database connection that it keeps.", ("process",))
IN_USE = Gauge("hub_pool_in_use", "Threads that are at work on a request or a task.", ("process",))
WAITING = Gauge("hub_pool_waiting", "Requests that wait for a thread.", ("process",))
CONNECTIONS = Gauge("hub_db_connections_open", "Connections to the database.", ("process",))
OF_PROCESSES = (PROCESSES, THREADS, IN_USE, WAITING, CONNECTIONS)

# Looked up in Redis at the scrape.
QUEUED_MESSAGES = Gauge("hub_queue_messages", "Messages that wait for a worker.", ("queue",))
DUE_JOBS = Gauge("hub_jobs_admitted", "Admitted jobs: with a worker, at a provider, or waiting for a look.")
WEBHOOK_BACKLOG = Gauge("hub_webhook_backlog", "Webhook deliveries that are not done, those for later included.")
WEBHOOKS_OVERDUE = Gauge("hub_webhook_overdue", "Webhook deliveries that should be on their way.")
OF_REDIS = (QUEUED_MESSAGES, DUE_JOBS, WEBHOOK_BACKLOG, WEBHOOKS_OVERDUE)

# Counted in the database by the clock, while others use it, and kept in Redis.
COUNTED_AT = Gauge("hub_figures_timestamp_seconds", "When the clock last counted in the database.")
JOBS = Gauge("hub_jobs", "Open jobs; waiting are those held back by their owner's share.", ("kind", "state"))
OLDEST_JOB = Gauge("hub_jobs_oldest_age_seconds", "Age of the oldest open job.", ("kind", "state"))
HOLDS = Gauge("hub_holds", "Holds that are open.")
HELD = Gauge("hub_held_usd", "What they hold, in US dollars.")
EXPIRED_HOLDS = Gauge("hub_holds_expired", "Open holds past their time: the sweep looks at their jobs.")
SEAL_LAG = Gauge("hub_audit_seal_lag_seconds", "Age of the oldest audit entry without a seal; 0 when there is none.")
OF_DATABASE = (COUNTED_AT, JOBS, OLDEST_JOB, HOLDS, HELD, EXPIRED_HOLDS, SEAL_LAG)

GAUGES = {gauge.name: gauge for gauge in (*OF_PROCESSES, *OF_REDIS, *OF_DATABASE)}


def names() -> frozenset[str]:
    """Every name that a sample can have: what an alert may ask for."""
    found = set(GAUGES)
    for family in COUNTED.collect():
        suffixes = ("_bucket", "_count", "_sum") if family.type == "histogram" else ("_total",)
        found |= {family.name + suffix for suffix in suffixes}
    return frozenset(found)
