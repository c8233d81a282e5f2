"""The hub's own indexes: what they are for, and which are of no use."""

from __future__ import annotations

from dataclasses import dataclass

from django.apps import apps
from django.db import connection
from django.db.models import Model

OURS = ("audit", "users", "usage", "media", "generations")
# What no statement of a registered query shows, each with what it is for.
KEPT = {
    "generations_api_key_id_dd347d2f": "an erasure deletes keys: their foreign key looks here",
    "quotas_api_key_id_5ebf3eab": "an erasure deletes keys: their foreign key looks here",
    "user_groups_group_id_b76f8aba": "a group that is deleted: its foreign key looks here",
    "user_permissions_permission_id_c566ae5c": "a permission that is deleted: its foreign key looks here",
}
_ALL = """
    SELECT i.relname, t.relname, x.indisunique OR EXISTS (SELECT FROM pg_constraint WHERE conindid = i.oid),
        ARRAY(SELECT pg_get_indexdef(i.oid, n, true) FROM generate_series(1, x.indnkeyatts) AS n),
        coalesce(pg_get_expr(x.indpred, x.indrelid), ''), pg_relation_size(i.oid)
    FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_class t ON t.oid = x.indrelid
    JOIN pg_namespace n ON n.oid = t.relnamespace WHERE n.nspname = current_schema() ORDER BY t.relname, i.relname"""


@dataclass(frozen=True, slots=True)
class Index:
    """One of the database. `is_rule`: it stands for a constraint; `condition` is "" where it has all rows."""

    name: str
    table: str
    is_rule: bool
    columns: tuple[str, ...]
    condition: str
    bytes: int

    def begins(self, other: Index) -> bool:
        """Whether the other one answers whatever this one does."""
        same = self.table == other.table and self.condition == other.condition and self.name != other.name
        return same and other.columns[: len(self.columns)] == self.columns


def own_indexes() -> list[Index]:
    """Those of the hub's own tables, by table and name. The ORM knows no catalogue of the server's."""
    tables = {model._meta.db_table for model in apps.get_models(include_auto_created=True) if _is_ours(model)}
    with connection.cursor() as cursor:
        cursor.execute(_ALL)
        rows = cursor.fetchall()
    return [
        Index(name, table, is_rule, tuple(columns), condition, size)
        for name, table, is_rule, columns, condition, size in rows
        if table in tables
    ]


def _is_ours(model: type[Model]) -> bool:
    return model._meta.app_label in OURS


def duplicates(indexes: list[Index]) -> list[tuple[Index, Index]]:
    """(useless, the one that does its work): what begins another one, and is no constraint itself."""
    return [
        (index, other)
        for index in indexes
        if not index.is_rule
        for other in indexes
        if index.begins(other) and (index.columns != other.columns or other.is_rule or index.name > other.name)
    ]
