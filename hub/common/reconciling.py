"""Holds what is told twice against each other: by batches, in constant memory, each batch as of one moment.

This is the kernel: it knows no table. An app's check reads a batch and what belongs to it in one snapshot of the
database, so that work in flight is no finding; what it names is wrong in the tables as they were committed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol
from uuid import UUID

from django.db import connection, transaction
from django.db.models import QuerySet

BATCH = 2000
Row = dict[str, Any]
# Does what the finding says; False when it is no longer so.
Mend = Callable[[], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something that does not agree. `kind` never changes; `table` and `row` say where, `facts` what is there.

    `mend` is there where it is certain what is right, and writes that down in the audit trail.
    """

    kind: str
    table: str
    row: str
    says: str
    facts: Mapping[str, str] = field(default_factory=dict)
    mend: Mend | None = field(default=None, repr=False, compare=False)

    def as_json(self) -> dict[str, Any]:
        """For whoever reads it by program."""
        return {
            "kind": self.kind,
            "table": self.table,
            "row": self.row,
            "says": self.says,
            "facts": dict(self.facts),
            "certain": self.mend is not None,
        }

    def __str__(self) -> str:
        facts = ", ".join(f"{name} {value}" for name, value in self.facts.items())
        return f"{self.kind}: {self.table} {self.row}: {self.says}" + (f" ({facts})" if facts else "")


class Check(Protocol):
    """One thing that must agree."""

    @property
    def name(self) -> str: ...

    @property
    def says(self) -> str:
        """What must be so."""
        ...

    def findings(self) -> Iterator[Finding]:
        """Reads and changes nothing. Raises ServiceUnavailable when what it compares with is away."""
        ...


@contextmanager
def snapshot() -> Iterator[None]:
    """Every query of the block sees the same moment; inside a transaction of the caller's, what that one sees."""
    if connection.in_atomic_block:
        yield
        return
    with transaction.atomic():
        with connection.cursor() as cursor:
            # The ORM has no word for it.
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield


def by_batches(
    rows: QuerySet[Any, Any], examine: Callable[[Sequence[Row]], Iterable[Finding]], *, size: int = BATCH
) -> Iterator[Finding]:
    """What `examine` finds in each batch of `rows`, which are dicts with `id`, the primary key, in its order.

    It may query: that happens in the snapshot in which the batch was read. The findings come after that has ended.
    """
    ordered, last = rows.order_by("id"), None
    while True:
        with snapshot():
            page = list((ordered if last is None else ordered.filter(id__gt=last))[:size])
            found = list(examine(page))
        yield from found
        if len(page) < size:
            return
        last = page[-1]["id"]


def keyed(rows: QuerySet[Any, Any], column: str) -> dict[UUID, Row]:
    """The rows by that column."""
    return {row[column]: row for row in rows}
