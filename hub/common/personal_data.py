"""What each table holds of a person, and what becomes of it: the words, and the shape in which every app says it.

An app's `personal_data.py` has one `HOLDINGS`; the setting PERSONAL_DATA names the modules, the lowest app first. What
is declared here is what is done: the export writes the columns that say EXPORT, an erasure sets exactly those that say
ANONYMISE, and a test fails for a column that says nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from enum import Flag, auto
from functools import cache
from importlib import import_module
from typing import Any, BinaryIO, Protocol
from uuid import UUID

from django.conf import settings
from django.db.models import Model, QuerySet
from django.db.models.expressions import Combinable
from django.utils.module_loading import import_string

from hub.common.errors import HubError
from hub.common.surrogates import Day, Scrambled, ScrambledEach

PAGE = 1000
Rows = Callable[[UUID], QuerySet[Any]]
# {table: rows}, and what lies outside of the database under names of its own.
Counts = dict[str, int]


class Word(Flag):
    """What is done with a column: exactly one of the last three, and EXPORT beside it for what its owner may have."""

    EXPORT = auto()
    KEEP = auto()
    ANONYMISE = auto()
    DELETE = auto()


EXPORT, KEEP, ANONYMISE, DELETE = Word.EXPORT, Word.KEEP, Word.ANONYMISE, Word.DELETE


def classified(words: Mapping[Word, str]) -> dict[str, Word]:
    """{column: word} of {word: "column column ..."}."""
    return {column: word for word, columns in words.items() for column in columns.split()}


@dataclass(frozen=True, slots=True)
class Erasure:
    """One erasure under way. `id` is that of its request; the secret exists in this process and transaction alone."""

    id: UUID
    user_id: UUID
    surrogate_id: UUID
    secret: str = field(repr=False)

    def scrambled(self, column: str) -> Combinable:
        """Another UUID in place of that column's; the same one wherever the same stood, NULL for NULL."""
        return Scrambled(self.secret, column)

    def scrambled_each(self, column: str) -> Combinable:
        """The same for a column of many."""
        return ScrambledEach(self.secret, column)

    def day(self, column: str) -> Combinable:
        """The beginning of the UTC day of that moment."""
        return Day(column)


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """The rows of a user's in one table. Without `changes` they are deleted.

    `of` are all of them; `due` those that an erasure has to touch, and of which it must leave none: all, unless named.
    `pinned` rows are found through another table, which changes before them: they are looked up before anything is.
    """

    model: type[Model]
    of: Rows
    columns: Mapping[str, Word]
    changes: Callable[[Erasure], Mapping[str, Any]] | None = None
    due: Rows | None = None
    pinned: bool = False

    @property
    def name(self) -> str:
        """As the database has it."""
        return self.model._meta.db_table

    def left(self, user_id: UUID) -> QuerySet[Any]:
        """What an erasure still has to touch."""
        return (self.due or self.of)(user_id).order_by()

    def pin(self, user_id: UUID) -> QuerySet[Any]:
        """The same; fixed to the rows that they are now when the table asks for it."""
        rows = self.left(user_id)
        if not self.pinned:
            return rows
        keys = list(rows.values_list("pk", flat=True))
        return self.model._default_manager.filter(pk__in=keys).order_by()

    def erase(self, rows: QuerySet[Any], erasure: Erasure) -> int:
        """Changes or deletes them, in one statement; returns how many."""
        if self.changes is None:
            # Not delete(): it would read every row, and decrypt it, to look for others that the database guards anyway.
            return rows._raw_delete(rows.db)
        # Past the refusal of append-only tables: their triggers know the one change that an erasure may make.
        return QuerySet.update(rows, **self.changes(erasure))

    def export(self, user_id: UUID) -> Iterator[dict[str, Any]]:
        """The user's rows, oldest first, with the columns that say EXPORT; pages by key, as a pooler has no cursors."""
        columns = [name for name, word in self.columns.items() if EXPORT in word]
        rows = self.of(user_id).order_by("pk").values(*dict.fromkeys(["pk", *columns]))
        page = list(rows[:PAGE]) if columns else []
        while page:
            yield from ({name: row[name] for name in columns} for row in page)
            page = list(rows.filter(pk__gt=page[-1]["pk"])[:PAGE]) if len(page) == PAGE else []


