"""What is known of a file. The bytes themselves are in object storage, never in the database."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from hub.common.models import HubModel


class Media(HubModel):
    """One stored file: metadata and a pointer (`storage`, `key`). `reference` is the UUID of the work that made it."""

    class Kind(models.TextChoices):
        IMAGE = "image"
        VIDEO = "video"
        AUDIO = "audio"

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    reference = models.UUIDField(null=True)
    position = models.PositiveSmallIntegerField(default=0)
    kind = models.CharField(max_length=8, choices=Kind.choices)
    mime_type = models.CharField(max_length=100)
    bytes = models.PositiveBigIntegerField()
    sha256 = models.CharField(max_length=64)
    width = models.PositiveIntegerField(null=True)
    height = models.PositiveIntegerField(null=True)
    duration_seconds = models.DecimalField(max_digits=10, decimal_places=3, null=True)
    storage = models.CharField(max_length=16)
    key = models.CharField(max_length=200, unique=True)
    expires_at = models.DateTimeField(null=True)
    deleted_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "media"
        verbose_name_plural = "media"
        indexes = [
            models.Index(fields=["owner", "-created_at", "-id"], name="media_owner_newest"),
            models.Index(fields=["expires_at"], name="media_expiring", condition=models.Q(deleted_at=None)),
        ]
        constraints = [
            models.UniqueConstraint(fields=["reference", "position"], name="media_reference_position"),
            models.CheckConstraint(condition=models.Q(kind__in=["image", "video", "audio"]), name="media_kind"),
            models.CheckConstraint(condition=models.Q(sha256__regex=r"^[0-9a-f]{64}$"), name="media_sha256"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.id}"
