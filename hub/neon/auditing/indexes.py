"""Indexes that cost every write and serve no read."""

from __future__ import annotations

from hub.neon.auditing.sections import Section, rows_of, size
from hub.neon.queries.indexes import KEPT, duplicates, own_indexes

_SCANS = """
    SELECT indexrelname, idx_scan FROM pg_stat_user_indexes WHERE schemaname = current_schema()"""
_SINCE = """
    SELECT coalesce(stats_reset, pg_postmaster_start_time())::date FROM pg_stat_database
    WHERE datname = current_database()"""


def unused_indexes() -> Section:
    """By the server's own counters, which begin anew when they are reset or the compute is restarted."""
    scans = dict(rows_of(_SCANS))
    unused = [index for index in own_indexes() if not index.is_rule and not scans.get(index.name)]
    [[since]] = rows_of(_SINCE)
    return Section(
        title="Unused indexes",
        says=f"Indexes that no constraint needs and that were not read since {since}. docs/QUERY_PERF.md says what "
        "each is for; where the counters are young, that counts for more.",
        findings=[f"`{index.name}` on `{index.table}`: never read" for index in unused if index.name not in KEPT],
        head=("index", "table", "size"),
        rows=[(index.name, index.table, size(index.bytes)) for index in unused],
    )


def duplicate_indexes() -> Section:
    """Those that another one begins with."""
    found = duplicates(own_indexes())
    return Section(
        title="Duplicate indexes",
        says="Indexes whose columns are the first ones of another index over the same rows.",
        findings=[f"`{useless.name}` on `{useless.table}`: `{other.name}` does its work" for useless, other in found],
    )
