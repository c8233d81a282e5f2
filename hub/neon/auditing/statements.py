"""Statements that take long, as the server counted them."""

from __future__ import annotations

from django.db import DatabaseError, transaction

from hub.neon.auditing.sections import Section, rows_of

SLOW_MILLISECONDS = 100.0
MOST_SHOWN = 20
LONGEST = 160
TITLE = "Slow statements"
SAYS = (
    f"The {MOST_SHOWN} statements that took the most time in all, without values; slow is a mean above "
    f"{SLOW_MILLISECONDS:.0f} ms."
)
_THERE = "SELECT count(*) FROM pg_extension WHERE extname = 'pg_stat_statements'"
_WORST = f"""
    SELECT calls, mean_exec_time, total_exec_time, regexp_replace(query, '\\s+', ' ', 'g') FROM pg_stat_statements
    WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
    ORDER BY total_exec_time DESC LIMIT {MOST_SHOWN}"""


def slow_statements() -> Section:
    """Where pg_stat_statements is there."""
    [[is_there]] = rows_of(_THERE)
    if not is_there:
        return _absent("pg_stat_statements is not installed here: CREATE EXTENSION pg_stat_statements.")
    try:
        with transaction.atomic():
            rows = rows_of(_WORST)
    except DatabaseError as error:
        return _absent(f"pg_stat_statements cannot be read: {str(error).splitlines()[0]}")
    slow = [row for row in rows if row[1] > SLOW_MILLISECONDS]
    return Section(
        title=TITLE,
        says=SAYS,
        findings=[f"{mean:,.0f} ms, {calls:,} times: `{_short(query)}`" for calls, mean, _, query in slow],
        head=("calls", "mean ms", "total s", "statement"),
        rows=[(f"{n:,}", f"{mean:,.2f}", f"{total / 1000:,.1f}", f"`{_short(q)}`") for n, mean, total, q in rows],
    )


def _absent(why: str) -> Section:
    return Section(title=TITLE, says=SAYS, absent=why)


def _short(query: str) -> str:
    plain = query.replace("`", "'")
    return plain if len(plain) <= LONGEST else f"{plain[:LONGEST]}…"
