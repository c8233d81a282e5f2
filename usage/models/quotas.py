"""Who may spend how much, what is spent and held of it, and what was given on top."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import CheckConstraint, Q, UniqueConstraint

from hub.common.models import AppendOnlyModel, AppendOnlyQuerySet, HubModel
from hub.common.money import ZERO, MoneyField
from usage.enums import HoldState, Kind, Period
from usage.models.rules import ends_after_start, never_negative, one_of
from users.models import ApiKey


class Quota(HubModel):
    """A limit on one user's spending on one kind of work, or ("") on every kind: each day, each month, or in total.

    With an API key it is that key's cap: it binds what is spent through the key, and the keys that come from it, alone.
    """

    # The unique constraint below is the index of this key.
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False)
    api_key = models.ForeignKey(
        ApiKey,
        on_delete=models.PROTECT,
        related_name="+",
        null=True,
        blank=True,
        help_text="Empty: it binds the user, through whatever key.",
    )
    kind = models.CharField(max_length=10, choices=Kind, blank=True, default="", help_text="Empty: every kind.")
    period = models.CharField(max_length=10, choices=Period)
    limit = MoneyField(help_text="US dollars in each period.")

    class Meta:
        db_table = "quotas"
        ordering = ["-created_at"]
        constraints = [
            UniqueConstraint(
                name="quotas_one_per_user_key_kind_period",
                fields=["user", "api_key", "kind", "period"],
                nulls_distinct=False,
            ),
            one_of("quotas", "kind", Kind, or_empty=True),
            one_of("quotas", "period", Period),
            *never_negative("quotas", "limit"),
        ]

    def __str__(self) -> str:
        return f"{self.kind or 'every kind'}, {self.period}: {self.limit}"


class QuotaPeriod(HubModel):
    """One period of a quota and what happened in it; made when it is first needed.

    At any moment holds are admitted while spent + held <= limit + active grants. `spent` may pass that line: a cost
    above its hold is recorded in full.
    """

    quota = models.ForeignKey(Quota, on_delete=models.PROTECT, related_name="periods", db_index=False)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True, blank=True)
    limit = MoneyField()
    spent = MoneyField(default=ZERO)
    held = MoneyField(default=ZERO)
    last_updated_at = models.DateTimeField()

    class Meta:
        db_table = "quota_periods"
        ordering = ["-starts_at"]
        constraints = [
            UniqueConstraint(name="quota_periods_one_per_start", fields=["quota", "starts_at"]),
            *never_negative("quota_periods", "limit", "spent", "held"),
            ends_after_start("quota_periods", "starts_at", "ends_at"),
        ]

    def __str__(self) -> str:
        return f"from {self.starts_at:%Y-%m-%d}: {self.spent} spent, {self.held} held of {self.limit}"


class QuotaHold(HubModel):
    """Money set aside for one job until it is settled or released, in the very periods in which it was made."""

    reference = models.UUIDField(unique=True, help_text="The job that it is held for.")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=10, choices=Kind)
    amount = MoneyField()
    state = models.CharField(max_length=10, choices=HoldState, default=HoldState.HELD)
    expires_at = models.DateTimeField(help_text="Then its job is looked at; time alone releases nothing.")
    periods = ArrayField(models.UUIDField(), help_text="The quota periods it is held in.")
    cost = MoneyField(null=True, blank=True, help_text="What was settled.")
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "quota_holds"
        ordering = ["-created_at"]
        constraints = [
            one_of("quota_holds", "kind", Kind),
            one_of("quota_holds", "state", HoldState),
            *never_negative("quota_holds", "amount", "cost"),
            CheckConstraint(name="quota_holds_somewhere", condition=Q(periods__len__gt=0)),
            CheckConstraint(
                name="quota_holds_cost_when_settled",
                condition=Q(state=HoldState.SETTLED, cost__isnull=False)
                | (~Q(state=HoldState.SETTLED) & Q(cost__isnull=True)),
            ),
            CheckConstraint(
                name="quota_holds_closed_when_not_held",
                condition=Q(state=HoldState.HELD, closed_at__isnull=True)
                | (~Q(state=HoldState.HELD) & Q(closed_at__isnull=False)),
            ),
        ]
        indexes = [models.Index(name="quota_holds_open", fields=["expires_at"], condition=Q(state=HoldState.HELD))]

    def __str__(self) -> str:
        return f"{self.amount} {self.state} for {self.reference}"


class GrantQuerySet(AppendOnlyQuerySet["QuotaGrant"]):
    """Grants; the one change they allow is being voided, once."""

    def active(self, at: datetime) -> GrantQuerySet:
        """What counts at that moment."""
        unexpired = Q(expires_at__isnull=True) | Q(expires_at__gt=at)
        return self.filter(unexpired, voided_at__isnull=True, effective_at__lte=at)

    def void(self, *, grant_id: UUID, at: datetime) -> bool:
        """Takes a grant back; False when somebody already did."""
        return bool(models.QuerySet.update(self.filter(pk=grant_id, voided_at__isnull=True), voided_at=at))


class QuotaGrant(AppendOnlyModel):
    """Credit on top of one period's limit, until it expires, is voided, or the period ends."""

    quota_period = models.ForeignKey(QuotaPeriod, on_delete=models.PROTECT, related_name="grants")
    amount = MoneyField()
    reason = models.TextField()
    granted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        null=True,
        blank=True,
        help_text="Empty: an operator's command.",
    )
    effective_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True, blank=True)
    voided_at = models.DateTimeField(null=True, blank=True)

    MAY_SET = ("voided_at", "quota_period", "id", "reason", "created_at", "effective_at")

    objects: ClassVar = GrantQuerySet.as_manager()

    class Meta:
        db_table = "quota_grants"
        ordering = ["-created_at"]
        constraints = [
            CheckConstraint(name="quota_grants_amount_positive", condition=Q(amount__gt=0)),
            CheckConstraint(name="quota_grants_reason_given", condition=~Q(reason="")),
            ends_after_start("quota_grants", "effective_at", "expires_at"),
        ]

    def __str__(self) -> str:
        return f"{self.amount}: {self.reason}"
