"""Tables that hold what is dead, and tables that have grown."""

from __future__ import annotations

from hub.neon.auditing.sections import Section, rows_of, size

# Below this a table is cheap to read whole, however much of it is dead.
FEWEST_DEAD = 10_000
MOST_DEAD = 0.2
MOST_BYTES = 10 * 1024**3
MOST_SHOWN = 15
_DEAD = """
    SELECT relname, n_live_tup, n_dead_tup, coalesce(greatest(last_vacuum, last_autovacuum)::date::text, 'never')
    FROM pg_stat_user_tables WHERE schemaname = current_schema() AND n_dead_tup > 0 ORDER BY n_dead_tup DESC"""
_SIZES = """
    SELECT relname, greatest(c.reltuples, 0)::bigint, pg_table_size(c.oid), pg_indexes_size(c.oid)
    FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
    WHERE relkind IN ('r', 'p') AND nspname = current_schema() ORDER BY pg_total_relation_size(c.oid) DESC"""


def bloated_tables() -> Section:
    """By the server's estimate of dead rows."""
    rows = rows_of(_DEAD)
    bloated = [row for row in rows if row[2] >= FEWEST_DEAD and row[2] > MOST_DEAD * (row[1] + row[2])]
    return Section(
        title="Bloat",
        says=f"Tables of whose rows more than {MOST_DEAD:.0%}, and at least {FEWEST_DEAD:,}, are dead: vacuum does not "
        "keep up.",
        findings=[f"`{name}`: {dead:,} dead rows beside {live:,}" for name, live, dead, _ in bloated],
        head=("table", "rows", "dead", "last vacuum"),
        rows=[(name, f"{live:,}", f"{dead:,}", last) for name, live, dead, last in rows[:MOST_SHOWN]],
    )


def large_tables() -> Section:
    """With what their indexes take."""
    rows = rows_of(_SIZES)
    large = [row for row in rows if row[2] + row[3] > MOST_BYTES]
    heavy = [row for row in rows if row[2] + row[3] > MOST_BYTES / 100 and row[3] > 2 * row[2]]
    findings = [f"`{name}` takes {size(table + indexes)}: is it purged?" for name, _, table, indexes in large]
    findings += [f"the indexes of `{name}` take more than twice what its rows do" for name, *_ in heavy]
    return Section(
        title="Large tables",
        says=f"Tables above {size(MOST_BYTES)} with their indexes, and those whose indexes outweigh them.",
        findings=findings,
        head=("table", "rows, about", "table", "indexes"),
        rows=[(name, f"{number:,}", size(table), size(indexes)) for name, number, table, indexes in rows[:MOST_SHOWN]],
    )
