"""The audit trail: who did what to whom, and when. Rows are written once."""

from __future__ import annotations

from django.db import models

from audit.actions import action_choices
from audit.encoding import ExactEncoder
from hub.common.fields import BlindIndexField, EncryptedTextField
from hub.common.models import AppendOnlyModel

LONGEST_ACTION = 64
LONGEST_LABEL = 100
LONGEST_TARGET_TYPE = 40
LONGEST_REQUEST_ID = 64


class AuditLog(AppendOnlyModel):
    """One thing that happened.

    The actor is a UUID with a label, not a foreign key: the row outlives the account. `subject_id` is the user whom it
    concerns: whose object it was done to; without another one the actor. `data` holds neither secrets nor
    personal data. The IP is sealed, with its keyed digest beside it; to blank it is the one change that a row allows.
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
