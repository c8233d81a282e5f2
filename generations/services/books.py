"""The last transaction of an attempt: files, ledger, quota, status, audit and outbox, all or nothing.

The job's row comes first, it decides who may write; the quota's comes last, it is the one that others wait for.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models.functions import Now

from audit import services as audit
from audit.actions import Action
from generations import catalogue
from generations.live import feed
from generations.models import Event, Generation, GenerationAttempt
from generations.services import admission, attempts, inputs, lease, tally
from generations.services.admission import Lane
from generations.services.answer import Answer, Block
from generations.services.attempts import WORKER
from generations.services.lease import Job, LeaseLost
from generations.webhooks import outbox
from hub.common.money import ZERO
from media import services as media
from usage import services as usage
from usage.enums import Outcome
from usage.pricing import RateCard

logger = logging.getLogger(__name__)
Status = Generation.Status
State = GenerationAttempt.State
LONGEST_MESSAGE = 500


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a job ended without a result, as the client reads it."""

    code: str
    message: str
    stage: str = ""
    retryable: bool = False


@dataclass(frozen=True, slots=True)
class Bill:
    """What an attempt cost, at which prices. `estimated` when it is not the whole truth: the provider gave no usage and
    the units are our own count, or it counted something that we have no price for. `partial` when the answer broke off:
    the provider may have counted more since."""

    units: Mapping[str, int]
    cost: Decimal
    prices: Mapping[str, Mapping[str, str]]
    estimated: bool = False
    partial: bool = False


FREE = Bill(units={}, cost=ZERO, prices={})
STREAM_BROKEN = Failure(
    code="stream_broken",
    message="The provider's answer broke off in the middle. What had come is kept, and charged as far as the provider "
    "had counted it; it is not sent again.",
    stage="provider",
    retryable=True,
)
OUTCOMES: Mapping[str, Outcome] = {State.FAILED: Outcome.FAILED, State.UNKNOWN: Outcome.UNKNOWN}


def close_with_answer(job: Job, attempt: GenerationAttempt) -> None:
    """Closes the books on a stored answer: the job succeeded, the provider blocked it, or it broke off in the middle.
    Raises LeaseLost."""
    answer = Answer.from_json(attempt.answer)
    if answer.block is not None:
        _close_blocked(job, attempt, answer, answer.block)
        return
    if answer.broken:
        _close_broken(job, attempt, answer)
        return
    bill = _bill(job.generation, answer)
    with transaction.atomic():
        _end(job, Status.SUCCEEDED, cost=bill.cost, units=dict(bill.units), texts=list(answer.texts), charged=True)
        attempts.close(attempt, State.SUCCEEDED)
        for position, stored in enumerate(answer.files):
            media.record_file(
                owner_id=job.generation.owner_id, reference=job.generation.id, position=position, stored=stored
            )
        _log(attempt, Outcome.SUCCEEDED, bill)
        _tell_end(job, Action.GENERATION_SUCCEEDED, cost_usd=str(bill.cost))
        promoted = _settle(job, bill.cost)
    lease.ended(job, promoted)


def _close_blocked(job: Job, attempt: GenerationAttempt, answer: Answer, block: Block) -> None:
    bill = _bill(job.generation, answer) if block.charged else FREE
    why = Failure(
        code=f"blocked_{block.stage}",
        message=f"The provider refused the {block.stage} for safety: {block.reason}.",
        stage=block.stage,
    )
    with transaction.atomic():
        _end(job, Status.BLOCKED, why, cost=bill.cost, units=dict(bill.units), charged=block.charged)
        attempts.close(attempt, State.BLOCKED, error_code=why.code)
        _log(attempt, Outcome.BLOCKED, bill)
        _tell_end(job, Action.GENERATION_BLOCKED, code=why.code, charged=block.charged)
        promoted = _settle(job, bill.cost)
    lease.ended(job, promoted)


def _close_broken(job: Job, attempt: GenerationAttempt, answer: Answer) -> None:
    """The part that came was delivered: it is paid, and nobody pays twice for the rest. Its row in the ledger waits for
    reconciliation: the provider may bill what it wrote and nobody received."""
    bill = replace(_bill(job.generation, answer), partial=True)
    with transaction.atomic():
        changes = {"cost": bill.cost, "units": dict(bill.units), "texts": list(answer.texts), "charged": True}
        _end(job, Status.FAILED, STREAM_BROKEN, **changes)
        attempts.close(attempt, State.FAILED, error_code=STREAM_BROKEN.code)
        _log(attempt, Outcome.FAILED, bill)
        _tell_end(job, Action.GENERATION_FAILED, code=STREAM_BROKEN.code, charged=True, cost_usd=str(bill.cost))
        promoted = _settle(job, bill.cost)
    lease.ended(job, promoted)


def close_for_retry(attempt: GenerationAttempt, state: str, *, error_code: str) -> None:
    """Closes an attempt that brought no result; the job will ask again. Ends nothing else, and costs nothing."""
    with transaction.atomic():
        _close_empty(attempt, state, error_code)


