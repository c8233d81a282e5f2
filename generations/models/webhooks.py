"""Where a user wants to be told what becomes of their generations, and what was sent there: the outbox."""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from generations.models.work import Generation
from hub.common.fields import EncryptedTextField
from hub.common.models import HubModel

LONGEST_DESCRIPTION = 200


class Event(models.TextChoices):
    """What can be told. Values are part of the API and never change; what follows the dot is the job's status."""

    STARTED = "generation.started"
    SUCCEEDED = "generation.succeeded"
    FAILED = "generation.failed"
    BLOCKED = "generation.blocked"
    CANCELED = "generation.canceled"


class WebhookEndpointQuerySet(models.QuerySet["WebhookEndpoint"]):
    """Adjectives of endpoints."""

    def kept(self) -> WebhookEndpointQuerySet:
        """Not deleted."""
        return self.filter(deleted_at=None)

    def enabled(self) -> WebhookEndpointQuerySet:
        """Sent to."""
        return self.kept().filter(disabled_at=None)

    def subscribed(self, event: str) -> WebhookEndpointQuerySet:
        """To this event: it names it, or names none and so takes all."""
        return self.filter(Q(events__len=0) | Q(events__contains=[event]))


class WebhookEndpoint(HubModel):
    """One URL of a user's. It and the secret are sealed: a URL often holds a token of the receiver's.

    While `previous_secret_until` lies ahead, both secrets sign. A deleted one stays as an empty row, so that a job that
    is ending at that moment finds what it refers to.
    """

    class Disabled(models.TextChoices):
        """Why nothing is sent: the receiver said 410, it failed for days, or its owner wished so."""

        GONE = "gone"
        FAILING = "failing"
        PAUSED = "paused"

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    url = EncryptedTextField()
    secret = EncryptedTextField()
    previous_secret = EncryptedTextField(null=True)
    previous_secret_until = models.DateTimeField(null=True)
    events = ArrayField(models.CharField(max_length=40), default=list)
    description = models.CharField(max_length=LONGEST_DESCRIPTION, default="", blank=True)
    disabled_at = models.DateTimeField(null=True)
    disabled_reason = models.CharField(max_length=10, choices=Disabled.choices, default="", blank=True)
    failing_since = models.DateTimeField(null=True)
    consecutive_failures = models.PositiveIntegerField(default=0)
    deleted_at = models.DateTimeField(null=True)

    objects = WebhookEndpointQuerySet.as_manager()

    class Meta:
        db_table = "webhook_endpoints"
        indexes = [
            models.Index(
                fields=["owner", "-created_at", "-id"],
                name="webhook_endpoints_of_owner",
                condition=Q(deleted_at=None),
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(disabled_at=None, disabled_reason="")
                | Q(disabled_at__isnull=False, disabled_reason__in=["gone", "failing", "paused"]),
                name="webhook_endpoints_disabled_why",
            ),
            models.CheckConstraint(
                condition=Q(previous_secret__isnull=True, previous_secret_until=None)
                | Q(previous_secret__isnull=False, previous_secret_until__isnull=False),
                name="webhook_endpoints_overlap_whole",
            ),
            models.CheckConstraint(
                condition=Q(failing_since=None, consecutive_failures=0)
                | Q(failing_since__isnull=False, consecutive_failures__gt=0),
                name="webhook_endpoints_failing_whole",
            ),
        ]

    def __str__(self) -> str:
        # Never the URL: this text ends up in the admin's log and in messages.
        return f"webhook endpoint {self.id}"

    @property
    def is_enabled(self) -> bool:
        """Whether it is sent to."""
        return self.disabled_at is None and self.deleted_at is None


class WebhookDeliveryQuerySet(models.QuerySet["WebhookDelivery"]):
    """Adjectives of deliveries."""

    def pending(self) -> WebhookDeliveryQuerySet:
        """To be sent."""
        return self.filter(state=WebhookDelivery.State.PENDING)

    def due(self) -> WebhookDeliveryQuerySet:
        """To be sent at this moment of the database's clock."""
        return self.pending().filter(next_attempt_at__lte=Now())


class WebhookDelivery(HubModel):
    """One event for one endpoint: the outbox, written with the job.

    `attempts` counts those begun, and is what a worker's later write is conditional on; while it sends,
    `next_attempt_at` is when another worker may take over. `failed`: every attempt failed, or the receiver is gone;
    `abandoned`: the endpoint was disabled or deleted meanwhile.
    """

    class State(models.TextChoices):
        PENDING = "pending"
        DELIVERED = "delivered"
        FAILED = "failed"
        ABANDONED = "abandoned"

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False)
    endpoint = models.ForeignKey(WebhookEndpoint, on_delete=models.PROTECT, related_name="deliveries", db_index=False)
    event_id = models.UUIDField()
    event_type = models.CharField(max_length=40, choices=Event.choices)
    generation = models.ForeignKey(Generation, on_delete=models.PROTECT, related_name="+")
    payload = models.JSONField()
    redelivery_of = models.ForeignKey("self", on_delete=models.PROTECT, related_name="+", null=True, db_index=False)
    state = models.CharField(max_length=10, choices=State.choices, default=State.PENDING)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_attempt_at = models.DateTimeField(null=True)
    last_response_code = models.PositiveSmallIntegerField(null=True)
    last_error = models.CharField(max_length=40, default="", blank=True)
    delivered_at = models.DateTimeField(null=True)

    objects = WebhookDeliveryQuerySet.as_manager()

    class Meta:
        db_table = "webhook_deliveries"
        verbose_name_plural = "webhook deliveries"
        indexes = [
            models.Index(fields=["owner", "-created_at", "-id"], name="webhook_deliveries_newest"),
            models.Index(fields=["endpoint", "-created_at", "-id"], name="webhook_deliveries_of_endpoint"),
            models.Index(fields=["event_id"], name="webhook_deliveries_event"),
            models.Index(
                fields=["endpoint", "next_attempt_at"],
                name="webhook_deliveries_pending",
                condition=Q(state="pending"),
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["event_id", "endpoint"],
                condition=Q(redelivery_of=None),
                name="webhook_deliveries_once",
            ),
            models.CheckConstraint(
                condition=Q(state="pending", next_attempt_at__isnull=False)
                | Q(state__in=["delivered", "failed", "abandoned"], next_attempt_at=None),
                name="webhook_deliveries_state",
            ),
            models.CheckConstraint(
                condition=Q(state="delivered", delivered_at__isnull=False)
                | (~Q(state="delivered") & Q(delivered_at=None)),
                name="webhook_deliveries_delivered_at",
            ),
            models.CheckConstraint(
                condition=Q(
                    event_type__in=[
                        "generation.started",
                        "generation.succeeded",
                        "generation.failed",
                        "generation.blocked",
                        "generation.canceled",
                    ]
                ),
                name="webhook_deliveries_event_type",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.event_type} of {self.generation_id}"
