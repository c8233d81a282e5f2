"""What an API key may do."""

from __future__ import annotations

from django.db import models


class Scope(models.TextChoices):
    """One right. Values are part of the API and never change."""

    GENERATIONS_READ = "generations:read"
    GENERATIONS_WRITE = "generations:write"
    MEDIA_READ = "media:read"
    MEDIA_WRITE = "media:write"
    USAGE_READ = "usage:read"
    KEYS_READ = "keys:read"
    KEYS_WRITE = "keys:write"
    ACCOUNT_READ = "account:read"
    ACCOUNT_EXPORT = "account:export"
    ACCOUNT_ERASE = "account:erase"
    WEBHOOKS_READ = "webhooks:read"
    WEBHOOKS_WRITE = "webhooks:write"


ALL_SCOPES: tuple[str, ...] = tuple(Scope.values)
