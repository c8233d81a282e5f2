"""The one way a job moves: look at the row, take the next step, and say when to look again.

Running it twice, late, or after `kill -9` anywhere changes nothing that was already done: the lease keeps a second
worker out, the attempt's state says how far the first one came.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.utils import timezone

from generations.live import feed
from generations.live.feed import Received
from generations.models import Generation, GenerationAttempt
from generations.providers import registry
from generations.providers.base import Adapter, Billed, Outcome, Pending, ProviderError, ProviderRequest
from generations.services import answer, attempts, books, inputs, lease
from generations.services.answer import Answer
from generations.services.books import Failure
from generations.services.lease import Job, LeaseLost
from generations.services.pieces import Pieces
from hub.common.request_id import working_for
from media import services as media

logger = logging.getLogger(__name__)
State = GenerationAttempt.State
LONGEST_PAUSE_SECONDS = 60.0
# What an operator can mend while the provider works on; every other error that no retry helps is an end.
MENDABLE = ("provider_denied", "provider_not_configured")
OUTCOME_UNKNOWN = Failure(
    code="outcome_unknown",
    message="The provider's answer was lost, so nobody can say whether the work was done. It is not sent again, "
    "and you are not charged.",
    retryable=True,
)
OPERATION_TIMEOUT = Failure(
    code="operation_timeout",
    message="The provider did not finish in time; the hub gave up. You are not charged.",
    retryable=True,
)


def advance(*, generation_id: UUID) -> None:
    """Takes one job as far as it goes without waiting. Does nothing when it is ended, leased or not due."""
    job = lease.take(generation_id=generation_id)
    if job is None:
        lease.look_later(generation_id=generation_id)
        return
    with lease.kept(job), working_for(job.generation.request_id):
        try:
            _step(job)
        except LeaseLost:
            logger.warning("job %s was taken over by another worker; what this one knew is dropped", generation_id)


def _step(job: Job) -> None:
    attempt = attempts.open_attempt(job)
    if attempt is None:
        _start(job)
    elif attempt.state == State.SENT:
        _resolve_found_call(job, attempt)
    elif attempt.state == State.PENDING:
        _look(job, attempt)
    else:
        books.close_with_answer(job, attempt)


def _start(job: Job) -> None:
    generation = job.generation
    if generation.cancel_requested_at is not None:
        books.cancel(job)
        return
    attempt = attempts.begin(job)
    adapter, pieces = _adapter(generation), Pieces(job)
    try:
        with pieces:
            request = _request(attempt, with_files=True)
            outcome = adapter.start(request, pieces.take if generation.streamed else None)
    except ProviderError as error:
        _after_failed_call(job, attempt, error, pieces.received)
        return
    _take_in(job, attempt, adapter, outcome)


def _take_in(job: Job, attempt: GenerationAttempt, adapter: Adapter, outcome: Outcome) -> None:
    """Writes down what the provider said: where its work goes on, or the whole answer and then the books."""
    if isinstance(outcome, Pending):
        if attempt.state == State.SENT:
            attempts.to_pending(attempt, operation=outcome.operation)
        _wait(job, outcome.check_after_seconds)
        return
    try:
        brought = answer.bring_home(attempt, adapter, outcome)
    except ProviderError as error:
        _after_failed_fetch(job, attempt, error)
        return
    _write_down(attempt, brought)
    books.close_with_answer(job, attempt)


def _write_down(attempt: GenerationAttempt, brought: Answer) -> None:
    """The journal. A worker that was taken for dead meanwhile takes back what it stored, where nobody else will."""
    try:
        attempts.to_stored(attempt, brought)
    except LeaseLost:
        if attempts.was_given_up(attempt):
            media.discard_files(folder=attempt.generation.folder, prefix=attempt.file_prefix)
        raise


def _look(job: Job, attempt: GenerationAttempt) -> None:
    """Polls an operation; gives up at the deadline, and hands on the owner's wish to stop."""
    adapter = _adapter(job.generation)
    request = _request(attempt)
    if job.generation.cancel_requested_at is not None and _asked(adapter.cancel, request, attempt):
        books.cancel(job, attempt)
        return
    try:
        outcome = adapter.poll(request, attempt.operation_name)
    except ProviderError as error:
        _after_failed_poll(job, attempt, error)
        return
    if isinstance(outcome, Pending) and _is_overdue(attempt):
        _give_up(job, attempt)
        return
    _take_in(job, attempt, adapter, outcome)


def _asked(verb: Callable[[ProviderRequest, str], bool], request: ProviderRequest, attempt: GenerationAttempt) -> bool:
    try:
        return verb(request, attempt.operation_name)
    except ProviderError as error:
        logger.info("the provider did not take the wish for attempt %s: %s", attempt.id, error.code)
        return False


def _is_overdue(attempt: GenerationAttempt) -> bool:
    return timezone.now() - attempt.created_at > timedelta(seconds=settings.OPERATION_DEADLINE_SECONDS)


