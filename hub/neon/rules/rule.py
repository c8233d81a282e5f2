"""What a rule is, what it is asked about, and what it can answer."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import TextChoices

# A build may leave all of these out; whoever changes the hub has them.
OF_SOURCES = (".git", ".github", "Makefile")
ELSEWHERE = "This is no checkout of the sources: there is none of {}."


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

    @property
    def is_checkout(self) -> bool:
        """Whether the tree is the sources, as they are worked on, and not what a deployment has of them."""
        return any((self.root / name).exists() for name in OF_SOURCES)


@dataclass(frozen=True, slots=True)
class Verdict:
    """`findings` say what is wrong, or why nothing was asked; one sentence each."""

    state: State
    findings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of NEON.md, where its text and its enforcer stand under `number`. `mend` says what to do when broken.

    What is `of_sources` asks for files that a deployed machine does not need to have.
    """

    number: str
    question: Callable[[Place], Verdict]
    mend: str
    of_sources: bool = False

    def ask(self, place: Place) -> Verdict:
        """Whether it holds there."""
        if self.of_sources and not place.is_checkout:
            return not_asked(ELSEWHERE.format(", ".join(OF_SOURCES)))
        return self.question(place)


def unless(findings: Iterable[str]) -> Verdict:
    """Holds, unless there is a finding."""
    found = tuple(findings)
    return Verdict(State.BROKEN if found else State.HOLDS, found)


def not_asked(why: str) -> Verdict:
    """There is nothing here that the rule could be asked about."""
    return Verdict(State.NOT_ASKED, (why,))
