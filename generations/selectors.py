"""Reads of generations, scoped by their owner."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Case, CharField, Count, F, Func, IntegerField, Min, Q, QuerySet, Value, When
from django.db.models.expressions import CombinedExpression
from django.db.models.functions import Coalesce, Least
from django.utils import timezone

from generations import catalogue
from generations.models import Generation, GenerationInput, Quote
from hub.common.errors import NotFound
from media.models import Media
from media.selectors import files_by_reference
from usage.models import ModelPrice
from usage.selectors import prices_in_force
from users.models import User

# Beyond this a place in the queue says no more than "far behind", and counting on would cost more with every job.
LONGEST_COUNT = 1000


@dataclass(frozen=True, slots=True)
class Detail:
    """A generation with what it made and works with, and how many jobs are ahead (None: it is not queued)."""

    generation: Generation
    files: Sequence[Media]
    inputs: Sequence[GenerationInput]
    queue_position: int | None


@dataclass(frozen=True, slots=True)
class Offer:
    """A model of the catalogue and its prices at this moment; without any it cannot be used."""

    spec: catalogue.ModelSpec
    prices: Sequence[ModelPrice]


def generations_of(
    *,
    user: User,
    status: str | None = None,
    kind: str | None = None,
    model: str | None = None,
    tag: str | None = None,
    created_after: datetime | None = None,
    created_before: datetime | None = None,
) -> QuerySet[Generation]:
    """The user's, newest first; made at or after the one moment and before the other."""
    rules = {
        "status": status,
        "kind": kind,
        "model": model,
        "tags__contains": None if tag is None else [tag],
        "created_at__gte": created_after,
        "created_at__lt": created_before,
    }
    given: dict[str, Any] = {name: value for name, value in rules.items() if value is not None}
    return Generation.objects.filter(owner=user, **given).order_by("-created_at", "-id")


def one_of(*, user: User, generation_id: UUID) -> Generation:
    """One of the user's; raises NotFound, also for another user's."""
    found = generations_of(user=user).filter(id=generation_id).first()
    if found is None:
        raise NotFound("There is no such generation, or it is not yours.")
    return found


def quote_of(*, owner_id: UUID, quote_id: UUID) -> Quote:
    """One of the owner's; raises NotFound, also for another's and for one that expired long ago."""
    found = Quote.objects.filter(owner_id=owner_id, id=quote_id).first()
    if found is None:
        raise NotFound("There is no such quote, or it is not yours.")
    return found


def in_detail(generations: Sequence[Generation]) -> list[Detail]:
    """Each with its files and its place in the queue, in the order given; at most three queries for any number."""
    files = files_by_reference(each.id for each in generations if each.status == Generation.Status.SUCCEEDED)
    places = _places_in_queue([each for each in generations if each.status == Generation.Status.QUEUED])
    inputs = _inputs_of(generations)
    return [Detail(each, files.get(each.id, ()), inputs.get(each.id, ()), places.get(each.id)) for each in generations]


def works_with(media_id: UUID) -> bool:
    """Whether a generation that has not ended needs this file."""
    return GenerationInput.objects.filter(media_id=media_id, generation__status__in=Generation.OPEN).exists()


def _inputs_of(generations: Sequence[Generation]) -> dict[UUID, list[GenerationInput]]:
    grouped: dict[UUID, list[GenerationInput]] = {}
    rows = GenerationInput.objects.filter(generation__in=[each.id for each in generations])
    for each in rows.select_related("media").order_by("generation_id", "position"):
        grouped.setdefault(each.generation_id, []).append(each)
    return grouped


def _places_in_queue(queued: Sequence[Generation]) -> dict[UUID, int]:
    """Ahead are those admitted before it; of one that is held back all those admitted, and its owner's held back before
    it. The beginning of each queue is read once for all."""
    if not queued:
        return {}
    lanes = sorted({(each.owner_id, each.kind) for each in queued})
    places = [When(owner_id=owner_id, kind=kind, then=_place(owner_id, kind)) for owner_id, kind in lanes]
    # It may have begun since it was read.
    begun = When(~Q(status=Generation.Status.QUEUED), then=0)
    rows = Generation.objects.filter(id__in=[each.id for each in queued])
    found = rows.annotate(place=Least(Case(begun, *places, output_field=IntegerField()), LONGEST_COUNT))
    return dict(found.values_list("id", "place"))


def _place(owner_id: UUID, kind: str) -> Case:
    of_kind = Generation.objects.filter(kind=kind)
    ready = _beginning_of(of_kind.filter(status=Generation.Status.QUEUED).admitted().order_by("admitted_at", "id"))
    held_back = _beginning_of(of_kind.filter(owner_id=owner_id).waiting())
    length = Func(ready, function="cardinality", output_field=IntegerField())
    return Case(When(admitted_at=None, then=length + _place_in(held_back)), default=_place_in(ready))


def _beginning_of(queue: QuerySet[Generation]) -> ArraySubquery:
    return ArraySubquery(queue.values("id")[:LONGEST_COUNT])


def _place_in(beginning: ArraySubquery) -> CombinedExpression:
    place = Func(beginning, F("id"), function="array_position", output_field=IntegerField())
    return Coalesce(place, LONGEST_COUNT + 1) - 1


def offers() -> list[Offer]:
    """Every model that is on offer now, with its prices, in the catalogue's order; one query."""
    now = timezone.now()
    prices: dict[str, list[ModelPrice]] = {}
    for price in prices_in_force(at=now):
        prices.setdefault(price.model, []).append(price)
    on_offer = (spec for spec in catalogue.models().values() if spec.shutdown_at is None or spec.shutdown_at > now)
    return [Offer(spec, prices.get(spec.id, ())) for spec in on_offer]


def jobs_in_flight() -> QuerySet[Generation, tuple[str, str, int, datetime]]:
    """Over all users, by kind and state: how many jobs there are, and when the oldest came. The state is the status,
    or "waiting" for those that their owner's share holds back."""
    state = Case(When(admitted_at=None, then=Value("waiting")), default=F("status"), output_field=CharField())
    open_jobs = Generation.objects.open().order_by().values("kind", state=state)
    return open_jobs.annotate(number=Count("id"), oldest=Min("created_at")).values_list(
        "kind", "state", "number", "oldest"
    )


def revealed_texts(generation_id: UUID) -> dict[str, Any]:
    """Prompt, parameters and texts, without those that are empty; for who records that they are looked at."""
    row = Generation.objects.filter(id=generation_id).values("prompt", "parameters", "texts").first()
    return {name: value for name, value in row.items() if value} if row else {}
