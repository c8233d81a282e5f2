"""How PostgreSQL carries out a statement."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db import connection

from hub.neon.queries.capturing import Statement

Node = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Plan:
    """A plan, carried out or not."""

    root: Node
    milliseconds: float | None

    def nodes(self) -> Iterator[tuple[int, Node]]:
        """Each with its depth, from the top."""
        yield from _walked(self.root, 0)

    @property
    def indexes(self) -> set[str]:
        """Those that it uses."""
        return {node["Index Name"] for _, node in self.nodes() if "Index Name" in node}

    @property
    def read_whole(self) -> set[str]:
        """The tables that it reads from one end to the other."""
        return {node["Relation Name"] for _, node in self.nodes() if node["Node Type"].endswith("Seq Scan")}

    @property
    def walked(self) -> set[str]:
        """The tables that it walks through in the order of an index, throwing away what is not asked for."""
        return {node["Relation Name"] for _, node in self.nodes() if _is_walk(node)}

    @property
    def rows(self) -> int:
        """How many rows its scans brought up or threw away; of a plan that was carried out."""
        return round(sum(_rows_of(node) for _, node in self.nodes() if "Relation Name" in node))

    @property
    def blocks(self) -> int:
        """Pages of 8 KiB that it looked at, whether they were in memory or not."""
        return int(self.root.get("Shared Hit Blocks", 0) + self.root.get("Shared Read Blocks", 0))

    def text(self) -> str:
        """One line a node; no values, which would be other ones in the next run."""
        return "\n".join(f"{'  ' * depth}{_line(node)}" for depth, node in self.nodes())


def plan(statement: Statement, *, analyze: bool) -> Plan:
    """Of a statement as it is now; with `analyze` it is carried out, in the caller's transaction."""
    options = "ANALYZE, BUFFERS, FORMAT JSON" if analyze else "FORMAT JSON"
    with connection.cursor() as cursor:
        # The ORM's explain() takes a queryset; this takes whatever the product sent.
        cursor.execute(f"EXPLAIN ({options}) {statement.sql}", statement.params)
        [[found]] = cursor.fetchall()
    [top] = found if isinstance(found, list) else json.loads(found)
    return Plan(top["Plan"], top.get("Execution Time"))


def without_whole_reads(statement: Statement) -> Plan:
    """The plan when reading a whole table is the last resort: what it still reads whole, no index can serve."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        try:
            return plan(statement, analyze=False)
        finally:
            cursor.execute("SET LOCAL enable_seqscan = on")


def _walked(node: Node, depth: int) -> Iterator[tuple[int, Node]]:
    yield depth, node
    for child in node.get("Plans", ()):
        yield from _walked(child, depth + 1)


def _is_walk(node: Node) -> bool:
    is_by_index = node["Node Type"] in ("Index Scan", "Index Only Scan")
    return is_by_index and "Index Cond" not in node and "Filter" in node


def _rows_of(node: Node) -> float:
    brought = node.get("Actual Rows", 0) + node.get("Rows Removed by Filter", 0)
    return float(brought * node.get("Actual Loops", 1))


def _line(node: Node) -> str:
    words = [node["Node Type"]]
    if node.get("Join Type") not in (None, "Inner"):
        words.append(f"({node['Join Type']})")
    if "Index Name" in node:
        words.append(f"using {node['Index Name']}")
    if "Relation Name" in node:
        words.append(f"on {node['Relation Name']}")
    if "Actual Rows" in node:
        loops = node.get("Actual Loops", 1)
        times = f", {loops:,} times" if loops != 1 else ""
        words.append(f"({node['Actual Rows']:,.0f} rows{times})")
    return " ".join(words)
