"""Loads prices."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import timezone

from audit.actions import Action
from audit.services import record
from usage.errors import PricesChangedMeanwhile
from usage.models import ModelPrice
from usage.price_file import PriceEntry, PriceKey
from usage.price_plan import KnownPrice, NewPrice, PricePlan, plan_of


def plan_prices(*, entries: Iterable[PriceEntry]) -> PricePlan:
    """What loading these entries would do now; writes nothing. Raises PriceHistoryFixed or PriceFileInvalid."""
    return plan_of(entries, [_known(row) for row in ModelPrice.objects.all()], now=timezone.now())


@transaction.atomic
def load_prices(*, plan: PricePlan, source: str, actor_id: UUID | None = None) -> None:
    """Carries a plan out, all or nothing, and audits it with `source` (the file's name); an empty one does nothing.

    Raises PricesChangedMeanwhile when the prices are no longer those that the plan was made from.
    """
    if plan.is_empty:
        return
    try:
        with transaction.atomic():
            _close(plan)
            ModelPrice.objects.bulk_create(_row(new) for new in plan.new)
    except IntegrityError as error:
        raise PricesChangedMeanwhile from error
    record(
        action=Action.PRICES_LOADED,
        actor_id=actor_id,
        source=source,
        added=[f"{new.entry.key} {new.entry.usd} from {new.entry.effective_from:%Y-%m-%d}" for new in plan.new],
        ended=[f"{ending.known.key} at {ending.at:%Y-%m-%d}" for ending in plan.endings],
    )


def _close(plan: PricePlan) -> None:
    for ending in plan.endings:
        known = ending.known
        if not ModelPrice.objects.close(price_id=known.id, former=known.effective_to, at=ending.at):
            raise PricesChangedMeanwhile


def _row(new: NewPrice) -> ModelPrice:
    entry = new.entry
    return ModelPrice(
        model=entry.key.model,
        unit=entry.key.unit,
        variant=entry.key.variant,
        price=entry.usd,
        effective_from=entry.effective_from,
        effective_to=new.effective_to,
        source=entry.source,
        uncertain=entry.uncertain,
    )


def _known(row: ModelPrice) -> KnownPrice:
    key = PriceKey(row.model, row.unit, row.variant)
    return KnownPrice(row.pk, key, row.price, row.effective_from, row.effective_to)
