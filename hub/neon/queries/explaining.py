"""Carries out every registered query where it can be measured, and keeps what came of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from hub.common.named_queries import NamedQuery, Sample, Sort
from hub.neon.queries.capturing import Statement, capture
from hub.neon.queries.plans import Plan, plan, without_whole_reads
from hub.neon.queries.registry import SMALL

# Whoever waits for these waits for an index: they may not walk through a table and throw away.
STRICT = (Sort.LOOKUP, Sort.USER, Sort.ANALYTICS)


@dataclass(frozen=True, slots=True)
class Explained:
    """One statement of one query: the plan as it was carried out, and the one without reading tables whole."""

    query: NamedQuery
    statement: Statement
    plan: Plan
    at_most: Plan

    @property
    def indexes(self) -> set[str]:
        """Those that serve it, now or when its tables have grown."""
        return self.plan.indexes | self.at_most.indexes

    @property
    def unserved(self) -> set[str]:
        """The tables for which no index can serve it."""
        walked = self.at_most.walked if self.query.sort in STRICT else set()
        return (self.at_most.read_whole | walked) - SMALL.keys()


def explain(queries: Iterable[NamedQuery], sample: Sample, *, analyze: bool = True) -> Iterator[Explained]:
    """Each statement of each query; without `analyze` nothing is carried out but what the product does to find them."""
    for query in queries:
        yield from capture(_running(query, sample), _explaining(query, analyze))


def _running(query: NamedQuery, sample: Sample) -> Callable[[], object]:
    return lambda: query.run(sample)


def _explaining(query: NamedQuery, analyze: bool) -> Callable[[list[Statement]], list[Explained]]:
    def explained(statement: Statement) -> Explained:
        at_most = without_whole_reads(statement)
        # Once to have its pages in memory, as they are in use; the second time is what is told.
        runs = [plan(statement, analyze=True) for _ in range(2)] if analyze else [at_most]
        return Explained(query, statement, runs[-1], at_most)

    return lambda statements: [explained(each) for each in statements if " FROM " in each.sql]
