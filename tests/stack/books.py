"""The audit of a stack at rest: every table against every other, the simulator's bill, and the disk."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.stack.hub import HubStack

UNITS = (
    *("input_token", "cached_token", "audio_token", "output_token", "image_token", "video_token"),
    *("image", "video_second", "song", "clip"),
)
# What must lie on the disk: files, and the archives of exports.
FILES = """
    SELECT key, bytes FROM media WHERE deleted_at IS NULL
    UNION ALL SELECT key, bytes FROM privacy_requests WHERE kind = 'export' AND status = 'done' AND key <> ''"""
# Each finds what must not be.
QUERIES = {
    "a job is still open": "SELECT id, model, status FROM generations WHERE status IN ('queued', 'running')",
    "an ended job is leased or waits": """
        SELECT id FROM generations WHERE lease_token IS NOT NULL OR next_check_at IS NOT NULL""",
    "an ended job has no cost": "SELECT id FROM generations WHERE cost IS NULL",
    "a hold is left": "SELECT reference, amount FROM quota_holds WHERE state = 'held'",
    "a job has no hold, or one that was not settled at its cost": """
        SELECT g.id, g.status, g.cost, h.state, h.cost AS settled FROM generations g
        LEFT JOIN quota_holds h ON h.reference = g.id
        WHERE h.id IS NULL OR coalesce(h.cost, 0) <> g.cost OR h.amount <> g.estimate""",
    "a hold has no job": """
        SELECT h.reference FROM quota_holds h LEFT JOIN generations g ON g.id = h.reference WHERE g.id IS NULL""",
    "a period's spent is not the ledger's sum, or something is held": """
        SELECT p.id, p.spent, p.held, coalesce(l.cost, 0) AS ledger FROM quota_periods p
        JOIN quotas q ON q.id = p.quota_id
        LEFT JOIN (SELECT user_id, sum(cost) AS cost FROM usage_logs GROUP BY 1) l ON l.user_id = q.user_id
        WHERE p.held <> 0 OR p.spent <> coalesce(l.cost, 0)""",
    "an attempt is open": "SELECT id, state FROM generation_attempts WHERE state IN ('sent', 'pending', 'stored')",
    "an attempt has no ledger row": """
        SELECT a.id, a.state FROM generation_attempts a LEFT JOIN usage_logs l ON l.attempt_id = a.id
        WHERE l.id IS NULL OR l.reference <> a.generation_id""",
    "a ledger row has no attempt": """
        SELECT l.attempt_id FROM usage_logs l LEFT JOIN generation_attempts a ON a.id = l.attempt_id
        WHERE a.id IS NULL""",
    "a job's cost is not that of its attempts": """
        SELECT g.id, g.cost, sum(l.cost) AS ledger FROM generations g LEFT JOIN usage_logs l ON l.reference = g.id
        GROUP BY g.id, g.cost HAVING g.cost <> coalesce(sum(l.cost), 0)""",
    "a job succeeded without an output": """
        SELECT g.id, g.kind FROM generations g WHERE g.status = 'succeeded' AND CASE WHEN g.kind = 'text'
        THEN g.texts IS NULL ELSE NOT EXISTS (SELECT FROM media m WHERE m.reference = g.id) END""",
    "a job has outputs and did not succeed": """
        SELECT g.id FROM generations g WHERE g.status <> 'succeeded' AND g.error_code <> 'stream_broken'
        AND (g.texts IS NOT NULL OR EXISTS (SELECT FROM media m WHERE m.reference = g.id))""",
    "a job that did not succeed was charged": """
        SELECT id, status, cost FROM generations
        WHERE cost > 0 AND status NOT IN ('succeeded', 'blocked') AND error_code <> 'stream_broken'""",
    "a job whose stream broke off has no text, or was not charged, or its row in the ledger hides it": """
        SELECT g.id, g.status, g.cost FROM generations g LEFT JOIN usage_logs l ON l.reference = g.id AND l.cost > 0
        WHERE g.error_code = 'stream_broken' AND NOT (g.status = 'failed' AND g.texts IS NOT NULL AND g.charged
            AND l.id IS NOT NULL AND l.outcome = 'failed' AND NOT l.confirmed)""",
    "the audit trail does not say how a job began and ended": """
        SELECT g.id, array_agg(a.action ORDER BY a.created_at) FROM generations g
        LEFT JOIN audit_logs a ON a.target_id = g.id GROUP BY g.id, g.status
        HAVING count(*) FILTER (WHERE a.action = 'generation.submitted') <> 1
            OR count(*) FILTER (WHERE a.action = 'generation.' || g.status) <> 1""",
    "the daily sums are not the ledger's": f"""
        SELECT * FROM (
            SELECT day, model, kind, sum(requests) AS requests, sum(cost) AS cost,
                   {", ".join(f"sum({unit}s)" for unit in UNITS)} FROM usage_daily GROUP BY 1, 2, 3) d
        FULL JOIN (
            SELECT (created_at AT TIME ZONE 'UTC')::date AS day, model, kind, count(*) AS requests, sum(cost) AS cost,
                   {", ".join(f"sum(coalesce((units->>'{unit}')::bigint, 0))" for unit in UNITS)}
            FROM usage_logs GROUP BY 1, 2, 3) l
        ON d::text = l::text WHERE d IS NULL OR l IS NULL""",
}


def problems_of(stack: HubStack) -> list[str]:
    """Empty when the books balance."""
    found = [f"{what}: {row}" for what, query in QUERIES.items() for row in stack.rows(query)]
    return [*found, *_against_the_simulator(stack), *_against_the_disk(stack)]


def _against_the_simulator(stack: HubStack) -> Iterator[str]:
    calls = stack.calls()
    for attempt, times in Counter(call["attempt"] for call in calls).items():
        if times != 1:
            yield f"attempt {attempt} called {times} times"
    ledger = {str(row["attempt_id"]): row for row in stack.rows("SELECT * FROM usage_logs")}
    attempts = stack.rows("SELECT id, error_code FROM generation_attempts")
    errors = {str(row["id"]): row["error_code"] for row in attempts}
    by_attempt = {call["attempt"]: call for call in calls}
    for attempt in by_attempt.keys() - ledger.keys():
        yield f"a call is in no ledger: {by_attempt[attempt]}"
    for attempt, row in ledger.items():
        if errors[attempt] == "stream_broken":
            yield from _against_the_stream(row, by_attempt.get(attempt))
        elif row["confirmed"] and errors[attempt] != "provider_unreachable":
            yield from _against_the_call(row, by_attempt.get(attempt))


def _against_the_call(row: dict[str, Any], call: dict[str, Any] | None) -> Iterator[str]:
    facts = f"attempt {row['attempt_id']} ({row['model']}, {row['outcome']}, {row['cost']} USD)"
    if call is None:
        yield f"{facts} is confirmed and never reached the simulator"
    elif call["billable"] != (row["cost"] > 0):
        yield f"{facts} and the simulator's bill disagree: {call}"
    elif call["billable"] and not row["estimated"] and row["units"] != call["units"]:
        yield f"{facts} counts {row['units']}, the simulator {call['units']}"


def _against_the_stream(row: dict[str, Any], call: dict[str, Any] | None) -> Iterator[str]:
    """Of a stream that broke off the provider may bill more than it had counted by then, never less."""
    facts = f"attempt {row['attempt_id']} ({row['model']}, broken off, {row['cost']} USD)"
    if call is None:
        yield f"{facts} never reached the simulator"
    elif call["billable"] and not row["estimated"]:
        more = {unit: count for unit, count in row["units"].items() if count > call["units"].get(unit, 0)}
        if more:
            yield f"{facts} counts {more} of more than the simulator, {call['units']}"


def _against_the_disk(stack: HubStack) -> Iterator[str]:
    root = Path(stack.media_root)
    there = {str(path.relative_to(root)): path.stat().st_size for path in root.rglob("*") if path.is_file()}
    known = {row["key"]: row["bytes"] for row in stack.rows(FILES)}
    yield from (f"an orphan file: {key}" for key in there.keys() - known.keys())
    yield from (f"a file is missing: {key}" for key in known.keys() - there.keys())
    yield from (f"{key} has not its size" for key in there.keys() & known.keys() if there[key] != known[key])
