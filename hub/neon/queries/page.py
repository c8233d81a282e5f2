"""docs/QUERY_PERF.md: written from what was measured, and read again by the test that holds it against the code."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from hub.neon.queries.explaining import Explained
from hub.neon.queries.indexes import KEPT, Index

MOST_USERS_NAMED = 3
_STATEMENT = re.compile(r"^\| ([^|]+) \| `([0-9a-f]{12})` \|", re.MULTILINE)
_INDEX = re.compile(r"^\| `(\w+)` \| `\w+` \| [^|]+ \|$", re.MULTILINE)
_HEAD = """# Query plans

Written by `manage.py explain_queries`, which fills a scratch database with {rows} ledger rows and what belongs to them,
carries out every registered query there as the product does, and drops it again. An entry names the function of the hub
that sends the statement; it is that function which runs, not a copy of its SQL. Where the hub's own code cannot be
named, as for the lists of the admin, it is the page that is registered.

Registered is what an app says in its `named_queries.py`, every list of the admin with each filter and the search, and
what an export or an erasure reads of each table. Tests (tests/queries) fail when a registered query can use no index,
when its SQL is not the one whose fingerprint stands here, when a list of the API or the admin sends a statement that is
not registered, and when there is an index that none of them uses.

- *ms* is the time in the server with all pages in memory, without the planning; *rows* what the scans brought up or
  threw away; *pages* of 8 KiB that were looked at.
- *whole* are tables that were read from one end to the other, because the planner found that cheaper with these rows.
- Fingerprints are of the SQL without values, lengths of lists and sizes of pages.

PostgreSQL {version}. Rows: {counts}.
"""


@dataclass(frozen=True, slots=True)
class Measured:
    """What the page says it was measured on."""

    version: str
    counts: Mapping[str, int]


def page(found: Sequence[Explained], indexes: Iterable[Index], measured: Measured) -> str:
    """The whole page."""
    counts = ", ".join(f"{table} {number:,}" for table, number in sorted(measured.counts.items()) if number)
    rows = f"{measured.counts.get('usage_logs', 0):,}"
    head = _HEAD.format(rows=rows, version=measured.version, counts=counts)
    return "\n".join([head, *_summary(found), *_uses(found, indexes), *_plans(found)]) + "\n"


def fingerprints(text: str) -> set[tuple[str, str]]:
    """(name, fingerprint) of every statement that the page tells of."""
    return {(name.strip(), mark) for name, mark in _STATEMENT.findall(text)}


def indexes_named(text: str) -> set[str]:
    """The indexes whose use the page tells of."""
    return set(_INDEX.findall(text))


def uses_of(found: Iterable[Explained]) -> dict[str, list[str]]:
    """The names of the queries that each index serves."""
    uses: dict[str, list[str]] = defaultdict(list)
    for each in found:
        for index in each.indexes:
            if each.query.name not in uses[index]:
                uses[index].append(each.query.name)
    return uses


def _summary(found: Iterable[Explained]) -> Iterator[str]:
    yield "## Times\n"
    yield "| query | statement | for | ms | rows | pages | whole |\n|---|---|---|---|---|---|---|"
    for each in found:
        plan = each.plan
        whole = ", ".join(f"`{table}`" for table in sorted(plan.read_whole))
        figures = f"{plan.milliseconds:.2f} | {plan.rows:,} | {plan.blocks:,} | {whole}"
        yield f"| {each.query.name} | `{each.statement.fingerprint}` | {each.query.sort} | {figures} |"


def _uses(found: Sequence[Explained], indexes: Iterable[Index]) -> Iterator[str]:
    uses = uses_of(found)
    yield "\n## What each index is for\n"
    yield "Those of unique and other constraints are not here.\n"
    yield "| index | table | used by |\n|---|---|---|"
    for index in indexes:
        if not index.is_rule:
            yield f"| `{index.name}` | `{index.table}` | {_users(uses.get(index.name, []), index.name)} |"


def _users(names: list[str], index: str) -> str:
    if not names:
        return KEPT.get(index, "**nothing**")
    more = len(names) - MOST_USERS_NAMED
    return "; ".join(names[:MOST_USERS_NAMED]) + (f"; {more} more" if more > 0 else "")


def _plans(found: Iterable[Explained]) -> Iterator[str]:
    yield "\n## Plans"
    shown: dict[str, str] = {}
    name = ""
    for each in found:
        if each.query.name != name:
            name = each.query.name
            yield f"\n### {name}\n\n`{each.query.source}`"
        mark = each.statement.fingerprint
        if mark in shown:
            yield f"\n`{mark}`: as in *{shown[mark]}*"
            continue
        shown[mark] = name
        yield f"\n`{mark}`: `{_what(each.statement.normal)}`\n\n```\n{each.plan.text()}\n```"


def _what(sql: str) -> str:
    """Without the columns, which are many and say little."""
    return "SELECT …" + sql[sql.index(" FROM ") :].replace('"', "")
