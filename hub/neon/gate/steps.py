"""The words of a verdict on a migration plan."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.state import ModelState, ProjectState


class Danger(Enum):
    """What a step can do to a database in use: lose data, hold others up, or something that a person has to judge."""

    DESTROY = "destroys"
    LOCK = "locks"
    REVIEW = "review"


@dataclass(frozen=True, slots=True)
class Finding:
    """One danger of one operation, and why it is one."""

    danger: Danger
    why: str


@dataclass(frozen=True, slots=True)
class Step:
    """A finding with its place: `users.0011_signing_in`, and the operation in Django's words."""

    migration: str
    operation: str
    danger: Danger
    why: str

    def __str__(self) -> str:
        return f"{self.danger.value}: {self.migration}: {self.operation} ({self.why})"


@dataclass(frozen=True, slots=True)
class Scene:
    """Where an operation stands: its migration's app, and the models before and after it.

    `new_tables` are the models (app, name) whose tables this plan makes: nobody waits for a lock on them.
    """

    app: str
    before: ProjectState
    after: ProjectState
    connection: BaseDatabaseWrapper
    new_tables: frozenset[tuple[str, str]] = frozenset()

    def former(self, model: str) -> ModelState | None:
        """The model as it was; None when there was none."""
        return self.before.models.get((self.app, model.lower()))

    def has_table(self, model: str) -> bool:
        """Whether the model, as it was, has a table that migrations look after: no proxy, not somebody else's."""
        state = self.former(model)
        return state is not None and not state.options.get("proxy") and state.options.get("managed", True)

    def table(self, model: str) -> str:
        """The name of the table before the operation."""
        state = self.former(model)
        return str(state and state.options.get("db_table")) if state else f"{self.app}_{model.lower()}"

    def in_use(self, model: str) -> bool:
        """Whether others may be at work on the table."""
        return self.has_table(model) and (self.app, model.lower()) not in self.new_tables


def destroys(why: str) -> list[Finding]:
    """Data or a way back is lost."""
    return [Finding(Danger.DESTROY, why)]


def locks(why: str) -> list[Finding]:
    """Others wait, or the former release stumbles."""
    return [Finding(Danger.LOCK, why)]


def review(why: str) -> list[Finding]:
    """No program can tell."""
    return [Finding(Danger.REVIEW, why)]


def of(danger: Danger, steps: Iterable[Step]) -> list[Step]:
    """The steps with this danger."""
    return [step for step in steps if step.danger is danger]
