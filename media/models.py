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

    # The index of this key is the one of the list, below.
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False)
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
    key = models.CharField(max_length=200)
    # The client's name for an upload; none for what a generation made, and given up when the file is deleted.
    idempotency_key = models.CharField(max_length=255, default="", db_default="", blank=True)
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
            # Not unique=True, which would make a second index, for LIKE.
            models.UniqueConstraint(fields=["key"], name="media_key_once"),
            models.UniqueConstraint(fields=["reference", "position"], name="media_reference_position"),
            models.UniqueConstraint(
                fields=["owner", "idempotency_key"],
                condition=~models.Q(idempotency_key=""),
                name="media_idempotency_key",
            ),
            models.CheckConstraint(condition=models.Q(kind__in=["image", "video", "audio"]), name="media_kind"),
            models.CheckConstraint(condition=models.Q(sha256__regex=r"^[0-9a-f]{64}$"), name="media_sha256"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.id}"


class Removal(HubModel):
    """An object in storage that is to go at `not_before`: its row was deleted, or is not written yet.

    Written before an upload is stored and taken back with its row; written with the deletion of a row. Whatever dies in
    between, the sweep finds here what is left over. `erasure_id` is the request that waits for it to be gone.
    """

    storage = models.CharField(max_length=16)
    key = models.CharField(max_length=200)
    not_before = models.DateTimeField()
    erasure_id = models.UUIDField(null=True)

    class Meta:
        db_table = "media_removals"
        indexes = [
            models.Index(fields=["not_before"], name="media_removals_due"),
            models.Index(
                fields=["erasure_id"], name="media_removals_of_erasure", condition=models.Q(erasure_id__isnull=False)
            ),
        ]
        constraints = [
            models.UniqueConstraint(fields=["key"], name="media_removals_key_once"),
            models.CheckConstraint(condition=~models.Q(key=""), name="media_removals_key"),
        ]

    def __str__(self) -> str:
        return f"removal {self.id}"
