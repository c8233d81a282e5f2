"""The work: one generation, and each call it made to a provider."""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now

from hub.common.fields import EncryptedJSONField, EncryptedTextField
from hub.common.models import HubModel
from hub.common.money import MoneyField


class GenerationQuerySet(models.QuerySet["Generation"]):
    """Adjectives of generations."""

    def open(self) -> GenerationQuerySet:
        """Not ended yet."""
        return self.filter(status__in=Generation.OPEN)

    def free(self) -> GenerationQuerySet:
        """Held by no worker at this moment of the database's clock."""
        return self.filter(models.Q(lease_expires_at=None) | models.Q(lease_expires_at__lte=Now()))

    def due(self) -> GenerationQuerySet:
        """Waiting for nothing."""
        return self.filter(models.Q(next_check_at=None) | models.Q(next_check_at__lte=Now()))

    def admitted(self) -> GenerationQuerySet:
        """That the workers may take."""
        return self.filter(admitted_at__isnull=False)

    def waiting(self) -> GenerationQuerySet:
        """Held back by their owner's concurrency share, oldest first."""
        # All of them are queued; said as the index of those in flight says it, that index alone answers. Ordered by the
        # null too: for an order by id alone PostgreSQL may walk through the primary key.
        return self.open().filter(admitted_at=None).order_by("admitted_at", "id")


class Generation(HubModel):
    """One job of a user.

    `estimate` is what was held, the most it can cost; `rates` the prices at that moment, at which it is settled. From
    `admitted_at` on the workers may take it; until then its owner's concurrency share holds it back. The lease says
    which worker holds the job until when; `next_check_at` when the next step may be taken.
    """

    class Kind(models.TextChoices):
        TEXT = "text"
        IMAGE = "image"
        VIDEO = "video"
        MUSIC = "music"

    class Status(models.TextChoices):
        QUEUED = "queued"
        RUNNING = "running"
        SUCCEEDED = "succeeded"
        FAILED = "failed"
        BLOCKED = "blocked"
        CANCELED = "canceled"

    OPEN = (Status.QUEUED, Status.RUNNING)
    # A paid call of these kinds whose answer was lost may be sent again (each time a row of its own); of others never.
    RESENDABLE = (Kind.TEXT, Kind.IMAGE)

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    api_key = models.ForeignKey("users.ApiKey", on_delete=models.PROTECT, related_name="+", null=True)
    kind = models.CharField(max_length=8, choices=Kind.choices)
    model = models.CharField(max_length=100)
    # Kept with the job: a model that leaves the catalogue must not strand the jobs that are running on it.
    adapter = models.CharField(max_length=20)
    prompt = EncryptedTextField()
    parameters = EncryptedJSONField(default=dict)
    tags = ArrayField(models.CharField(max_length=64), default=list)
    # Its client wants the text piece by piece, so the provider is asked for it that way.
    streamed = models.BooleanField(default=False, db_default=False)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.QUEUED)

    estimate = MoneyField()
    cost = MoneyField(null=True)
    rates = models.JSONField()
    variants = models.JSONField(default=dict)
    units = models.JSONField(default=dict)
    texts = EncryptedJSONField(null=True)

    error_code = models.CharField(max_length=60, default="", blank=True)
    error_message = models.CharField(max_length=500, default="", blank=True)
    error_stage = models.CharField(max_length=20, default="", blank=True)
    charged = models.BooleanField(default=False)
    retryable = models.BooleanField(default=False)

    request_id = models.CharField(max_length=64)
    idempotency_key = models.CharField(max_length=255, default="", blank=True)
    request_hash = models.CharField(max_length=64, default="", blank=True)
    quote_id = models.UUIDField(null=True, blank=True)

    admitted_at = models.DateTimeField(null=True)
    attempts_made = models.PositiveSmallIntegerField(default=0)
    lease_token = models.UUIDField(null=True)
    lease_expires_at = models.DateTimeField(null=True)
    next_check_at = models.DateTimeField(null=True)
    cancel_requested_at = models.DateTimeField(null=True)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    # Since then prompt, parameters and texts are empty: their time was over.
    texts_purged_at = models.DateTimeField(null=True, blank=True)

    objects = GenerationQuerySet.as_manager()

    class Meta:
        db_table = "generations"
        indexes = [
            models.Index(fields=["owner", "-created_at", "-id"], name="generations_owner_newest"),
            # Ready for a worker: the queue of a kind.
            models.Index(
                fields=["kind", "admitted_at", "id"],
                name="generations_ready",
                condition=models.Q(status="queued", admitted_at__isnull=False),
            ),
            # One user's of a kind: those admitted, then those held back, oldest first.
            models.Index(
                fields=["owner", "kind", "admitted_at", "id"],
                name="generations_in_flight",
                condition=models.Q(status__in=["queued", "running"]),
            ),
            models.Index(
                fields=["finished_at", "id"],
                name="generations_with_texts",
                condition=models.Q(finished_at__isnull=False, texts_purged_at=None),
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["owner", "idempotency_key"],
                condition=~models.Q(idempotency_key=""),
                name="generations_idempotency_key",
            ),
            models.CheckConstraint(
                condition=models.Q(kind__in=["text", "image", "video", "music"]), name="generations_kind"
            ),
            models.CheckConstraint(
                condition=models.Q(status__in=["queued", "running"], finished_at=None)
                | models.Q(status__in=["succeeded", "failed", "blocked", "canceled"], finished_at__isnull=False),
                name="generations_status_finished",
            ),
            models.CheckConstraint(
                condition=models.Q(lease_token=None, lease_expires_at=None)
                | models.Q(lease_token__isnull=False, lease_expires_at__isnull=False),
                name="generations_lease_whole",
            ),
            models.CheckConstraint(condition=models.Q(estimate__gte=0), name="generations_estimate_positive"),
            models.CheckConstraint(
                condition=models.Q(cost=None) | models.Q(cost__gte=0), name="generations_cost_positive"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.id}"

    @property
    def folder(self) -> str:
        """Where in storage its files lie."""
        return f"generations/{self.id.hex[-2:]}/{self.id}"


class Quote(HubModel):
    """A price that was promised until `expires_at`: `rates` are the prices then, `amount` what would be held."""

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False)
    model = models.CharField(max_length=100)
    request_hash = models.CharField(max_length=64)
    rates = models.JSONField()
    amount = MoneyField()
    expires_at = models.DateTimeField()

    class Meta:
        db_table = "quotes"
        indexes = [models.Index(fields=["owner", "expires_at"], name="quotes_owner_expires")]
        constraints = [
            models.CheckConstraint(condition=models.Q(amount__gte=0), name="quotes_amount_not_negative"),
            models.CheckConstraint(
                condition=models.Q(expires_at__gt=models.F("created_at")), name="quotes_expires_after_start"
            ),
        ]

    def __str__(self) -> str:
        return f"quote {self.id}"


