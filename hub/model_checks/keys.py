"""Every table has a UUID as its key, so that ids say nothing of how many there are and can be made anywhere."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.core.checks import CheckMessage, Error
from django.db.models import Model, UUIDField

from hub.model_checks.tables import models_with_tables

# Tables of Django's own with keys of another sort, and why they may stay.
EXCEPTIONS = {
    "admin.LogEntry": "Django's; its rows are named by nobody outside of the console",
    "auth.Group": "Django's; the same ids in every installation are of no account",
    "auth.Permission": "Django's; made from the models by migrate",
    "auth.Group_permissions": "Django's; made for the two above",
    "contenttypes.ContentType": "Django's; made from the models by migrate",
    "sessions.Session": "Django's; its key is the session's secret itself",
}
HINT = "Derive from hub.common.models.HubModel; a many-to-many needs a model of its own (through=)."


def check_keys(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """hub.models.E001 for each model with another key, those that Django makes by itself included."""
    return [
        Error(f"{model._meta.label} has a key that is no UUID.", HINT, model, "hub.models.E001")
        for model in models_with_tables(app_configs)
        if model._meta.label not in EXCEPTIONS and not isinstance(_key(model), UUIDField)
    ]


def _key(model: type[Model]) -> Any:
    """The field that holds the key, on whichever model a one-to-one link leads to."""
    field: Any = model._meta.pk
    while field.remote_field:
        field = field.target_field
    return field
