"""What can happen: the catalogue of audited actions. Grammar: subject.verb_in_the_past."""

from __future__ import annotations

from django.db import models


class Action(models.TextChoices):
    """One value for each kind of audited event. A value never changes, since stored rows name it."""

    USER_CREATED = "user.created", "User created"
    USER_PASSWORD_SET = "user.password_set", "Password set"
    API_KEY_ISSUED = "api_key.issued", "API key issued"
    API_KEY_REVOKED = "api_key.revoked", "API key revoked"
    API_KEY_REFUSED = "api_key.refused", "API key refused"
    QUOTA_SET = "quota.set", "Quota set"
    QUOTA_GRANTED = "quota.granted", "Extra credit granted"
    PRICES_LOADED = "prices.loaded", "Prices loaded"
    MEDIA_UPLOADED = "media.uploaded", "File uploaded"
    MEDIA_DELETED = "media.deleted", "File deleted"
    GENERATION_SUBMITTED = "generation.submitted", "Generation submitted"
    GENERATION_STARTED = "generation.started", "Generation started"
    GENERATION_SUCCEEDED = "generation.succeeded", "Generation succeeded"
    GENERATION_FAILED = "generation.failed", "Generation failed"
    GENERATION_BLOCKED = "generation.blocked", "Generation blocked"
    GENERATION_CANCELED = "generation.canceled", "Generation cancelled"
    GENERATION_ATTEMPT_UNKNOWN = "generation.attempt_unknown", "Outcome of an attempt unknown"


def action_choices() -> list[tuple[str, str]]:
    """For the model: given as a callable, so that a new action is no migration."""
    return list(Action.choices)
