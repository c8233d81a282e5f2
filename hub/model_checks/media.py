"""`media` says what a file is and where it lies. The bytes are in object storage, never in the database."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.contrib.postgres.fields import ArrayField, HStoreField
from django.core.checks import CheckMessage, Error
from django.db.models import BinaryField, CharField, Field, FileField, JSONField, TextField

from hub.common.fields import BlindIndexField, SealedMixin
from hub.model_checks.tables import columns_of, models_with_tables, name_of

APP = "media"
# A pointer or a name fits; the smallest picture in base64 does not.
LONGEST_TEXT = 1024
WITHOUT_END = (BinaryField, TextField, JSONField, ArrayField, HStoreField, SealedMixin)
HINT = f"Store the bytes with media.services.store_file, and keep a pointer of at most {LONGEST_TEXT} characters."


def check_media(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """hub.models.E002 for each column of the app that could hold a file."""
    models = [model for model in models_with_tables(app_configs) if model._meta.app_label == APP]
    return [
        Error(f"{name_of(field)} could hold a file's bytes.", HINT, field, "hub.models.E002")
        for model in models
        for field in columns_of(model)
        if _could_hold_a_file(field)
    ]


def _could_hold_a_file(field: Field[Any, Any]) -> bool:
    if isinstance(field, BlindIndexField):
        return False
    if isinstance(field, CharField | FileField) and not isinstance(field, SealedMixin):
        return field.max_length is None or field.max_length > LONGEST_TEXT
    return isinstance(field, WITHOUT_END)
