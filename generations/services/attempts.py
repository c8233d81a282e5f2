"""The calls to a provider, each recorded before it is made. Every step is a compare-and-swap on the state before it."""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Coalesce, Now
from django.utils import timezone

from audit import services as audit
from audit.actions import Action
from generations.live import feed
from generations.models import Event, Generation, GenerationAttempt
from generations.services.answer import Answer
from generations.services.lease import Job, LeaseLost
from generations.webhooks import outbox

State = GenerationAttempt.State
# Who acts when no person does, as the audit trail names it.
WORKER = "worker"
MILLISECOND = timedelta(milliseconds=1)


def open_attempt(job: Job) -> GenerationAttempt | None:
    """The attempt that is not closed yet, if there is one."""
    # `begin` counts an attempt in the transaction that makes it: none counted, none made.
    if job.generation.attempts_made == 0:
        return None
    return GenerationAttempt.objects.filter(generation=job.generation, state__in=GenerationAttempt.OPEN).first()


def begin(job: Job) -> GenerationAttempt:
    """Writes the next attempt and commits it, so that a call is never made without its row. Raises LeaseLost."""
    generation = job.generation
    with transaction.atomic():
        _hold_on(job)
        number = generation.attempts_made + 1
        attempt = GenerationAttempt.objects.create(generation=generation, number=number)
        if generation.status == Generation.Status.QUEUED:
            audit.record(
                action=Action.GENERATION_STARTED,
                actor_label=WORKER,
                target=("generation", generation.id),
                subject_id=generation.owner_id,
                kind=generation.kind,
                model=generation.model,
            )
            outbox.write(generation=generation, event=Event.STARTED)
            feed.tell_on_commit(generation_id=generation.id, status=Generation.Status.RUNNING)
    return attempt


def _hold_on(job: Job) -> None:
    running = Generation.objects.open().filter(id=job.generation.id, lease_token=job.token)
    changed = running.update(
        status=Generation.Status.RUNNING,
        started_at=Coalesce(F("started_at"), Now()),
        attempts_made=F("attempts_made") + 1,
        next_check_at=None,
    )
    if not changed:
        raise LeaseLost(str(job.generation.id))


def to_pending(attempt: GenerationAttempt, *, operation: str) -> None:
    """The provider is at work under this name; from here on the work is re-attached to, never started again."""
    _step(attempt, State.SENT, state=State.PENDING, operation_name=operation)


def to_stored(attempt: GenerationAttempt, answer: Answer) -> None:
    """The answer is safe; only the books are open."""
    latency = timezone.now() - attempt.created_at
    _step(
        attempt,
        attempt.state,
        state=State.STORED,
        answer=answer.as_json(),
        provider_request_id=answer.provider_request_id,
        latency_ms=latency // MILLISECOND,
    )


def was_given_up(attempt: GenerationAttempt) -> bool:
    """Whether another worker has closed it without an answer, so that nothing will ever point to its files."""
    return GenerationAttempt.objects.filter(id=attempt.id, state__in=GenerationAttempt.WITHOUT_ANSWER).exists()


def close(attempt: GenerationAttempt, state: str, *, error_code: str = "") -> None:
    """Ends the attempt; the journal is dropped, its content is in the books. Runs inside the closing transaction."""
    latency = attempt.latency_ms
    if latency is None:
        latency = (timezone.now() - attempt.created_at) // MILLISECOND
    finished = timezone.now()
    _step(
        attempt,
        attempt.state,
        state=state,
        error_code=error_code,
        answer=None,
        latency_ms=latency,
        finished_at=finished,
    )


def _step(attempt: GenerationAttempt, before: str, **changes: object) -> None:
    changed = GenerationAttempt.objects.filter(id=attempt.id, state=before).update(**changes)
    if not changed:
        raise LeaseLost(str(attempt.generation_id))
    for name, value in changes.items():
        setattr(attempt, name, value)
