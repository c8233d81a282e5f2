"""What this app holds of a person, and what becomes of it (see hub/common/personal_data.py). All of it goes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from generations.live.feed import KEPT_SECONDS
from generations.models import (
    Generation,
    GenerationAttempt,
    GenerationInput,
    ProviderTrace,
    Quote,
    WebhookDelivery,
    WebhookEndpoint,
)
from generations.services import forget
from hub.common.errors import HubError
from hub.common.personal_data import DELETE, EXPORT, Counts, Erasure, Holdings, Table, classified
from users.privacy.errors import JobsRunning

WORKS = "provider_works"


class GenerationsHoldings(Holdings):
    """The tables below, and what providers keep under a name."""

    def blocks(self, user_id: UUID) -> Sequence[HubError]:
        """Jobs that have not ended."""
        running = Generation.objects.open().filter(owner_id=user_id).count()
        return [JobsRunning(running=running)] if running else ()

    def outside(self, user_id: UUID) -> Counts:
        """Operations."""
        return {WORKS: forget.operations_of(user_id).count()}

    def note(self, erasure: Erasure) -> Counts:
        """Operations are written down; what followers were told is forgotten on commit."""
        lately = timezone.now() - timedelta(seconds=2 * KEPT_SECONDS)
        jobs = Generation.objects.filter(owner_id=erasure.user_id, finished_at__gte=lately)
        told = list(jobs.values_list("id", flat=True))
        transaction.on_commit(lambda: forget.forget_logs(told), robust=True)
        return {WORKS: forget.note(user_id=erasure.user_id, erasure_id=erasure.id)}

    def clean_up(self, erasure_id: UUID) -> None:
        """Has the providers forget them."""
        forget.forget_all(erasure_id=erasure_id)

    def pending(self, erasure_id: UUID) -> Counts:
        """Those that were not asked for yet."""
        return {WORKS: forget.outcome(erasure_id=erasure_id).get(ProviderTrace.State.PENDING, 0)}

    def outcome(self, erasure_id: UUID) -> Counts:
        """How many are forgotten, and how many the provider does not delete."""
        return {f"{WORKS}_{state}": n for state, n in forget.outcome(erasure_id=erasure_id).items()}

    def close(self, erasure_id: UUID) -> None:
        """What it was is no longer needed."""
        ProviderTrace.objects.filter(erasure_id=erasure_id).delete()


HOLDINGS = GenerationsHoldings(
    Table(
        model=WebhookDelivery,
        of=lambda user_id: WebhookDelivery.objects.filter(owner_id=user_id),
        columns=classified(
            {
                DELETE: "owner redelivery_of next_attempt_at",
                DELETE | EXPORT: "id created_at endpoint event_id event_type generation payload state attempts"
                " last_response_code last_error delivered_at",
            }
        ),
    ),
    Table(
        model=WebhookEndpoint,
        of=lambda user_id: WebhookEndpoint.objects.filter(owner_id=user_id),
        columns=classified(
            {
                DELETE: "owner secret previous_secret previous_secret_until failing_since consecutive_failures",
                DELETE | EXPORT: "id created_at url events description disabled_at disabled_reason deleted_at",
            }
        ),
    ),
    Table(
        model=GenerationInput,
        of=lambda user_id: GenerationInput.objects.filter(generation__owner_id=user_id),
        columns=classified({DELETE | EXPORT: "id created_at generation media position role"}),
    ),
    Table(
        model=GenerationAttempt,
        of=lambda user_id: GenerationAttempt.objects.filter(generation__owner_id=user_id),
        columns=classified(
            {
                DELETE: "answer",
                DELETE | EXPORT: "id created_at generation number state operation_name error_code provider_request_id"
                " latency_ms finished_at",
            }
        ),
    ),
    Table(
        model=Generation,
        of=lambda user_id: Generation.objects.filter(owner_id=user_id),
        columns=classified(
            {
                DELETE: "owner adapter rates variants request_hash lease_token lease_expires_at next_check_at streamed",
                DELETE | EXPORT: "id created_at api_key kind model prompt parameters tags status estimate cost units"
                " texts error_code error_message error_stage charged retryable request_id idempotency_key quote_id"
                " attempts_made cancel_requested_at admitted_at started_at finished_at texts_purged_at",
            }
        ),
    ),
    Table(
        model=Quote,
        of=lambda user_id: Quote.objects.filter(owner_id=user_id),
        columns=classified(
            {DELETE: "owner request_hash rates", DELETE | EXPORT: "id created_at model amount expires_at"}
        ),
    ),
    nobody={
        "provider_traces": "what providers are to forget; whose it was is not in it, and it goes when that is done",
    },
)
