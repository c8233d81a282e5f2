"""What a rule is, what it is asked about, and what it can answer."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import TextChoices


class State(TextChoices):
    """`not_asked` is no excuse that a rule gives itself: it says in a line what is not there to be asked."""

    HOLDS = "holds"
    BROKEN = "broken"
    NOT_ASKED = "not asked"


@dataclass(frozen=True, slots=True)
class Place:
    """Where it is asked: a database, and the tree of the sources."""

    connection: BaseDatabaseWrapper
    root: Path

    def text(self, path: str) -> str:
        """The file's content; empty when it is not there."""
        file = self.root / path
        return file.read_text(encoding="utf-8") if file.is_file() else ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """`findings` say what is wrong, or why nothing was asked; one sentence each."""

    state: State
    findings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of NEON.md, where its text and its enforcer stand under `number`. `mend` says what to do when broken."""

    number: str
    ask: Callable[[Place], Verdict]
    mend: str


def unless(findings: Iterable[str]) -> Verdict:
    """Holds, unless there is a finding."""
    found = tuple(findings)
    return Verdict(State.BROKEN if found else State.HOLDS, found)


def not_asked(why: str) -> Verdict:
    """There is nothing here that the rule could be asked about."""
    return Verdict(State.NOT_ASKED, (why,))
