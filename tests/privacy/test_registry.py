"""Nothing is stored of which nobody has said what becomes of it; and what was said is what is done."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

import pytest
from django.apps import apps
from django.db.models import Model

from hub.common.personal_data import ANONYMISE, DELETE, EXPORT, KEEP, Erasure, Table, all_holdings
from users.privacy.finishing import relations

OURS = ("audit", "users", "usage", "media", "generations")
TABLES = [pytest.param(table, id=table.name) for holdings in all_holdings() for table in holdings.tables]


def models() -> Iterator[type[Model]]:
    return (model for model in apps.get_models(include_auto_created=True) if model._meta.app_label in OURS)


@pytest.mark.parametrize("model", [pytest.param(model, id=model._meta.db_table) for model in models()])
def test_every_table_is_declared_once(model: type[Model]) -> None:
    name = model._meta.db_table
    declared = [table for holdings in all_holdings() for table in holdings.tables if table.model is model]
    nobody = [holdings.nobody[name] for holdings in all_holdings() if name in holdings.nobody]
    assert len(declared) + len(nobody) == 1, f"say in {model._meta.app_label}/personal_data.py what becomes of {name}"
    assert all(nobody), "a table of nobody's needs a reason"


@pytest.mark.parametrize("table", TABLES)
def test_every_column_says_what_becomes_of_it(table: Table) -> None:
    columns = {field.name for field in table.model._meta.concrete_fields}
    assert set(table.columns) == columns, f"classify the columns of {table.name}, and no others"
    for column, word in table.columns.items():
        assert sum(each in word for each in (KEEP, ANONYMISE, DELETE)) == 1, f"{table.name}.{column}: {word}"


@pytest.mark.parametrize("table", TABLES)
def test_an_erasure_changes_the_columns_that_say_so_and_no_others(table: Table) -> None:
    kinds = {word & ~EXPORT for word in table.columns.values()}
    if table.changes is None:
        assert kinds == {DELETE}, "the rows are deleted: every column goes"
        return
    assert DELETE not in kinds, "the rows stay: nothing is deleted"
    changes = table.changes(Erasure(uuid4(), uuid4(), uuid4(), "secret"))
    assert set(changes) == {column for column, word in table.columns.items() if ANONYMISE in word}


@pytest.mark.parametrize(
    "relation", [pytest.param(each, id=f"{each.model._meta.db_table}.{each.column}") for each in relations()]
)
def test_every_relation_to_an_account_is_declared(relation: object) -> None:
    model, name = relation.model, relation.name  # type: ignore[attr-defined]
    words = [t.columns[name] for h in all_holdings() for t in h.tables if t.model is model]
    assert len(words) == 1, f"say in a personal_data.py what becomes of {model._meta.db_table}.{name}"


def test_no_secret_is_exported() -> None:
    for holdings in all_holdings():
        for table in holdings.tables:
            for column, word in table.columns.items():
                if any(part in column for part in ("secret", "hash", "password", "token", "index", "digest", "pepper")):
                    assert EXPORT not in word, f"{table.name}.{column}"
