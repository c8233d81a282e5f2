"""The models that have tables, and the fields that have columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from django.apps import AppConfig, apps
from django.db.models import Field, Model


def models_with_tables(app_configs: Sequence[AppConfig] | None) -> Iterator[type[Model]]:
    """Of these apps (None: of all), those included that Django makes for links between two others."""
    wanted = None if app_configs is None else {config.label for config in app_configs}
    for model in apps.get_models(include_auto_created=True):
        has_table = model._meta.managed and not model._meta.proxy
        if has_table and (wanted is None or model._meta.app_label in wanted):
            yield model


def columns_of(model: type[Model]) -> Sequence[Field[Any, Any]]:
    """The fields that are columns of the model's own table."""
    return model._meta.local_concrete_fields


def name_of(field: Field[Any, Any]) -> str:
    """`users.User.email`"""
    return f"{field.model._meta.label}.{field.name}"
