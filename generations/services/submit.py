"""From a request to a job: price it, hold the most it can cost, write it down, send it to the workers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import redis
from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from audit import services as audit
from audit.actions import Action
from generations import catalogue, dispatch, due
from generations.catalogue import ModelSpec, ParameterErrors
from generations.errors import (
    CostAboveMax,
    InvalidParameters,
    ModelShutDown,
    PromptTooLong,
    QuoteExpired,
    QuoteMismatch,
    UnknownModel,
)
from generations.models import Generation, Quote
from generations.selectors import quote_of
from generations.services import admission, inputs
from generations.services.admission import Place
from generations.services.digest import digest, is_digest_of
from generations.services.idempotency import earlier, in_progress, release_old
from generations.services.inputs import Input, Taken
from hub.common.errors import HubError, IdempotencyKeyReused, ServiceUnavailable
from hub.common.ids import uuid7
from hub.common.money import text
from hub.common.request_id import current_request_id
from usage import services as usage
from usage.pricing import RateCard
from users.models import ApiKey

# Far beyond any job's end: a hold that outlives it belongs to a job that died, and the sweep looks at the job.
HOLD_MARGIN = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Order:
    """What a client asks for, checked for shape and not yet against the model."""

    model: str
    prompt: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    tags: Sequence[str] = ()
    inputs: Sequence[Input] = ()
    max_cost: Decimal | None = None
    quote_id: UUID | None = None
    idempotency_key: str = ""
    # How it is delivered, not what is asked for: neither a quote nor an Idempotency-Key depends on it.
    stream: bool = False

    def priced_content(self) -> dict[str, Any]:
        """What the price depends on: a quote is for this."""
        content = {"model": self.model, "prompt": self.prompt, "parameters": self.parameters}
        files = [[str(each.media_id), each.role] for each in self.inputs]
        return {**content, "inputs": files} if files else content

    def content(self) -> dict[str, Any]:
        """All of it: what an Idempotency-Key stands for."""
        limits = {name: str(value) for name in ("max_cost", "quote_id") if (value := getattr(self, name)) is not None}
        return {**self.priced_content(), "tags": list(self.tags), **limits}


@dataclass(frozen=True, slots=True)
class Priced:
    """An order with its model's own limits met, and the most it can cost."""

    spec: ModelSpec
    parameters: Mapping[str, Any]
    units: Mapping[str, int]
    variants: Mapping[str, str]
    card: RateCard
    amount: Decimal
    files: Sequence[Taken] = ()


def submit(*, api_key: ApiKey, order: Order) -> tuple[Generation, bool]:
    """The job, and whether it was there before (same Idempotency-Key and body).

    Raises UnknownModel, ModelShutDown, InvalidParameters, PromptTooLong, UnknownMedia, InvalidInputs, ModelUnpriced,
    CostAboveMax, NotFound for the quote, QuoteExpired, QuoteMismatch, the quota's refusals, TooManyJobs,
    IdempotencyKeyReused, IdempotencyInProgress and ServiceUnavailable; then nothing is held and nothing is written.
    """
    found = _earlier(api_key, order)
    if found is not None:
        return found, True
    with in_progress(api_key.owner_id, order.idempotency_key):
        return _submit_once(api_key, order)


def _submit_once(api_key: ApiKey, order: Order) -> tuple[Generation, bool]:
    priced = price(order, owner_id=api_key.owner_id, quote=_quote(api_key, order))
    if order.max_cost is not None and priced.amount > order.max_cost:
        raise CostAboveMax(estimate_usd=text(priced.amount), max_cost_usd=text(order.max_cost))
    generation_id = uuid7()
    _note_in_due_set(generation_id, priced.spec.kind)
    try:
        return _write(generation_id, api_key, order, priced), False
    except IntegrityError:
        # Two requests with one key at once: the other one was first.
        _forget_in_due_set(generation_id, priced.spec.kind)
        found = _earlier(api_key, order)
        if found is None:
            raise
        return found, True
    except HubError:
        _forget_in_due_set(generation_id, priced.spec.kind)
        raise


def price(order: Order, *, owner_id: UUID, quote: Quote | None = None) -> Priced:
    """Checks the order and its files, which must be that owner's, against its model; prices the most it can bill.

    At the prices in force, or at those of its quote, whatever became of prices since.
    """
    spec = _spec(order)
    try:
        parameters = spec.validate(order.parameters)
    except ParameterErrors as error:
        problems = [{"field": f"parameters.{name}", "message": message} for name, message in error.errors.items()]
        raise InvalidParameters(errors=problems) from error
    files = inputs.take(owner_id=owner_id, spec=spec, inputs=order.inputs)
    most = spec.most(order.prompt, parameters, [each.given for each in files])
    if quote is not None:
        card, amount = RateCard.from_json(quote.rates), quote.amount
    else:
        card = usage.rate_card(model=spec.id, units=spec.bills)
        amount = card.cost(most.units, most.variants)
    return Priced(spec, parameters, most.units, most.variants, card, amount, files)


