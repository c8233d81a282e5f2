"""Where sealed values are stored, how many under which key, and those that are not under the first one: in SQL.

The name of the key stands in clear at the beginning of each value, so nothing has to be opened to see it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.db import connection

from hub.common.fields import SealedMixin
from hub.common.keyring import ENCRYPTION, LONGEST_KID, NONCE_BYTES, TAG_BYTES, VERSION, key_ring, sealed_prefix
from hub.common.swapping import Columns
from hub.common.time_limits import no_time_limit

# What is in memory at once, beside the last value that reached it: an answer may be large.
PAGE_BYTES = 8 * 1024 * 1024
LONGEST_HEADER = 2 + LONGEST_KID
SHORTEST_BODY = NONCE_BYTES + TAG_BYTES
# In counts, in place of a key's name: the value was never sealed, or in a format of a later release.
UNREADABLE = ""


@dataclass(frozen=True, slots=True, order=True)
class Found:
    """So many values of one column under one key."""

    table: str
    column: str
    kid: str
    values: int


@dataclass(frozen=True, slots=True)
class SealedTable:
    """A table and its sealed columns, with the purpose of each."""

    columns: Columns
    purposes: tuple[str, ...]

    @property
    def name(self) -> str:
        """As the database has it."""
        return self.columns.table

    def counts(self) -> Iterator[Found]:
        """How many values each column has under which key; one scan of the table for each column."""
        for column in self.columns.names:
            with no_time_limit(), connection.cursor() as cursor:
                cursor.execute(self._count(column))
                found = cursor.fetchall()
            for kid, values in found:
                name = UNREADABLE if kid is None else bytes(kid).decode("ascii", "backslashreplace")
                yield Found(self.name, column, name, values)

    def stale_page(self, *, after: Any, rows: int) -> Sequence[tuple[Any, tuple[bytes | None, ...]]]:
        """The next rows by key with a value that the first key has not sealed: key, and such values (others None).

        `after` is the last key seen, None at the beginning. At most `rows`, and fewer when they are large; none when
        there are no more. Where few are left it reads all of the table to find them.
        """
        statement, parameters = self._page(after, rows)
        with no_time_limit(), connection.cursor() as cursor:
            cursor.execute(statement, parameters)
            return [(key, tuple(None if v is None else bytes(v) for v in values)) for key, *values in cursor.fetchall()]

    def _count(self, column: str) -> str:
        name, table = connection.ops.quote_name(column), connection.ops.quote_name(self.name)
        return (
            f"SELECT CASE WHEN size < 2 THEN NULL WHEN get_byte(head, 0) <> {VERSION} THEN NULL"
            f" WHEN get_byte(head, 1) NOT BETWEEN 1 AND {LONGEST_KID} THEN NULL"
            f" WHEN size < 2 + get_byte(head, 1) + {SHORTEST_BODY} THEN NULL"
            f" ELSE substring(head FROM 3 FOR get_byte(head, 1)) END AS kid, count(*)"
            f" FROM (SELECT substring({name} FROM 1 FOR {LONGEST_HEADER}) AS head, octet_length({name}) AS size"
            f" FROM {table} WHERE {name} IS NOT NULL) AS heads GROUP BY 1 ORDER BY 1"
        )

    def _page(self, after: Any, rows: int) -> tuple[str, list[Any]]:
        quoted = connection.ops.quote_name
        key, table = quoted(self.columns.key), quoted(self.name)
        prefix = sealed_prefix(key_ring(ENCRYPTION).first.kid)
        names = [quoted(name) for name in self.columns.names]
        stale = [f"substring({name} FROM 1 FOR {len(prefix)}) <> %s" for name in names]
        numbered = list(enumerate(zip(names, stale, strict=True)))
        values = ", ".join(f"CASE WHEN {is_stale} THEN {name} END AS v{n}" for n, (name, is_stale) in numbered)
        sizes = " + ".join(f"COALESCE(octet_length(v{n}), 0)" for n, _ in numbered)
        wanted = ", ".join(f"v{n}" for n, _ in numbered)
        later = "" if after is None else f"{key} > %s AND "
        page = f"SELECT {key} AS key, {values} FROM {table} WHERE {later}({' OR '.join(stale)}) ORDER BY {key} LIMIT %s"
        before = f"sum({sizes}) OVER (ORDER BY key ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before"
        sized = f"SELECT key, {wanted}, {before} FROM ({page}) AS page"
        statement = f"SELECT key, {wanted} FROM ({sized}) AS sized WHERE COALESCE(before, 0) < %s ORDER BY key"
        prefixes = [prefix] * len(names)
        return statement, [*prefixes, *([] if after is None else [after]), *prefixes, rows, PAGE_BYTES]


def sealed_tables() -> list[SealedTable]:
    """Every table with a sealed column, of whichever app, by name."""
    found = []
    for model in apps.get_models(include_auto_created=True):
        fields = [each for each in model._meta.local_concrete_fields if isinstance(each, SealedMixin)]
        if fields and not model._meta.proxy:
            columns = Columns(model, tuple(str(each.column) for each in fields))
            found.append(SealedTable(columns, tuple(each.purpose for each in fields)))
    return sorted(found, key=lambda table: table.name)


def total(found: Sequence[Found]) -> Counter[str]:
    """Values by key."""
    counts: Counter[str] = Counter()
    for each in found:
        counts[each.kid] += each.values
    return counts
