"""The audit trail: who did what to whom, and when. Rows are written once."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from django.db import models

from audit.actions import action_choices
from audit.encoding import ExactEncoder
from audit.merkle import HASH_BYTES
from hub.common.fields import BlindIndexField, EncryptedTextField
from hub.common.keyring import LONGEST_KID
from hub.common.models import AppendOnlyModel, AppendOnlyQuerySet

LONGEST_ACTION = 64
LONGEST_LABEL = 100
LONGEST_TARGET_TYPE = 40
LONGEST_REQUEST_ID = 64


class EntryQuerySet(AppendOnlyQuerySet["AuditLog"]):
    """Reads and inserts, and what the sealer and the purge may do; the trigger holds them to it."""

    def waiting(self) -> EntryQuerySet:
        """Those that no seal has yet, in their order."""
        return self.filter(seal_number__isnull=True).order_by("created_at", "id")

    def put_under(self, number: int) -> int:
        """Writes the seal's number to those that have none; returns how many."""
        return models.QuerySet.update(self.filter(seal_number__isnull=True), seal_number=number)

    def remove_purged(self) -> int:
        """Deletes rows whose seal is marked as purged; the trigger refuses any other. Returns how many."""
        return models.QuerySet.delete(self)[0]


class AuditLog(AppendOnlyModel):
    """One thing that happened.

    The actor is a UUID with a label, not a foreign key: the row outlives the account. `subject_id` is the user whom it
    concerns: whose object it was done to; without another one the actor. `data` holds neither secrets nor
    personal data. The IP is sealed, with its keyed digest beside it. A row allows three changes: the sealer writes the
    number of its seal once, a rotation of keys seals the IP anew, and an erasure blanks it; no seal covers the IP.
    """

    actor_id = models.UUIDField(null=True, blank=True)
    actor_label = models.CharField(max_length=LONGEST_LABEL, blank=True)
    action = models.CharField(max_length=LONGEST_ACTION, choices=action_choices)
    target_type = models.CharField(max_length=LONGEST_TARGET_TYPE, blank=True)
    target_id = models.UUIDField(null=True, blank=True)
    request_id = models.CharField(max_length=LONGEST_REQUEST_ID, blank=True)
    subject_id = models.UUIDField(null=True, blank=True)
    ip = EncryptedTextField(null=True, blank=True)
    ip_digest = BlindIndexField(null=True, blank=True)
    data = models.JSONField(default=dict, blank=True, encoder=ExactEncoder)
    seal_number = models.BigIntegerField(null=True, blank=True, editable=False)

    MAY_SET = ("ip", "seal_number")
    MAY_GO = True
    LASTING_INDEXES: ClassVar[dict[str, str]] = {"ip_digest": "the seals of the trail cover it"}

    objects: ClassVar = EntryQuerySet.as_manager()

    class Meta:
        db_table = "audit_logs"
        verbose_name = "audit entry"
        verbose_name_plural = "audit entries"
        indexes = [
            models.Index(fields=["-created_at", "-id"], name="audit_logs_newest"),
            models.Index(fields=["action", "-created_at"], name="audit_logs_by_action"),
            models.Index(
                fields=["actor_id", "-created_at"],
                name="audit_logs_by_actor",
                condition=models.Q(actor_id__isnull=False),
            ),
            models.Index(
                fields=["subject_id", "-created_at", "-id"],
                name="audit_logs_by_subject",
                condition=models.Q(subject_id__isnull=False),
            ),
            models.Index(
                fields=["target_id", "-created_at"],
                name="audit_logs_by_target",
                condition=models.Q(target_id__isnull=False),
            ),
            models.Index(
                fields=["created_at", "id"],
                name="audit_logs_unsealed",
                condition=models.Q(seal_number__isnull=True),
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(target_type="", target_id__isnull=True)
                | (~models.Q(target_type="") & models.Q(target_id__isnull=False)),
                name="audit_logs_whole_target",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.id}"


class SealQuerySet(AppendOnlyQuerySet["AuditSeal"]):
    """Reads and inserts, and the one mark that the purge sets."""

    def mark_purged(self, *, at: datetime) -> int:
        """Notes that the entries go, and forgets their hashes; the trigger refuses it for what was not exported."""
        return models.QuerySet.update(self.filter(purged_at__isnull=True), purged_at=at, leaves=None)


class AuditSeal(AppendOnlyModel):
    """A seal over a batch of entries: the root of their Merkle tree, chained to the seal before (docs/AUDIT.md).

    `created_at` is the moment of sealing by the database's clock. `leaves` holds, for each entry in its order, the 16
    bytes of its id and the 32 of its hash, so that a check can name what was changed; the root proves it.
    """

    number = models.BigIntegerField(unique=True)
    version = models.PositiveSmallIntegerField()
    trail = models.UUIDField()
    previous = models.BinaryField(max_length=HASH_BYTES)
    root = models.BinaryField(max_length=HASH_BYTES)
    hash = models.BinaryField(max_length=HASH_BYTES)
    count = models.PositiveIntegerField()
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()
    # Entries that were written before this moment and could be seen had been taken: by this seal or one before.
    covers_until = models.DateTimeField()
    leaves = models.BinaryField(null=True)
    purged_at = models.DateTimeField(null=True, blank=True)

    MAY_SET = ("purged_at", "leaves")

    objects: ClassVar = SealQuerySet.as_manager()

    class Meta:
        db_table = "audit_seals"
        indexes = [models.Index(fields=["first_at", "number"], name="audit_seals_by_time")]
        constraints = [
            models.CheckConstraint(condition=models.Q(number__gte=1, count__gte=1), name="audit_seals_not_empty"),
            models.CheckConstraint(
                condition=models.Q(leaves__isnull=True, purged_at__isnull=False)
                | models.Q(leaves__isnull=False, purged_at__isnull=True),
                name="audit_seals_whole_or_purged",
            ),
        ]

    def __str__(self) -> str:
        return f"seal {self.number}"


class AuditExport(AppendOnlyModel):
    """A file that was written outside of the database: which seals, with their entries or not, signed by which key."""

    first_number = models.BigIntegerField()
    last_number = models.BigIntegerField()
    with_entries = models.BooleanField()
    last_hash = models.BinaryField(max_length=HASH_BYTES)
    sha256 = models.BinaryField(max_length=HASH_BYTES)
    kid = models.CharField(max_length=LONGEST_KID)

    class Meta:
        db_table = "audit_exports"
        indexes = [models.Index(fields=["last_number"], name="audit_exports_by_seal")]

    def __str__(self) -> str:
        return f"seals {self.first_number} to {self.last_number}"