def _quote(api_key: ApiKey, order: Order) -> Quote | None:
    """The one that the order names, which must be for it and still be honoured."""
    if order.quote_id is None:
        return None
    quote = quote_of(owner_id=api_key.owner_id, quote_id=order.quote_id)
    if not is_digest_of(quote.request_hash, order.priced_content()):
        raise QuoteMismatch
    if quote.expires_at <= timezone.now():
        raise QuoteExpired(expired_at=quote.expires_at.isoformat())
    return quote


def _spec(order: Order) -> ModelSpec:
    spec = catalogue.models().get(order.model)
    if spec is None:
        raise UnknownModel(f"The model {order.model!r} is not on offer; GET /api/v1/models lists those that are.")
    if spec.shutdown_at is not None and spec.shutdown_at <= timezone.now():
        raise ModelShutDown
    if len(order.prompt) > spec.max_prompt_characters:
        raise PromptTooLong(
            f"The prompt has {len(order.prompt)} characters; {spec.id} takes {spec.max_prompt_characters}.",
            maximum=spec.max_prompt_characters,
        )
    return spec


def _write(generation_id: UUID, api_key: ApiKey, order: Order, priced: Priced) -> Generation:
    """One transaction: the job, its audit, its hold and its place; the quota's row, which others wait for, comes late.

    The job is written as admitted, as most are, and set back where the count under the quota's lock says otherwise.
    """
    with transaction.atomic():
        if order.idempotency_key:
            release_old(api_key.owner_id, order.idempotency_key)
        generation = _create(generation_id, api_key, order, priced)
        inputs.attach(generation, priced.files)
        _record(generation, api_key)
        _hold(generation, api_key)
        _send(generation, admission.find_place(generation))
    return generation


def _send(generation: Generation, place: Place) -> None:
    """On commit. Who is first in line keeps the look that was noted: should the last end before it not have seen it,
    that look promotes it. The others are behind one that is seen."""
    if place is Place.ADMITTED:
        dispatch.offer_on_commit(generation_id=generation.id, kind=generation.kind)
    elif place is Place.IN_LINE:
        transaction.on_commit(lambda: _forget_in_due_set(generation.id, generation.kind), robust=True)


def _create(generation_id: UUID, api_key: ApiKey, order: Order, priced: Priced) -> Generation:
    return Generation.objects.create(
        id=generation_id,
        owner_id=api_key.owner_id,
        api_key=api_key,
        kind=priced.spec.kind,
        model=priced.spec.id,
        adapter=priced.spec.adapter,
        admitted_at=timezone.now(),
        prompt=order.prompt,
        parameters=dict(priced.parameters),
        tags=list(order.tags),
        streamed=order.stream,
        estimate=priced.amount,
        rates=priced.card.as_json(),
        variants=dict(priced.variants),
        request_id=current_request_id(),
        idempotency_key=order.idempotency_key,
        request_hash=digest(order.content()) if order.idempotency_key else "",
        quote_id=order.quote_id,
    )


def _record(generation: Generation, api_key: ApiKey) -> None:
    audit.record(
        action=Action.GENERATION_SUBMITTED,
        actor_id=api_key.owner_id,
        actor_label=f"key {api_key.prefix}",
        target=("generation", generation.id),
        kind=generation.kind,
        model=generation.model,
        estimate_usd=str(generation.estimate),
    )


def _hold(generation: Generation, api_key: ApiKey) -> None:
    usage.hold_quota(
        user_id=api_key.owner_id,
        kind=generation.kind,
        reference=generation.id,
        amount=generation.estimate,
        api_key_ids=api_key.line,
        expires_at=timezone.now() + timedelta(seconds=settings.OPERATION_DEADLINE_SECONDS) + HOLD_MARGIN,
    )


def _earlier(api_key: ApiKey, order: Order) -> Generation | None:
    found = earlier(api_key.owner_id, order.idempotency_key)
    if found is not None and not is_digest_of(found.request_hash, order.content()):
        raise IdempotencyKeyReused
    return found


def _note_in_due_set(generation_id: UUID, kind: str) -> None:
    """Before the row is written: whatever dies between its commit and its message, the clock will find the job."""
    try:
        due.schedule(generation_id=generation_id, kind=kind, in_seconds=settings.REDISPATCH_SECONDS)
    except redis.RedisError as error:
        raise ServiceUnavailable("The broker is away for the moment; nothing was held. Try again.") from error


def _forget_in_due_set(generation_id: UUID, kind: str) -> None:
    try:
        due.remove(generation_id=generation_id, kind=kind)
    except redis.RedisError:
        # One fruitless look later on.
        return
