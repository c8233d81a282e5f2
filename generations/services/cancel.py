"""The owner's wish that a job stops."""

from __future__ import annotations

from uuid import UUID

from django.db import transaction
from django.db.models.functions import Now

from audit import services as audit
from audit.actions import Action
from generations import dispatch
from generations.errors import NotCancelable
from generations.live import feed
from generations.models import Event, Generation
from generations.services import admission, tally
from generations.services.admission import Lane
from generations.webhooks import outbox
from hub.common.money import ZERO
from usage import services as usage
from users.models import ApiKey


def cancel(*, generation: Generation, api_key: ApiKey) -> Generation:
    """Before it starts: ends it, free. Afterwards: notes the wish; the job ends canceled if the provider can stop it.

    Raises NotCancelable when it has ended. A second call while it runs changes nothing.
    """
    lane, promoted = Lane.of(generation), list[UUID]()
    with transaction.atomic():
        if not _end_before_start(generation.id):
            _note_wish(generation, api_key)
        else:
            audit.record(
                action=Action.GENERATION_CANCELED,
                actor_id=api_key.owner_id,
                actor_label=f"key {api_key.prefix}",
                target=("generation", generation.id),
                kind=generation.kind,
            )
            outbox.write(generation=generation, event=Event.CANCELED)
            feed.tell_on_commit(generation_id=generation.id, status=Generation.Status.CANCELED)
            tally.count_on_commit(generation, status=Generation.Status.CANCELED)
            usage.release_hold(reference=generation.id)
            promoted = admission.promote(lane)
    admission.send(lane, promoted)
    return Generation.objects.get(id=generation.id)


def _end_before_start(generation_id: UUID) -> bool:
    waiting = Generation.objects.free().filter(id=generation_id, status=Generation.Status.QUEUED)
    return bool(
        waiting.update(
            status=Generation.Status.CANCELED,
            cost=ZERO,
            finished_at=Now(),
            cancel_requested_at=Now(),
            lease_token=None,
            lease_expires_at=None,
            next_check_at=None,
        )
    )


def _note_wish(generation: Generation, api_key: ApiKey) -> None:
    # next_check_at is cleared so that the wish is acted on now, not at the next poll.
    noted = Generation.objects.open().filter(id=generation.id, cancel_requested_at=None)
    if noted.update(cancel_requested_at=Now(), next_check_at=None):
        audit.record(
            action=Action.GENERATION_CANCEL_REQUESTED,
            actor_id=api_key.owner_id,
            actor_label=f"key {api_key.prefix}",
            target=("generation", generation.id),
            kind=generation.kind,
        )
        dispatch.offer_on_commit(generation_id=generation.id, kind=generation.kind)
    elif not Generation.objects.open().filter(id=generation.id).exists():
        raise NotCancelable
