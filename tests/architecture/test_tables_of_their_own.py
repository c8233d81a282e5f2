"""Users, generations, media, usage and the audit trail have tables of their own; what is kept of them names nobody."""

from __future__ import annotations

import pytest
from django.apps import apps
from django.db import connection
from django.db.models import EmailField, GenericIPAddressField, Model, TextField

from hub.common.fields import SealedMixin

# {app: (the table of what it is for, its model)}
OWN = {
    "users": ("users", "User"),
    "generations": ("generations", "Generation"),
    "media": ("media", "Media"),
    "usage": ("usage_logs", "UsageLog"),
    "audit": ("audit_logs", "AuditLog"),
}
# What is kept when the person is gone: who it was stands there as an id, and what they wrote does not stand there.
KEPT = [("usage", "UsageLog"), ("usage", "UsageDaily"), ("audit", "AuditLog")]
PERSONAL = (EmailField, GenericIPAddressField, TextField)


@pytest.mark.django_db
def test_each_of_the_five_has_its_table_in_its_own_app() -> None:
    for app, (table, model) in OWN.items():
        assert apps.get_model(app, model)._meta.db_table == table
        assert table in connection.introspection.table_names()


def test_no_two_models_share_a_table() -> None:
    tables = [model._meta.db_table for model in apps.get_models(include_auto_created=True) if not model._meta.proxy]
    assert len(tables) == len(set(tables))


def in_clear(model: type[Model]) -> list[str]:
    """The columns that are of a type for what somebody wrote, or is reached by."""
    fields = model._meta.local_concrete_fields
    return [each.name for each in fields if isinstance(each, PERSONAL) and not isinstance(each, SealedMixin)]


@pytest.mark.parametrize(("app", "name"), KEPT)
def test_the_ledger_and_the_trail_have_no_column_for_what_is_personal(app: str, name: str) -> None:
    assert in_clear(apps.get_model(app, name)) == []


def test_a_model_with_such_a_column_would_be_found() -> None:
    assert in_clear(apps.get_model("usage", "QuotaGrant")) == ["reason"]
