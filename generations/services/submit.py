"""From a request to a job: price it, hold the most it can cost, write it down, send it to the workers."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

import redis
from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from audit import services as audit
from audit.actions import Action
from generations import catalogue, due, tasks
from generations.catalogue import ModelSpec, ParameterErrors
from generations.errors import InvalidParameters, ModelShutDown, PromptTooLong, UnknownModel
from generations.models import Generation
from generations.services import inputs
from generations.services.inputs import Input, Taken
from hub.common.errors import HubError, IdempotencyKeyReused, ServiceUnavailable
from hub.common.ids import uuid7
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
    idempotency_key: str = ""


@dataclass(frozen=True, slots=True)
class Priced:
    """An order with its model's own limits met, and the most it can cost."""

    spec: ModelSpec
    parameters: Mapping[str, Any]
    variants: Mapping[str, str]
    card: RateCard
    amount: Any
    files: Sequence[Taken] = ()


def submit(*, api_key: ApiKey, order: Order) -> tuple[Generation, bool]:
    """The job, and whether it was there before (same Idempotency-Key and body).

    Raises UnknownModel, ModelShutDown, InvalidParameters, PromptTooLong, UnknownMedia, InvalidInputs, ModelUnpriced,
    the quota's refusals, IdempotencyKeyReused and ServiceUnavailable; then nothing is held and nothing is written.
    """
    digest = _digest(order)
    earlier = _earlier(api_key, order, digest)
    if earlier is not None:
        return earlier, True
    priced = price(order, owner_id=api_key.owner_id)
    generation_id = uuid7()
    _note_in_due_set(generation_id, priced.spec.kind)
    try:
        return _write(generation_id, api_key, order, digest, priced), False
    except IntegrityError:
        # Two requests with one key at once: the other one was first.
        _forget_in_due_set(generation_id, priced.spec.kind)
        earlier = _earlier(api_key, order, digest)
        if earlier is None:
            raise
        return earlier, True
    except HubError:
        _forget_in_due_set(generation_id, priced.spec.kind)
        raise


def price(order: Order, *, owner_id: UUID) -> Priced:
    """Checks the order and its files, which must be that owner's, against its model; prices the most it can bill."""
    spec = _spec(order)
    try:
        parameters = spec.validate(order.parameters)
    except ParameterErrors as error:
        problems = [{"field": f"parameters.{name}", "message": message} for name, message in error.errors.items()]
        raise InvalidParameters(errors=problems) from error
    files = inputs.take(owner_id=owner_id, spec=spec, inputs=order.inputs)
    card = usage.rate_card(model=spec.id, units=spec.bills)
    most = spec.most(order.prompt, parameters, [each.given for each in files])
    return Priced(spec, parameters, most.variants, card, card.cost(most.units, most.variants), files)


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


def _write(generation_id: UUID, api_key: ApiKey, order: Order, digest: str, priced: Priced) -> Generation:
    """One transaction: the job, its audit and its hold; the quota's row, which others wait for, comes last."""
    with transaction.atomic():
        generation = Generation.objects.create(
            id=generation_id,
            owner_id=api_key.owner_id,
            api_key=api_key,
            kind=priced.spec.kind,
            model=priced.spec.id,
            adapter=priced.spec.adapter,
            prompt=order.prompt,
            parameters=dict(priced.parameters),
            tags=list(order.tags),
            estimate=priced.amount,
            rates=priced.card.as_json(),
            variants=dict(priced.variants),
            request_id=current_request_id(),
            idempotency_key=order.idempotency_key,
            request_hash=digest if order.idempotency_key else "",
        )
        inputs.attach(generation, priced.files)
        audit.record(
            action=Action.GENERATION_SUBMITTED,
            actor_id=api_key.owner_id,
            actor_label=f"key {api_key.prefix}",
            target=("generation", generation.id),
            kind=generation.kind,
            model=generation.model,
            estimate_usd=str(generation.estimate),
        )
        usage.hold_quota(
            user_id=api_key.owner_id,
            kind=generation.kind,
            reference=generation.id,
            amount=generation.estimate,
            expires_at=timezone.now() + timedelta(seconds=settings.OPERATION_DEADLINE_SECONDS) + HOLD_MARGIN,
        )
        tasks.offer_on_commit(generation_id=generation.id, kind=generation.kind)
    return generation


def _digest(order: Order) -> str:
    content: dict[str, Any] = {
        "model": order.model,
        "prompt": order.prompt,
        "parameters": order.parameters,
        "tags": list(order.tags),
    }
    if order.inputs:
        content["inputs"] = [[str(each.media_id), each.role] for each in order.inputs]
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _earlier(api_key: ApiKey, order: Order, digest: str) -> Generation | None:
    if not order.idempotency_key:
        return None
    found = Generation.objects.filter(owner_id=api_key.owner_id, idempotency_key=order.idempotency_key).first()
    if found is not None and found.request_hash != digest:
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
