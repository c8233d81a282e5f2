"""What a change of one column does to a table in use."""

from __future__ import annotations

import re
from typing import Any, TypeAlias

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.state import ProjectState
from django.db.models import Field, ManyToManyField, Value
from django.db.models.fields import NOT_PROVIDED

from hub.common.fields import SealedMixin
from hub.neon.gate.steps import Finding, destroys, locks

AnyField: TypeAlias = "Field[Any, Any]"
SEALED = "its values are sealed for this table and column, and open under no other name"


def added(field: AnyField) -> list[Finding]:
    """A new column of a table with rows."""
    if isinstance(field, ManyToManyField):
        return []
    found: list[Finding] = []
    is_computed = hasattr(field.db_default, "resolve_expression") and not isinstance(field.db_default, Value)
    if field.generated or is_computed:
        found += locks("computed: every row may be written anew while nobody can read")
    elif not field.null and field.db_default is NOT_PROVIDED:
        found += locks("NOT NULL without a default in the database: the former release can insert nothing")
    if field.unique:
        found += locks("a unique index is built while nobody can write")
    elif field.remote_field and getattr(field, "db_constraint", False):
        found += locks("a foreign key locks both tables")
    return found


def changed(
    before: AnyField, after: AnyField, *, states: tuple[ProjectState, ProjectState], connection: BaseDatabaseWrapper
) -> list[Finding]:
    """From one definition of a column to the other."""
    former, latter = states
    types = _column_type(before, former, connection), _column_type(after, latter, connection)
    return [
        *_of_types(before, after, types),
        *_of_name(before, after),
        *_of_rules(before, after),
    ]


def _of_types(before: AnyField, after: AnyField, types: tuple[str | None, str | None]) -> list[Finding]:
    if types[0] == types[1]:
        return _of_generation(before, after)
    former, latter = types[0] or "a table of its own", types[1] or "a table of its own"
    return [] if _is_wider(former, latter) else destroys(f"narrower, or another type: {former} becomes {latter}")


def _of_generation(before: AnyField, after: AnyField) -> list[Finding]:
    expressions = [getattr(field, "expression", None) for field in (before, after)]
    return [] if expressions[0] == expressions[1] else destroys("what the column computes becomes something else")


def _is_wider(former: str, latter: str) -> bool:
    """varchar to a longer one or to text, and numeric with more digits before the point: the bytes stay."""
    if former.startswith("varchar") and latter in ("varchar", "text"):
        return True
    sizes = [re.fullmatch(r"(varchar|numeric)\((\d+)(?:, (\d+))?\)", name) for name in (former, latter)]
    if sizes[0] is None or sizes[1] is None:
        return False
    is_same_sort = sizes[0].group(1, 3) == sizes[1].group(1, 3)
    return is_same_sort and int(sizes[0][2]) <= int(sizes[1][2])


def _of_name(before: AnyField, after: AnyField) -> list[Finding]:
    if (before.db_column or before.name) == (after.db_column or after.name):
        return []
    return renamed(before)


def renamed(field: AnyField) -> list[Finding]:
    """Another name of the column."""
    if isinstance(field, SealedMixin):
        return destroys(f"rename: {SEALED}")
    return locks("rename: the former release asks for a column that is gone")


def _of_rules(before: AnyField, after: AnyField) -> list[Finding]:
    found = []
    if before.primary_key != after.primary_key:
        found += destroys("another primary key: what points to the rows points to nothing")
    if before.null and not after.null:
        found += locks("NOT NULL: every row is read while nobody can write, and one NULL stops it")
    if after.unique and not before.unique:
        found += locks("unique: an index is built while nobody can write, and one double stops it")
    elif getattr(after, "db_index", False) and not getattr(before, "db_index", False):
        found += locks("an index is built while nobody can write")
    if _points(after) not in (None, _points(before)):
        found += locks("a foreign key locks both tables, and every row is checked")
    if getattr(before, "db_collation", None) != getattr(after, "db_collation", None):
        found += locks("another collation: the table's indexes are built anew")
    return found


def _points(field: AnyField) -> str | None:
    """Which model a foreign key of the database points to."""
    if not field.remote_field or not getattr(field, "db_constraint", False):
        return None
    return str(field.deconstruct()[3].get("to")).lower()


def _column_type(field: AnyField, state: ProjectState, connection: BaseDatabaseWrapper) -> str | None:
    """As the database would name it; of a foreign key that of the key it holds. None for a column that is none."""
    if not field.remote_field or isinstance(field, ManyToManyField):
        return None if isinstance(field, ManyToManyField) else field.db_type(connection)
    kwargs = field.deconstruct()[3]
    target = _fields_of(str(kwargs["to"]), state)
    named = kwargs.get("to_field")
    keys = [each for name, each in target.items() if (name == named if named else each.primary_key)]
    return _column_type(keys[0], state, connection) if keys else connection.data_types["BigAutoField"]


def _fields_of(label: str, state: ProjectState) -> dict[str, AnyField]:
    model = state.models.get(tuple(label.lower().split(".", 1)))
    return dict(model.fields) if model else {}
