"""What can happen: the catalogue of audited actions. Grammar: subject.verb_in_the_past."""

from __future__ import annotations

from django.db import models


class Action(models.TextChoices):
    """One value for each kind of audited event. A value never changes, since stored rows name it."""

    USER_CREATED = "user.created", "User created"
    USER_PASSWORD_SET = "user.password_set", "Password set"
    USER_DORMANCY_TOLD = "user.dormancy_told", "User told of dormancy"
    USER_DORMANCY_ENDED = "user.dormancy_ended", "User no longer dormant"
    USER_SUSPENDED = "user.suspended", "User suspended"
    USER_RESTORED = "user.restored", "User no longer suspended"
    USER_ANONYMISED = "user.anonymised", "User anonymised"
    LEGAL_HOLD_SET = "legal_hold.set", "Legal hold set"
    LEGAL_HOLD_LIFTED = "legal_hold.lifted", "Legal hold lifted"
    PRIVACY_EXPORT_REQUESTED = "privacy.export_requested", "Export requested"
    PRIVACY_EXPORT_BUILT = "privacy.export_built", "Export built"
    PRIVACY_EXPORT_DOWNLOADED = "privacy.export_downloaded", "Export downloaded"
    PRIVACY_ERASURE_REQUESTED = "privacy.erasure_requested", "Erasure requested"
    PRIVACY_ERASURE_REFUSED = "privacy.erasure_refused", "Erasure refused"
    PRIVACY_ERASURE_VERIFIED = "privacy.erasure_verified", "Erasure verified"
    API_KEY_ISSUED = "api_key.issued", "API key issued"
    API_KEY_ROTATED = "api_key.rotated", "API key rotated"
    API_KEY_REVOKED = "api_key.revoked", "API key revoked"
    API_KEY_REFUSED = "api_key.refused", "API key refused"
    QUOTA_SET = "quota.set", "Quota set"
    QUOTA_GRANTED = "quota.granted", "Extra credit granted"
    PRICES_LOADED = "prices.loaded", "Prices loaded"
    QUOTE_MADE = "quote.made", "Quote made"
    MEDIA_UPLOADED = "media.uploaded", "File uploaded"
    MEDIA_DELETED = "media.deleted", "File deleted"
    GENERATION_SUBMITTED = "generation.submitted", "Generation submitted"
    GENERATION_STARTED = "generation.started", "Generation started"
    GENERATION_SUCCEEDED = "generation.succeeded", "Generation succeeded"
    GENERATION_FAILED = "generation.failed", "Generation failed"
    GENERATION_BLOCKED = "generation.blocked", "Generation blocked"
    GENERATION_CANCELED = "generation.canceled", "Generation cancelled"
    GENERATION_ATTEMPT_UNKNOWN = "generation.attempt_unknown", "Outcome of an attempt unknown"
    WEBHOOK_ENDPOINT_CREATED = "webhook_endpoint.created", "Webhook endpoint created"
    WEBHOOK_ENDPOINT_CHANGED = "webhook_endpoint.changed", "Webhook endpoint changed"
    WEBHOOK_ENDPOINT_ENABLED = "webhook_endpoint.enabled", "Webhook endpoint enabled"
    WEBHOOK_ENDPOINT_DISABLED = "webhook_endpoint.disabled", "Webhook endpoint disabled"
    WEBHOOK_ENDPOINT_DELETED = "webhook_endpoint.deleted", "Webhook endpoint deleted"
    WEBHOOK_ENDPOINT_SECRET_ROTATED = "webhook_endpoint.secret_rotated", "Secret of a webhook endpoint rotated"
    WEBHOOK_DELIVERY_REPEATED = "webhook_delivery.repeated", "Webhook delivered again by hand"
    PURGE_RAN = "purge.ran", "Purge ran"
    ENCRYPTION_ROTATED = "encryption.rotated", "Stored values rewritten under newer keys"
    AUDIT_EXPORTED = "audit.exported", "Audit trail exported"


def action_choices() -> list[tuple[str, str]]:
    """For the model: given as a callable, so that a new action is no migration."""
    return list(Action.choices)
