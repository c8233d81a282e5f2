"""A migration plan, operation by operation, with the state of the models carried forward between them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from django.db import migrations
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations import Migration
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState

from hub.neon.gate.operations import judged
from hub.neon.gate.sql import SAFE_MIGRATIONS
from hub.neon.gate.steps import Danger, Scene, Step

Plan = Sequence[tuple[Migration, bool]]
# Going back, these change nothing in the database.
_OF_DJANGO_ALONE = (migrations.AlterModelOptions, migrations.AlterModelManagers)
_LOST_ON_THE_WAY_BACK: Mapping[type[Operation], str] = {
    migrations.CreateModel: "going back drops the table",
    migrations.AddField: "going back drops the column",
}


def judge(
    plan: Plan,
    state: ProjectState,
    *,
    connection: BaseDatabaseWrapper,
    faked: bool = False,
    safe_sql: Mapping[tuple[str, str], str] = SAFE_MIGRATIONS,
) -> list[Step]:
    """The dangerous steps of a plan, in its order. `state` is what the database holds; it is not changed.

    Pure: the connection is asked for the names of types alone. A faked plan is dangerous as a whole, since the database
    is believed to be what nobody made it.
    """
    if faked:
        return [_faked(migration, backwards) for migration, backwards in plan]
    return list(_steps(plan, state.clone(), connection, safe_sql))


def pruned(loader: MigrationLoader, app: str) -> list[Step]:
    """What --prune does: the database forgets the migrations of the app whose files are gone."""
    forgotten = sorted(key for key in loader.applied_migrations if key[0] == app and key not in loader.disk_migrations)
    why = "--prune: what it did stays, and nobody knows of it"
    return [Step(f"{app}.{name}", "recorded as not done", Danger.DESTROY, why) for app, name in forgotten]


def _faked(migration: Migration, backwards: bool) -> Step:
    what = "recorded as not done" if backwards else "recorded as done"
    return Step(str(migration), what, Danger.DESTROY, "--fake: the database stays as it is, and nobody looks")


def _steps(
    plan: Plan, state: ProjectState, connection: BaseDatabaseWrapper, safe_sql: Mapping[tuple[str, str], str]
) -> Iterator[Step]:
    new_tables: set[tuple[str, str]] = set()
    for migration, backwards in plan:
        if backwards:
            yield from _reversed(migration)
            continue
        is_safe = (migration.app_label, migration.name) in safe_sql
        for operation in migration.operations:
            after = state.clone()
            operation.state_forwards(migration.app_label, after)
            scene = Scene(migration.app_label, state, after, connection, frozenset(new_tables))
            if not (is_safe and isinstance(operation, migrations.RunSQL)):
                yield from _found(migration, operation, scene)
            new_tables |= after.models.keys() - state.models.keys() if _makes_table(operation) else set()
            state = after


def _makes_table(operation: Operation) -> bool:
    return isinstance(operation, migrations.CreateModel)


def _found(migration: Migration, operation: Operation, scene: Scene) -> Iterator[Step]:
    for finding in judged(operation, scene):
        yield Step(str(migration), operation.describe(), finding.danger, finding.why)


def _reversed(migration: Migration) -> Iterator[Step]:
    """Going back loses whatever was written since, and is always the exception."""
    for operation in reversed(migration.operations):
        if not isinstance(operation, _OF_DJANGO_ALONE):
            why = _LOST_ON_THE_WAY_BACK.get(type(operation), "going back undoes what rows may rely on by now")
            yield Step(str(migration), operation.describe(), Danger.DESTROY, why)
