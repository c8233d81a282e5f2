"""A price before the work: the most it would cost, whether it would be admitted, and a promise of that price."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from django.db import transaction
from django.utils import timezone

from audit import services as audit
from audit.actions import Action
from generations.errors import TooManyJobs
from generations.models import Quote
from generations.services import admission
from generations.services.admission import Lane
from generations.services.digest import digest
from generations.services.submit import Order, Priced, price
from hub.common.errors import HubError
from usage.errors import NoQuota, QuotaExceeded, QuotaHeld
from usage.pricing import RateCard
from usage.selectors import QuotaStatus, quota_statuses
from users.models import ApiKey

HONOURED = timedelta(minutes=10)
# An expired quote is told from an unknown one for this long.
REMEMBERED = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Offered:
    """A quote, and where it stands now. `refusal` is why a generation would not be admitted; None when it would."""

    quote: Quote
    priced: Priced
    statuses: Sequence[QuotaStatus]
    refusal: type[HubError] | None

    @property
    def prices(self) -> Mapping[str, Mapping[str, str]]:
        """{unit: {"variant", "price_id", "usd"}} of the units that it mounts up to."""
        return RateCard.from_json(self.quote.rates).price(self.priced.units, self.priced.variants).prices


def make_quote(*, api_key: ApiKey, order: Order) -> Offered:
    """Prices the order as a submission would, holds nothing, and keeps the prices for 10 minutes; audited.

    Raises what a submission raises, but for the quota's refusals and TooManyJobs: those are told in the quote. A second
    call makes a second quote.
    """
    priced = price(order, owner_id=api_key.owner_id)
    now = timezone.now()
    statuses = quota_statuses(user_id=api_key.owner_id, kind=priced.spec.kind, api_key_ids=api_key.line, at=now)
    with transaction.atomic():
        Quote.objects.filter(owner_id=api_key.owner_id, expires_at__lte=now - REMEMBERED).delete()
        quote = Quote.objects.create(
            owner_id=api_key.owner_id,
            model=priced.spec.id,
            request_hash=digest(order.priced_content()),
            rates=priced.card.as_json(),
            amount=priced.amount,
            expires_at=now + HONOURED,
        )
        audit.record(
            action=Action.QUOTE_MADE,
            actor_id=api_key.owner_id,
            actor_label=f"key {api_key.prefix}",
            target=("quote", quote.id),
            model=quote.model,
            amount_usd=str(quote.amount),
        )
    lane = Lane(api_key.owner_id, priced.spec.kind)
    return Offered(quote, priced, statuses, _refusal(statuses, priced.amount) or _crowding(lane))


def _crowding(lane: Lane) -> type[HubError] | None:
    """As find_place decides, which a submission comes to after its hold."""
    return TooManyJobs if admission.is_full(lane) else None


def _refusal(statuses: Sequence[QuotaStatus], amount: Decimal) -> type[HubError] | None:
    """As hold_quota decides; between the quote and the submission others may spend."""
    if all(status.api_key_id is not None for status in statuses):
        return NoQuota
    if all(status.fits(amount) for status in statuses):
        return None
    return QuotaExceeded if any(status.is_exceeded_by(amount) for status in statuses) else QuotaHeld