class GenerationAttempt(HubModel):
    """One call to a provider, recorded BEFORE it is made.

    `sent` the call is on its way, `pending` the provider named an operation, `stored` its answer and files are safe and
    only the books are open; the others are ends. `answer` is the journal that finishes a job whose worker died.
    """

    class State(models.TextChoices):
        SENT = "sent"
        PENDING = "pending"
        STORED = "stored"
        SUCCEEDED = "succeeded"
        BLOCKED = "blocked"
        FAILED = "failed"
        CANCELED = "canceled"
        UNKNOWN = "unknown"

    OPEN = (State.SENT, State.PENDING, State.STORED)
    WITHOUT_ANSWER = (State.FAILED, State.CANCELED, State.UNKNOWN)

    generation = models.ForeignKey(Generation, on_delete=models.PROTECT, related_name="attempts")
    number = models.PositiveSmallIntegerField()
    state = models.CharField(max_length=10, choices=State.choices, default=State.SENT)
    operation_name = models.CharField(max_length=500, default="", blank=True)
    answer = EncryptedJSONField(null=True)
    error_code = models.CharField(max_length=60, default="", blank=True)
    provider_request_id = models.CharField(max_length=200, default="", blank=True)
    latency_ms = models.PositiveIntegerField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "generation_attempts"
        constraints = [
            models.UniqueConstraint(fields=["generation", "number"], name="generation_attempts_number"),
            models.UniqueConstraint(
                fields=["generation"],
                condition=models.Q(state__in=["sent", "pending", "stored"]),
                name="generation_attempts_one_open",
            ),
            models.CheckConstraint(
                condition=models.Q(
                    state__in=["sent", "pending", "stored", "succeeded", "blocked", "failed", "canceled", "unknown"]
                ),
                name="generation_attempts_state",
            ),
        ]

    def __str__(self) -> str:
        return f"attempt {self.number} of {self.generation_id}"

    @property
    def file_prefix(self) -> str:
        """What the names of this call's files begin with, in the folder of its generation."""
        return f"{self.number}-"