def _give_up(job: Job, attempt: GenerationAttempt) -> None:
    _asked(_adapter(job.generation).cancel, _request(attempt), attempt)
    _lose(job, attempt, OPERATION_TIMEOUT)


def _after_failed_call(job: Job, attempt: GenerationAttempt, error: ProviderError, received: Received) -> None:
    if received.texts:
        logger.warning("the answer to attempt %s broke off: %s", attempt.id, error.code)
        _settle_broken(job, attempt, received)
        return
    if error.billed is Billed.UNKNOWN:
        logger.warning("the outcome of attempt %s is not known: %s", attempt.id, error.code)
        _resolve_lost_call(job, attempt)
        return
    if error.retryable and attempt.number < settings.MAX_ATTEMPTS:
        books.close_for_retry(attempt, State.FAILED, error_code=error.code)
        _wait(job, _pause_seconds(attempt, error))
        return
    books.fail(job, _failure(error), attempt, State.FAILED)


def _after_failed_poll(job: Job, attempt: GenerationAttempt, error: ProviderError) -> None:
    if error.code == "provider_operation_failed":
        books.fail(job, _failure(error), attempt, State.FAILED)
    elif not _may_pass(error):
        _lose(job, attempt, OUTCOME_UNKNOWN)
    elif _is_overdue(attempt):
        _give_up(job, attempt)
    else:
        _wait(job, error.retry_after or settings.RETRY_SECONDS)


def _may_pass(error: ProviderError) -> bool:
    return error.retryable or error.code in MENDABLE


def _after_failed_fetch(job: Job, attempt: GenerationAttempt, error: ProviderError) -> None:
    """The work is paid and its file is not here yet: an operation is asked again, an answer with it inside is lost."""
    if attempt.state == State.PENDING and _may_pass(error) and not _is_overdue(attempt):
        _wait(job, error.retry_after or settings.RETRY_SECONDS)
        return
    _lose(job, attempt, OUTCOME_UNKNOWN)


def _resolve_found_call(job: Job, attempt: GenerationAttempt) -> None:
    """The worker before died while its call was on its way; of a stream, pieces may have come."""
    received = feed.received(generation_id=job.generation.id) if job.generation.streamed else Received()
    if received.texts:
        logger.warning("the answer to attempt %s broke off when its worker died", attempt.id)
        _settle_broken(job, attempt, received)
        return
    _resolve_lost_call(job, attempt)


def _settle_broken(job: Job, attempt: GenerationAttempt, received: Received) -> None:
    """Settled by what was received, and never sent again: a second answer would be another one, paid a second time."""
    brought = Answer(("".join(received.texts),), (), received.units, provider_request_id="", broken=True)
    attempts.to_stored(attempt, brought)
    books.close_with_answer(job, attempt)


def _resolve_lost_call(job: Job, attempt: GenerationAttempt) -> None:
    """A call went out and its answer is not known: text and images may be asked for again, video and music may not."""
    if job.generation.kind in Generation.RESENDABLE and attempt.number < settings.MAX_ATTEMPTS:
        _discard_files(job, attempt)
        books.close_for_retry(attempt, State.UNKNOWN, error_code=OUTCOME_UNKNOWN.code)
        _wait(job, _pause_seconds(attempt, None))
        return
    _lose(job, attempt, OUTCOME_UNKNOWN)


def _lose(job: Job, attempt: GenerationAttempt, why: Failure) -> None:
    _discard_files(job, attempt)
    books.fail(job, why, attempt, State.UNKNOWN)


def _discard_files(job: Job, attempt: GenerationAttempt) -> None:
    """What this call left in storage. Whoever has taken the job over may be storing under the same names: raises
    LeaseLost then, and leaves them."""
    lease.confirm(job)
    media.discard_files(folder=job.generation.folder, prefix=attempt.file_prefix)


def _failure(error: ProviderError) -> Failure:
    return Failure(code=error.code, message=error.message, stage="provider", retryable=error.retryable)


def _wait(job: Job, seconds: float) -> None:
    lease.release(job, wait_seconds=seconds)


def _pause_seconds(attempt: GenerationAttempt, error: ProviderError | None) -> float:
    """The provider's wish when it has one, else a doubling pause; a little more, so that many do not return at once."""
    wish = error.retry_after if error is not None else None
    pause = wish if wish is not None else min(settings.RETRY_SECONDS * 2 ** (attempt.number - 1), LONGEST_PAUSE_SECONDS)
    return pause * random.uniform(1.0, 1.2)  # noqa: S311 - a pause is no secret


def _adapter(generation: Generation) -> Adapter:
    return registry.adapter(generation.adapter)


def _request(attempt: GenerationAttempt, *, with_files: bool = False) -> ProviderRequest:
    """Only the call that starts the work takes the files along."""
    generation = attempt.generation
    return ProviderRequest(
        attempt_id=attempt.id,
        model=generation.model,
        kind=generation.kind,
        prompt=generation.prompt,
        parameters=generation.parameters,
        inputs=inputs.stored_inputs(generation) if with_files else (),
    )
