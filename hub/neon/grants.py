"""What each table of the hub lets the role `app` do: the least with which it works."""

from __future__ import annotations

from django.apps import apps

from hub.common.models import AppendOnlyModel
from hub.neon.access import ONLY_READ, ordinary_table
from hub.neon.roles import APP, READONLY


def table_rights(table: str) -> list[tuple[str, str, str]]:
    """(role, privilege, column or "") on one table; of a table that belongs to no model, those of an ordinary one."""
    if table in ONLY_READ:
        return [(APP.name, "SELECT", ""), (READONLY.name, "SELECT", "")]
    model = append_only_models().get(table)
    return ordinary_table(table) if model is None else _append_only(model)


def append_only_models() -> dict[str, type[AppendOnlyModel]]:
    """Every table whose rows are written once, by name."""
    return {each._meta.db_table: each for each in apps.get_models() if issubclass(each, AppendOnlyModel)}


def _append_only(model: type[AppendOnlyModel]) -> list[tuple[str, str, str]]:
    columns = [str(field.column) for field in model._meta.concrete_fields if field.name in model.MAY_SET]
    rights = [(APP.name, "SELECT", ""), (APP.name, "INSERT", ""), (READONLY.name, "SELECT", "")]
    rights += [(APP.name, "UPDATE", column) for column in columns]
    return [*rights, (APP.name, "DELETE", "")] if model.MAY_GO else rights
