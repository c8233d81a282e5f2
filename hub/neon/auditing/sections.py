"""What the report is made of."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import connection


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One question. `findings` are what somebody should do something about; `absent` says why it was not answered."""

    title: str
    says: str
    findings: Sequence[str] = field(default_factory=tuple)
    head: Sequence[str] = field(default_factory=tuple)
    rows: Sequence[Sequence[str]] = field(default_factory=tuple)
    absent: str = ""

    @property
    def verdict(self) -> str:
        """In a few words."""
        if self.absent:
            return "not looked at"
        return f"{len(self.findings)} to look into" if self.findings else "nothing to do"

    def markdown(self) -> str:
        """As it stands in the report."""
        parts = [f"## {self.title}: {self.verdict}\n", self.says]
        if self.absent:
            parts.append(f"\n{self.absent}")
        if self.findings:
            parts.append("\n" + "\n".join(f"- {finding}" for finding in self.findings))
        if self.rows:
            parts.append("\n" + _table(self.head, self.rows))
        return "\n".join(parts)


def rows_of(query: str) -> list[tuple[Any, ...]]:
    """Of a question to the server's own catalogues, for which the ORM has no models."""
    with connection.cursor() as cursor:
        cursor.execute(query)
        return list(cursor.fetchall())


def size(number: int) -> str:
    """Bytes, for people."""
    mib = number / 1024**2
    return f"{mib / 1024:,.1f} GiB" if mib >= 1024 else f"{mib:,.1f} MiB"


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    names = list(head)
    lines = [names, ["---"] * len(names), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines)
