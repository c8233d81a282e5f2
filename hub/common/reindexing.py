"""Brings the two blind indexes of sealed values to the index keys of now; a hash does not name its key, so values are
opened, hashed and compared.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import IntegrityError, connection

from hub.common.indexing import IndexPair, indexed_models, pairs_of
from hub.common.keyring import INDEX, KeyringError, key_ring, keyed_hash, next_index_key
from hub.common.resealing import Outcome, Place, Progress, in_rounds
from hub.common.sealed_columns import UNREADABLE, Found
from hub.common.swapping import Columns, Swap

# In counts, in place of a key's name.
EMPTY = "none"
UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Row:
    """One row with a value: the two hashes that are stored and those that should be, first index, then next."""

    key: Any
    plain: str
    stored: tuple[bytes | None, bytes | None]
    wanted: tuple[bytes, bytes]


@dataclass(frozen=True, slots=True)
class IndexedTable:
    """A table and one pair of indexes in it."""

    model: type[Any]
    pair: IndexPair

    @property
    def name(self) -> str:
        """As the database has it."""
        return str(self.model._meta.db_table)

    @property
    def columns(self) -> Columns:
        """The two."""
        fields = (self.pair.index, self.pair.following)
        names = tuple(str(self.model._meta.get_field(each).column) for each in fields)
        return Columns(self.model, names, are_unique=True)

    def counts(self) -> Iterator[Found]:
        """How many rows each index has under which key; opens every value. What does not open is UNREADABLE."""
        counts, outcome, after = Counter[Place](), Outcome(), None
        while page := self._page(after=after, rows=1000):
            after = page[-1][0]
            for row in self._rows(page, outcome):
                counts.update(self._places(row, of_all=True))
        return (Found(*place, values) for place, values in sorted((counts + outcome.broken).items()))

    def rewrite(self, *, rows: int, progress: Progress) -> Outcome:
        """Every row whose hashes are not those of now; a second run writes nothing. Raises UnknownKey."""
        done = Counter[Place]()

        def one_round() -> Outcome:
            found, after = Outcome(), None
            while page := self._page(after=after, rows=rows):
                after = page[-1][0]
                found.add(self._rewrite_page(page))
                progress(self.name, (done + found.rewritten).total())
            done.update(found.rewritten)
            return found

        return in_rounds(one_round)

    def _page(self, *, after: Any, rows: int) -> Sequence[tuple[Any, ...]]:
        quoted = connection.ops.quote_name
        source = quoted(str(self.model._meta.get_field(self.pair.source).column))
        key, (first, following) = quoted(self.columns.key), map(quoted, self.columns.names)
        later, given = ("", []) if after is None else (f"{key} > %s AND ", [after])
        with connection.cursor() as cursor:
            # Past the ORM, which would open each value before it is known whether it can be.
            cursor.execute(
                f"SELECT {key}, {source}, {first}, {following} FROM {quoted(self.name)}"
                f" WHERE {later}{source} IS NOT NULL ORDER BY {key} LIMIT %s",
                [*given, rows],
            )
            return list(cursor.fetchall())

    def _rows(self, page: Sequence[tuple[Any, ...]], outcome: Outcome) -> Iterator[Row]:
        source = self.model._meta.get_field(self.pair.source)
        for key, sealed, *stored in page:
            try:
                plain = self.pair.normalise(source.from_db_value(bytes(sealed), None, connection))
            except KeyringError as error:
                outcome.broken[self.name, source.column, getattr(error, "kid", UNREADABLE)] += 1
                continue
            first, following = (None if each is None else bytes(each) for each in stored)
            yield Row(key, plain, (first, following), self._wanted(plain))

    def _wanted(self, plain: str) -> tuple[bytes, bytes]:
        values = self.pair.values(plain)
        return values[self.pair.index], values[self.pair.following]

    def _rewrite_page(self, page: Sequence[tuple[Any, ...]]) -> Outcome:
        outcome = Outcome()
        wrong = [row for row in self._rows(page, outcome) if row.stored != row.wanted]
        swapped = self._swap(wrong, outcome) if wrong else set()
        for row in wrong:
            if row.key in swapped:
                outcome.rewritten.update(self._places(row, of_all=False))
        outcome.left = len(wrong) - len(swapped) - len(outcome.conflicts)
        return outcome

    def _swap(self, wrong: Sequence[Row], outcome: Outcome) -> set[Any]:
        """Both columns of a row are compared, so that one that was emptied meanwhile stays empty."""
        try:
            return self.columns.swap([Swap(row.key, row.stored, row.wanted) for row in wrong])
        except IntegrityError:
            if len(wrong) == 1:
                outcome.conflicts.append((self.name, str(wrong[0].key), self._other(wrong[0])))
                return set()
            # One of them is the second row with its value: one by one, the others go through.
            return {key for row in wrong for key in self._swap([row], outcome)}

    def _other(self, row: Row) -> str:
        others = self.model._base_manager.filter(self.pair.matching(row.plain)).exclude(pk=row.key)
        return str(others.values_list("pk", flat=True).first())

    def _places(self, row: Row, *, of_all: bool) -> Iterator[Place]:
        for column, stored, wanted, kid in zip(self.columns.names, row.stored, row.wanted, target_kids(), strict=True):
            if stored == wanted:
                if of_all:
                    yield self.name, column, kid
            else:
                yield self.name, column, self._kid_of(stored, row.plain)

    def _kid_of(self, stored: bytes | None, plain: str) -> str:
        if stored is None:
            return EMPTY
        for key in key_ring(INDEX).keys:
            if keyed_hash(plain, key=key, purpose=self.pair.purpose) == stored:
                return key.kid
        return UNKNOWN


def target_kids() -> tuple[str, str]:
    """The keys that the first index and the next one should be under."""
    return key_ring(INDEX).first.kid, next_index_key().kid


def indexed_tables() -> list[IndexedTable]:
    """Every pair of every model, by the name of the table."""
    return [IndexedTable(model, pair) for model in indexed_models() for pair in pairs_of(model)]
