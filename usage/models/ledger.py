"""The ledger: one row per request to a provider, and its roll-up by day."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import CheckConstraint, Q, UniqueConstraint

from hub.common.models import AppendOnlyModel, AppendOnlyQuerySet, HubModel
from hub.common.money import ZERO, MoneyField
from usage.enums import Kind, Outcome, Unit
from usage.models.rules import never_negative, one_of

# The roll-up of a day is spread over this many rows, so that no row is hot.
SHARDS = 8
LONGEST_TAG = 64


class LedgerQuerySet(AppendOnlyQuerySet["UsageLog"]):
    """Reads and inserts, and what the purge may do; the trigger holds it to that."""

    def remove_purged(self) -> int:
        """Deletes rows of long ago; the trigger refuses younger ones and those of a legal hold. Returns how many."""
        return self._raw_delete(self.db)


class UsageLog(AppendOnlyModel):
    """One request to a provider: what it counted, at which prices, what it cost, and how it ended.

    `units` is {unit: count}, `prices` {unit: {"variant", "price_id", "usd"}} per one unit; `reference` is the job,
    `attempt_id` the request. A row that is not `confirmed` is a request whose answer was lost, or broke off in the
    middle (then `cost` is that of what came), to be reconciled.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False)
    api_key_id = models.UUIDField(null=True, blank=True)
    reference = models.UUIDField(db_index=True)
    attempt_id = models.UUIDField(unique=True)
    model = models.CharField(max_length=100)
    kind = models.CharField(max_length=10, choices=Kind)
    units = models.JSONField()
    prices = models.JSONField()
    cost = MoneyField()
    estimate = MoneyField(help_text="What was held for it.")
    latency_ms = models.PositiveBigIntegerField()
    outcome = models.CharField(max_length=10, choices=Outcome)
    confirmed = models.BooleanField(help_text="No: the answer was lost; to be reconciled with the provider's bill.")
    estimated = models.BooleanField(help_text="The provider gave no usage; the units are the hub's own count.")
    over_hold = models.BooleanField(help_text="The cost is above what was held.")
    provider_request_id = models.CharField(max_length=200, blank=True, default="")
    request_id = models.CharField(max_length=64, blank=True, default="")
    tags = ArrayField(
        models.CharField(max_length=LONGEST_TAG), null=True, blank=True, help_text="The job's, as they were then."
    )

    # By these a row leads to somebody: an erasure changes them.
    MAY_SET = (
        *("id", "user", "reference", "attempt_id", "api_key_id", "tags", "provider_request_id", "request_id"),
        "created_at",
    )
    MAY_GO = True

    objects: ClassVar = LedgerQuerySet.as_manager()

    class Meta:
        db_table = "usage_logs"
        ordering = ["-created_at"]
        constraints = [
            one_of("usage_logs", "kind", Kind),
            one_of("usage_logs", "outcome", Outcome),
            *never_negative("usage_logs", "cost", "estimate"),
            CheckConstraint(
                name="usage_logs_unknown_unconfirmed", condition=~Q(outcome=Outcome.UNKNOWN, confirmed=True)
            ),
        ]
        # A user's own sums are read from here alone (index-only), a page of the ledger by its order.
        indexes = [
            models.Index(name="usage_logs_user_created", fields=["user", "created_at"], include=["cost"]),
            models.Index(name="usage_logs_oldest", fields=["created_at", "id"]),
        ]

    def __str__(self) -> str:
        return f"{self.model} {self.outcome}: {self.cost}"


class UsageDaily(HubModel):
    """The sums of `usage_logs` of one UTC day, model and kind; their total is that of its shards together.

    Written in the same transaction as the ledger row, hence equal to the ledger to the last digit.
    """

    day = models.DateField()
    model = models.CharField(max_length=100)
    kind = models.CharField(max_length=10, choices=Kind)
    shard = models.PositiveSmallIntegerField()
    requests = models.PositiveBigIntegerField(default=0)
    cost = MoneyField(default=ZERO)
    input_tokens = models.PositiveBigIntegerField(default=0)
    cached_tokens = models.PositiveBigIntegerField(default=0)
    audio_tokens = models.PositiveBigIntegerField(default=0)
    output_tokens = models.PositiveBigIntegerField(default=0)
    image_tokens = models.PositiveBigIntegerField(default=0)
    video_tokens = models.PositiveBigIntegerField(default=0)
    images = models.PositiveBigIntegerField(default=0)
    video_seconds = models.PositiveBigIntegerField(default=0)
    songs = models.PositiveBigIntegerField(default=0)
    clips = models.PositiveBigIntegerField(default=0)

    class Meta:
        db_table = "usage_daily"
        ordering = ["-day", "model", "kind", "shard"]
        verbose_name_plural = "usage daily"
        constraints = [
            UniqueConstraint(name="usage_daily_one_per_shard", fields=["day", "model", "kind", "shard"]),
            one_of("usage_daily", "kind", Kind),
            CheckConstraint(name="usage_daily_shard_known", condition=Q(shard__lt=SHARDS)),
            *never_negative("usage_daily", "cost"),
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.model}: {self.requests} requests, {self.cost}"

    @staticmethod
    def column(unit: str) -> str:
        """The column that sums this unit; raises ValueError for an unknown one."""
        return f"{Unit(unit).value}s"