def fail(job: Job, why: Failure, attempt: GenerationAttempt, state: str) -> None:
    """Ends a job without a result, together with its attempt: it costs nothing, and nothing is asked for again."""
    with transaction.atomic():
        _end(job, Status.FAILED, why, cost=ZERO)
        _close_empty(attempt, state, why.code)
        _tell_end(job, Action.GENERATION_FAILED, code=why.code)
        promoted = _release(job)
    lease.ended(job, promoted)


def _close_empty(attempt: GenerationAttempt, state: str, error_code: str) -> None:
    """FAILED: the provider said that it did not do the work. UNKNOWN: nobody can say; its row in the ledger waits for
    reconciliation, unconfirmed, and the user is not charged."""
    attempts.close(attempt, state, error_code=error_code)
    _log(attempt, OUTCOMES[state], FREE)
    if state == State.UNKNOWN:
        audit.record(
            action=Action.GENERATION_ATTEMPT_UNKNOWN,
            actor_label=WORKER,
            target=("generation", attempt.generation_id),
            subject_id=attempt.generation.owner_id,
            number=attempt.number,
            code=error_code,
        )


def cancel(job: Job, attempt: GenerationAttempt | None = None) -> None:
    """Ends a job on its owner's wish. An operation that was running stays unconfirmed: the provider may bill a part."""
    with transaction.atomic():
        _end(job, Status.CANCELED, cost=ZERO)
        if attempt is not None:
            attempts.close(attempt, State.CANCELED)
            _log(attempt, Outcome.CANCELED, FREE)
        _tell_end(job, Action.GENERATION_CANCELED)
        promoted = _release(job)
    lease.ended(job, promoted)


def _settle(job: Job, cost: Decimal) -> list[UUID]:
    """Spends what it cost and lets the next ones of its lane in; those, for `lease.ended`."""
    usage.settle_hold(reference=job.generation.id, cost=cost)
    return admission.promote(Lane.of(job.generation))


def _release(job: Job) -> list[UUID]:
    """As `_settle`, at no cost."""
    usage.release_hold(reference=job.generation.id)
    return admission.promote(Lane.of(job.generation))


def _end(job: Job, status: str, why: Failure | None = None, **changes: Any) -> None:
    if why is not None:
        changes |= {
            "error_code": why.code,
            "error_message": why.message[:LONGEST_MESSAGE],
            "error_stage": why.stage,
            "retryable": why.retryable,
        }
    changed = Generation.objects.open().filter(id=job.generation.id, lease_token=job.token)
    changed_rows = changed.update(
        status=status, finished_at=Now(), lease_token=None, lease_expires_at=None, next_check_at=None, **changes
    )
    if not changed_rows:
        raise LeaseLost(str(job.generation.id))
    feed.tell_on_commit(generation_id=job.generation.id, status=status)
    tally.count_on_commit(job.generation, status=status, cost=changes["cost"])


def _bill(generation: Generation, answer: Answer) -> Bill:
    units, estimated = answer.units, False
    if units is None:
        units, estimated = _counted_by_us(generation, answer), True
    priced = RateCard.from_json(generation.rates).price(units, generation.variants)
    if priced.unpriced:
        logger.error("job %s counts %s, for which it has no price", generation.id, ", ".join(priced.unpriced))
    return Bill(units, priced.cost, priced.prices, estimated=estimated or bool(priced.unpriced))


def _counted_by_us(generation: Generation, answer: Answer) -> Mapping[str, int]:
    spec = catalogue.models().get(generation.model)
    if spec is None:
        logger.error("job %s gave no usage and its model has left the catalogue: it is not charged", generation.id)
        return {}
    return spec.likely(
        generation.prompt,
        generation.parameters,
        texts=answer.texts,
        files=len(answer.files),
        inputs=inputs.given_files(generation),
    )


def _log(attempt: GenerationAttempt, outcome: str, bill: Bill) -> None:
    generation = attempt.generation
    usage.log_usage(
        user_id=generation.owner_id,
        api_key_id=generation.api_key_id,
        reference=generation.id,
        attempt_id=attempt.id,
        model=generation.model,
        kind=generation.kind,
        units=dict(bill.units),
        prices=bill.prices,
        cost=bill.cost,
        estimate=generation.estimate,
        latency_ms=attempt.latency_ms or 0,
        outcome=outcome,
        confirmed=outcome not in (Outcome.UNKNOWN, Outcome.CANCELED) and not bill.partial,
        estimated=bill.estimated,
        over_hold=bill.cost > generation.estimate,
        provider_request_id=attempt.provider_request_id,
        request_id=generation.request_id,
        tags=generation.tags,
    )


def _tell_end(job: Job, action: Action, **data: Any) -> None:
    """The audit, and the owner's webhooks: an end has the same name in both."""
    audit.record(
        action=action,
        actor_label=WORKER,
        target=("generation", job.generation.id),
        subject_id=job.generation.owner_id,
        kind=job.generation.kind,
        **data,
    )
    outbox.write(generation=job.generation, event=Event(action))