class ExportedFile(Protocol):
    """A file that goes into an export; `name` is its path there."""

    @property
    def name(self) -> str: ...

    def open(self) -> AbstractContextManager[BinaryIO]:
        """Its bytes; raises hub.common.errors.NotFound when they are gone."""
        ...


class Holdings:
    """What one app holds of people. `nobody` are the tables without anything of anybody's, each with the reason."""

    def __init__(self, *tables: Table, nobody: Mapping[str, str] | None = None) -> None:
        self.tables = tables
        self.nobody = dict(nobody or {})

    def blocks(self, user_id: UUID) -> Sequence[HubError]:
        """Why that user cannot be erased now; empty when nothing speaks against it."""
        return ()

    def count(self, user_id: UUID) -> Counts:
        """What `erase` would return now."""
        return {table.name: table.left(user_id).count() for table in self.tables} | self.outside(user_id)

    def erase(self, erasure: Erasure) -> Counts:
        """Erases the user, in the caller's transaction, which has locked the user's row; returns how much."""
        noted = self.note(erasure)
        pinned = [(table, table.pin(erasure.user_id)) for table in self.tables]
        return {table.name: table.erase(rows, erasure) for table, rows in pinned} | noted

    def outside(self, user_id: UUID) -> Counts:
        """How much of the user's lies outside of these tables, under names of its own."""
        return {}

    def note(self, erasure: Erasure) -> Counts:
        """Writes down, before the rows go, what `clean_up` has to remove; returns how much. In the transaction."""
        return {}

    def clean_up(self, erasure_id: UUID) -> None:
        """After the commit: removes what was noted. It may run again and again, and speaks to other systems."""

    def pending(self, erasure_id: UUID) -> Counts:
        """How much of what was noted is still to be removed; without an entry for nothing."""
        return {}

    def outcome(self, erasure_id: UUID) -> Counts:
        """What became of what was noted, for the receipt, where that is more than that it is gone."""
        return {}

    def close(self, erasure_id: UUID) -> None:
        """When all of it is gone: drops the notes. In a transaction."""

    def remains(self, user_id: UUID) -> Counts:
        """How many rows there still are to erase; without an entry for none."""
        return {name: rows for table in self.tables if (rows := table.left(user_id).count()) for name in [table.name]}

    def files(self, user_id: UUID) -> Iterator[ExportedFile]:
        """The user's files, for an export."""
        return iter(())


class Archive(Protocol):
    """Where exports are kept until they end. An archive is named by `storage` and `key`."""

    def reserve(self, key: str) -> str:
        """Before it is stored: the storage to store it in. What is never kept goes again by itself."""
        ...

    def store(self, storage: str, key: str, source: BinaryIO) -> None:
        """Writes it. Raises ServiceUnavailable."""
        ...

    def keep(self, storage: str, key: str, *, until: datetime) -> bool:
        """In a transaction: it goes at that moment, not before. False when it went already."""
        ...

    def drop(self, storage: str, key: str, *, erasure_id: UUID, is_whole: bool) -> None:
        """In a transaction: it goes, at once when it is whole, else when whoever is writing it must have ended."""
        ...

    def discard(self, storage: str, key: str) -> None:
        """Removes it now; what cannot be removed now is left to the sweep."""
        ...

    def open(self, storage: str, key: str) -> BinaryIO:
        """Its bytes. Raises NotFound and ServiceUnavailable."""
        ...

    def add(self, storage: str, key: str, content: bytes) -> None:
        """Writes it, for ever, unless it is there. Raises ServiceUnavailable."""
        ...

    def contents(self, storage: str, folder: str) -> Iterator[tuple[str, bytes]]:
        """What was added there, with its key. Raises ServiceUnavailable."""
        ...

    def address(self, storage: str, key: str, *, file_name: str) -> str | None:
        """Where a client may fetch it for a while; None when the hub itself sends it."""
        ...


@cache
def archive() -> Archive:
    """The one that the setting EXPORT_ARCHIVE names."""
    made: Archive = import_string(settings.EXPORT_ARCHIVE)()
    return made


@cache
def all_holdings() -> tuple[Holdings, ...]:
    """Those of every app in PERSONAL_DATA, the lowest first."""
    return tuple(import_module(path).HOLDINGS for path in settings.PERSONAL_DATA)
