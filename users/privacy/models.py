"""What was asked for under the rights over one's own data, and what came of it."""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from hub.common.fields import EncryptedTextField
from hub.common.models import HubModel

LONGEST_CODE = 60


class PrivacyRequest(HubModel):
    """One export, erasure or reveal. It outlives an erasure as its proof, without the reason that was given.

    `asked_by` is the id of who asked, the user or somebody of the staff; None: an operator's command. `codes` say why
    it was refused, or what it waits for. `storage` and `key` are where the ZIP of an export lies, until `expires_at`.
    An erasure is `done` when its transaction is; `logged_at` says that the log outside of the database has it, and
    `verified_at` that nothing was found any more, here, in storage and at the providers.
    """

    class Kind(models.TextChoices):
        EXPORT = "export"
        ANONYMISE = "anonymise"
        REVEAL = "reveal"

    class Status(models.TextChoices):
        PENDING = "pending"
        RUNNING = "running"
        DONE = "done"
        REFUSED = "refused"
        CANCELED = "canceled"

    OPEN = (Status.PENDING, Status.RUNNING)

    # The index of this key is the one of the list, below.
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False)
    kind = models.CharField(max_length=10, choices=Kind.choices)
    asked_by = models.UUIDField(null=True, blank=True)
    reason = EncryptedTextField(null=True, blank=True)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.PENDING)
    codes = ArrayField(models.CharField(max_length=LONGEST_CODE), default=list, blank=True)
    counts = models.JSONField(default=dict, blank=True)
    receipt = models.JSONField(null=True, blank=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    logged_at = models.DateTimeField(null=True, blank=True)
    verified_at = models.DateTimeField(null=True, blank=True)
    storage = models.CharField(max_length=16, blank=True, default="")
    key = models.CharField(max_length=200, blank=True, default="")
    bytes = models.PositiveBigIntegerField(null=True, blank=True)
    sha256 = models.CharField(max_length=64, blank=True, default="")
    expires_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "privacy_requests"
        indexes = [
            models.Index(fields=["user", "-created_at", "-id"], name="privacy_requests_of_user"),
            models.Index(
                fields=["created_at"],
                name="privacy_requests_open",
                condition=Q(status__in=["pending", "running"])
                | Q(kind="anonymise", status="done", verified_at__isnull=True),
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["user", "kind"],
                condition=Q(status__in=["pending", "running"]),
                name="privacy_requests_one_open",
            ),
            models.CheckConstraint(
                condition=Q(kind__in=["export", "anonymise", "reveal"]), name="privacy_requests_kind_known"
            ),
            models.CheckConstraint(
                condition=Q(status__in=["pending", "running"], finished_at__isnull=True)
                | Q(status__in=["done", "refused", "canceled"], finished_at__isnull=False),
                name="privacy_requests_status_finished",
            ),
            models.CheckConstraint(
                condition=Q(verified_at__isnull=True) | Q(kind="anonymise", status="done", logged_at__isnull=False),
                name="privacy_requests_verified_when_done",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.id}"
