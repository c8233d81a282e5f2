"""Entries as the seals see them: every column but the encrypted IP, in one canonical text (docs/AUDIT.md)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.db.models import QuerySet, TextField
from django.db.models.functions import Cast

from audit.encoding import canonical, moment_text
from audit.merkle import leaf_hash
from audit.models import AuditLog

# What no seal covers: the encrypted IP, which an erasure may blank (its digest is covered), and the seal's own mark.
NOT_COVERED = frozenset({"ip", "seal_number"})
_IDS = ("id", "actor_id", "target_id", "subject_id")
_TEXTS = ("actor_label", "action", "target_type", "request_id")
_AS_TEXT = {"created_text": Cast("created_at", TextField()), "data_text": Cast("data", TextField())}
_READ = (*_IDS, *_TEXTS, "ip_digest", "seal_number", *_AS_TEXT)
COVERED = frozenset({*_IDS, *_TEXTS, "ip_digest", "created_at", "data"})


@dataclass(frozen=True, slots=True)
class Entry:
    """One row: its hash, and what is needed to find and to name it."""

    id: UUID
    created_text: str
    created_at: datetime | None
    action: str
    seal_number: int | None
    content: bytes

    @property
    def leaf(self) -> bytes:
        """The hash that stands for it in its seal."""
        return leaf_hash(self.content)

    def __str__(self) -> str:
        return f"entry {self.id} ({self.created_text}, {self.action})"


def read_entries(rows: QuerySet[AuditLog], **more: Any) -> Iterator[tuple[Entry, tuple[Any, ...]]]:
    """The rows as entries, in their order, each with the values of the expressions in `more`.

    Moments and data come as PostgreSQL's text: what somebody put there by hand must be named, not end the reading.
    """
    for row in rows.annotate(**_AS_TEXT, **more).values_list(*_READ, *more):
        yield _entry(row[: len(_READ)]), row[len(_READ) :]


def entries_by_id(ids: Iterable[UUID]) -> dict[UUID, Entry]:
    """Those of them that are there."""
    return {entry.id: entry for entry, _ in read_entries(AuditLog.objects.filter(id__in=list(ids)))}


def _entry(row: Sequence[Any]) -> Entry:
    facts = dict(zip(_READ, row, strict=True))
    created_text, data_text, seal_number = facts["created_text"], facts["data_text"], facts["seal_number"]
    created_at = _moment(created_text)
    shown = created_text if created_at is None else moment_text(created_at)
    covered: dict[str, Any] = {name: facts[name] and str(facts[name]) for name in _IDS}
    covered |= {name: facts[name] for name in _TEXTS}
    covered |= {"ip_digest": facts["ip_digest"] and bytes(facts["ip_digest"]).hex(), "created_at": shown}
    content = _with_data(covered, data_text)
    return Entry(facts["id"], shown, created_at, facts["action"], seal_number, content)


def _moment(text: str) -> datetime | None:
    """None for what no clock of ours can have written: infinity, or a year that Python does not know."""
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _with_data(covered: dict[str, Any], text: str) -> bytes:
    """With `data`, or with PostgreSQL's own text of it as `data_text` when that holds a number that is not whole.

    As floats two numbers could look like one.
    """
    try:
        return canonical(covered | {"data": json.loads(text, parse_float=_refuse_float)})
    except (ValueError, RecursionError):
        return canonical(covered | {"data_text": text})


def _refuse_float(text: str) -> float:
    raise ValueError(f"{text} is not whole.")
