"""What is called like a secret, or like something of a person, is sealed; what need not be is listed with its reason.

A name is a hint and no proof: what is sensitive under a harmless name is for the reviewer, and for the canary test.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from django.apps import AppConfig
from django.contrib.postgres.fields import ArrayField, HStoreField
from django.core.checks import CheckMessage, Error, Warning
from django.db.models import (
    BinaryField,
    CharField,
    EmailField,
    Field,
    FileField,
    GenericIPAddressField,
    JSONField,
    TextField,
)

from hub.common.fields import BlindIndexField, SealedMixin
from hub.model_checks.tables import columns_of, models_with_tables, name_of

# Parts of a column's name, in the singular.
SENSITIVE = frozenset(
    {
        *("email", "mail", "ip", "address", "addresses", "network", "phone", "birthday"),
        *("token", "secret", "password", "passphrase", "credential", "cookie", "session", "recovery"),
        *("prompt", "parameter", "text", "answer", "payload", "url"),
    }
)
# Types that can hold what somebody wrote. A number, a moment or an id cannot.
TEXTS = (CharField, TextField, JSONField, ArrayField, HStoreField, BinaryField, FileField, GenericIPAddressField)
ALWAYS = (EmailField, GenericIPAddressField)
SAFE = (SealedMixin, BlindIndexField)

# `app.Model.field` that may be read in clear, and why.
EXCEPTIONS = {
    "users.User.password": "an Argon2 hash, of the staff alone",
    "users.ApiKey.allowed_ips": "empty, or NOWHERE: the networks are sealed beside it; gone with the next release",
    "generations.WebhookDelivery.payload": "ids and states alone (generations/webhooks/tests)",
    "sessions.Session.session_key": "Django's; random, of the staff alone, and gone when it ends",
    "sessions.Session.session_data": "Django's; the id of an account, signed",
}
HINT = "Use a field of hub.common.fields, or put it on the list in hub/model_checks/sensitive.py with the reason."


def check_sensitive_fields(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """hub.models.E003 for what is in clear, W003 for an entry of the list that is needed no more."""
    models = list(models_with_tables(app_configs))
    suspects = {name_of(field): field for model in models for field in columns_of(model) if _is_suspect(field)}
    return [*_in_clear(suspects), *(_needless(suspects) if app_configs is None else ())]


def _in_clear(suspects: dict[str, Field[Any, Any]]) -> Iterator[CheckMessage]:
    for name, field in suspects.items():
        if name not in EXCEPTIONS:
            yield Error(f"{name} is stored in clear.", HINT, field, "hub.models.E003")


def _needless(suspects: dict[str, Field[Any, Any]]) -> Iterator[CheckMessage]:
    for name in EXCEPTIONS.keys() - suspects.keys():
        problem = f"{name} is on the list of hub/model_checks/sensitive.py, and need not be."
        yield Warning(problem, "Take it off.", id="hub.models.W003")


def _is_suspect(field: Field[Any, Any]) -> bool:
    if isinstance(field, SAFE) or not isinstance(field, TEXTS) or field.choices:
        return False
    parts = {part.removesuffix("s") for part in field.name.split("_")} | set(field.name.split("_"))
    return isinstance(field, ALWAYS) or not SENSITIVE.isdisjoint(parts)
