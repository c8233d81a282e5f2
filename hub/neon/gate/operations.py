"""What each class of operation does to a database in use: the table of the gate.

An operation that is not in the table, or does more than its class there, is taken to destroy.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from django.contrib.postgres import operations as postgres
from django.db import migrations
from django.db.migrations.operations.base import Operation
from django.db.migrations.operations.fields import FieldOperation
from django.db.models import CheckConstraint, ManyToManyField

from hub.common.fields import SealedMixin
from hub.neon.gate import columns, sql
from hub.neon.gate.steps import Finding, Scene, destroys, locks, review

Judge = Callable[[Any, Scene], list[Finding]]


def judged(operation: Operation, scene: Scene) -> list[Finding]:
    """The findings on one operation that goes forward; none when nothing is lost and nobody waits."""
    return _judge_of(operation)(operation, scene)


def _judge_of(operation: Operation) -> Judge:
    for known in type(operation).__mro__:
        if issubclass(known, Operation) and known in JUDGES:
            does_the_same = type(operation).database_forwards is known.database_forwards
            return JUDGES[known] if does_the_same else _unknown
    return _unknown


def _unknown(operation: Operation, scene: Scene) -> list[Finding]:
    return destroys(f"the gate does not know {type(operation).__name__}")


def _harmless(operation: Operation, scene: Scene) -> list[Finding]:
    return []


def _delete_model(operation: migrations.DeleteModel, scene: Scene) -> list[Finding]:
    return destroys("drops a table") if scene.has_table(operation.name) else []


def _remove_field(operation: migrations.RemoveField, scene: Scene) -> list[Finding]:
    if not scene.has_table(operation.model_name):
        return []
    is_link = isinstance(_field(operation, scene), ManyToManyField)
    return destroys("drops a table" if is_link else "drops a column")


def _add_field(operation: migrations.AddField, scene: Scene) -> list[Finding]:
    return columns.added(operation.field) if scene.in_use(operation.model_name) else []


def _alter_field(operation: migrations.AlterField, scene: Scene) -> list[Finding]:
    if not scene.has_table(operation.model_name):
        return []
    after = scene.after.models[scene.app, operation.model_name_lower].fields[operation.name]
    states = (scene.before, scene.after)
    return columns.changed(_field(operation, scene), after, states=states, connection=scene.connection)


def _rename_field(operation: migrations.RenameField, scene: Scene) -> list[Finding]:
    former = scene.former(operation.model_name)
    if former is None or not scene.has_table(operation.model_name):
        return []
    field = former.fields[operation.old_name]
    return [] if field.db_column else columns.renamed(field)


def _rename_model(operation: migrations.RenameModel, scene: Scene) -> list[Finding]:
    former = scene.former(operation.old_name)
    if former is None or former.options.get("db_table"):
        return []
    return _renamed_table(operation.old_name, scene)


def _alter_table(operation: migrations.AlterModelTable, scene: Scene) -> list[Finding]:
    if (operation.table or f"{scene.app}_{operation.name_lower}") == scene.table(operation.name):
        return []
    return _renamed_table(operation.name, scene)


def _renamed_table(model: str, scene: Scene) -> list[Finding]:
    former = scene.former(model)
    if former is None or not scene.has_table(model):
        return []
    if any(isinstance(field, SealedMixin) for field in former.fields.values()):
        return destroys(f"rename: {columns.SEALED}")
    return locks("rename: the former release asks for a table that is gone")


def _alter_unique_together(operation: migrations.AlterUniqueTogether, scene: Scene) -> list[Finding]:
    former = scene.former(operation.name)
    before = set(former.options.get("unique_together") or ()) if former else set()
    adds = set(operation.option_value or ()) - before
    return locks("unique: an index is built while nobody can write") if adds and scene.in_use(operation.name) else []


def _alter_order(operation: migrations.AlterOrderWithRespectTo, scene: Scene) -> list[Finding]:
    former = scene.former(operation.name)
    had_order = bool(former and former.options.get("order_with_respect_to"))
    if bool(operation.order_with_respect_to) == had_order:
        return []
    return (
        destroys("drops the column _order")
        if had_order
        else locks("a column NOT NULL: the former release can insert nothing")
    )


def _add_index(operation: migrations.AddIndex, scene: Scene) -> list[Finding]:
    is_waited_for = scene.in_use(operation.model_name)
    return locks("an index is built while nobody can write: AddIndexConcurrently") if is_waited_for else []


def _remove_index(operation: migrations.RemoveIndex, scene: Scene) -> list[Finding]:
    is_waited_for = scene.in_use(operation.model_name)
    return locks("waits for everybody who uses the table: RemoveIndexConcurrently") if is_waited_for else []


def _add_constraint(operation: migrations.AddConstraint, scene: Scene) -> list[Finding]:
    if not scene.in_use(operation.model_name):
        return []
    if isinstance(operation.constraint, CheckConstraint):
        return locks("every row is read while nobody can write: AddConstraintNotValid, then ValidateConstraint")
    return locks("an index is built while nobody can write, and one double stops it")


def _remove_constraint(operation: migrations.RemoveConstraint, scene: Scene) -> list[Finding]:
    return review("what the database refused it lets in from now on")


def _run_sql(operation: migrations.RunSQL, scene: Scene) -> list[Finding]:
    if sql.is_safe(operation):
        return []
    return destroys("SQL by hand that is not on the list of what is safe")


def _run_python(operation: migrations.RunPython, scene: Scene) -> list[Finding]:
    if operation.code is migrations.RunPython.noop:
        return []
    return review("changes rows" if operation.reversible else "changes rows, and cannot go back")


def _collation(operation: Operation, scene: Scene) -> list[Finding]:
    return review("another order of texts")


def _separate(operation: migrations.SeparateDatabaseAndState, scene: Scene) -> list[Finding]:
    """What is done to the database, step by step; the state alone loses nothing, but may say what is not so."""
    found = list(_nested(operation, scene))
    if operation.state_operations and not operation.database_operations:
        found += review("changes what Django believes, and nothing in the database")
    return found


def _nested(operation: migrations.SeparateDatabaseAndState, scene: Scene) -> Iterator[Finding]:
    state = scene.before
    for each in operation.database_operations:
        after = state.clone()
        each.state_forwards(scene.app, after)
        yield from judged(each, Scene(scene.app, state, after, scene.connection, scene.new_tables))
        state = after


def _field(operation: FieldOperation, scene: Scene) -> Any:
    return scene.before.models[scene.app, operation.model_name_lower].fields[operation.name]


JUDGES: Mapping[type[Operation], Judge] = {
    migrations.CreateModel: _harmless,
    migrations.DeleteModel: _delete_model,
    migrations.RenameModel: _rename_model,
    migrations.AlterModelTable: _alter_table,
    migrations.AlterModelTableComment: _harmless,
    migrations.AlterModelOptions: _harmless,
    migrations.AlterModelManagers: _harmless,
    migrations.AlterUniqueTogether: _alter_unique_together,
    migrations.AlterOrderWithRespectTo: _alter_order,
    migrations.AddField: _add_field,
    migrations.RemoveField: _remove_field,
    migrations.AlterField: _alter_field,
    migrations.RenameField: _rename_field,
    migrations.AddIndex: _add_index,
    migrations.RemoveIndex: _remove_index,
    migrations.RenameIndex: _harmless,
    migrations.AddConstraint: _add_constraint,
    migrations.RemoveConstraint: _remove_constraint,
    migrations.AlterConstraint: _harmless,
    migrations.RunSQL: _run_sql,
    migrations.RunPython: _run_python,
    migrations.SeparateDatabaseAndState: _separate,
    postgres.AddIndexConcurrently: _harmless,
    postgres.RemoveIndexConcurrently: _harmless,
    postgres.AddConstraintNotValid: _harmless,
    postgres.ValidateConstraint: _harmless,
    postgres.CreateExtension: _harmless,
    postgres.CreateCollation: _collation,
    postgres.RemoveCollation: _collation,
}
