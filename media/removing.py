"""Takes files away: the row first, in a transaction, the object after it, and what was left over by a sweep."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

import redis
from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.module_loading import import_string

from audit import services as audit
from audit.actions import Action
from hub.common.errors import NotFound, ServiceUnavailable
from hub.common.redis import redis_client
from media import stores
from media.errors import MediaInUse
from media.models import Media, Removal
from users.models import ApiKey

logger = logging.getLogger(__name__)
# An upload that is stored and has no row by then has died on its way.
STALE_UPLOAD = timedelta(hours=1)
BATCH = 1000
# Tells the clock, which does not ask the database, when there will be something to sweep.
LEFTOVERS_KEY = "hub:media:leftovers"
_EARLIER = """
local known = redis.call('GET', KEYS[1])
if not known or tonumber(ARGV[1]) < tonumber(known) then redis.call('SET', KEYS[1], ARGV[1]) end
return 1
"""


def delete_media(*, api_key: ApiKey, media_id: UUID) -> None:
    """Ends one of the owner's files: from here on it is not found, and its object goes. The row stays, as deleted.

    Raises NotFound (also for another user's, and the second time) and MediaInUse; then nothing has changed.
    """
    with transaction.atomic():
        # The lock against a submission that takes the file as its input at this moment: one of the two waits.
        media = (
            Media.objects.select_for_update().filter(id=media_id, owner_id=api_key.owner_id, deleted_at=None).first()
        )
        if media is None:
            raise NotFound("There is no such media, or it is not yours.")
        if any(import_string(path)(media_id) for path in settings.MEDIA_USES):
            raise MediaInUse
        Media.objects.filter(id=media.id).update(deleted_at=Now(), idempotency_key="")
        audit.record(
            action=Action.MEDIA_DELETED,
            actor_id=api_key.owner_id,
            actor_label=f"key {api_key.prefix}",
            target=("media", media.id),
            kind=media.kind,
            bytes=media.bytes,
        )
        removal = noted(media.storage, media.key, after=timedelta(0))
        transaction.on_commit(lambda: carry_out(removal), robust=True)


def reserve(storage: str, key: str) -> Removal:
    """Before an object is stored: it will go again unless `confirm` takes this back with its row."""
    return noted(storage, key, after=STALE_UPLOAD)


def confirm(removal: Removal) -> None:
    """The object has its row now; runs inside that transaction. Raises ServiceUnavailable when the sweep was first."""
    gone, _ = Removal.objects.filter(id=removal.id).delete()
    if not gone:
        raise ServiceUnavailable("The upload took too long. Send it again.")


def carry_out(removal: Removal) -> bool:
    """Removes the object and then the note of it; False when the store is away, and the sweep will try again."""
    if not Media.objects.filter(key=removal.key, deleted_at=None).exists():
        try:
            stores.remove(removal.storage, removal.key)
        except ServiceUnavailable:
            return False
    Removal.objects.filter(id=removal.id).delete()
    return True


def note_all(rows: QuerySet[Media], *, erasure_id: UUID) -> None:
    """The objects of all these files are to go, on account of that erasure; in its transaction."""
    now = timezone.now()
    places = rows.order_by("id").values_list("storage", "key")
    Removal.objects.bulk_create(
        [Removal(storage=storage, key=key, not_before=now, erasure_id=erasure_id) for storage, key in places],
        batch_size=BATCH,
        update_conflicts=True,
        unique_fields=["key"],
        update_fields=["not_before", "erasure_id"],
    )
    _tell_the_clock(now)


def note_at_once(places: Iterable[tuple[str, str]]) -> None:
    """The objects (storage, key) are to go, by the next sweep; in a transaction. A second note changes nothing."""
    now = timezone.now()
    notes = [Removal(storage=storage, key=key, not_before=now) for storage, key in places]
    Removal.objects.bulk_create(notes, batch_size=BATCH, ignore_conflicts=True)
    transaction.on_commit(lambda: _tell_the_clock(now), robust=True)


def put_off(storage: str, key: str, *, until: datetime) -> bool:
    """The object goes at that moment, not before; False when it went already."""
    _tell_the_clock(until)
    return bool(Removal.objects.filter(storage=storage, key=key).update(not_before=until))


def carry_out_all(*, erasure_id: UUID) -> int:
    """Removes every object of that erasure that may go by now; returns how many are left."""
    for removal in list(of_erasure(erasure_id).filter(not_before__lte=timezone.now())):
        carry_out(removal)
    return of_erasure(erasure_id).count()


def of_erasure(erasure_id: UUID) -> QuerySet[Removal]:
    """The objects that this erasure waits for."""
    return Removal.objects.filter(erasure_id=erasure_id)


def due() -> QuerySet[Removal]:
    """The objects that are to go by now, the longest due first."""
    return Removal.objects.filter(not_before__lte=timezone.now()).order_by("not_before")


def sweep() -> int:
    """Removes every object that is to go by now; returns how many. A second run finds those that could not go."""
    removed = sum(carry_out(removal) for removal in due()[:BATCH])
    # Forgotten first: what is noted while the next one is looked up is then not lost.
    redis_client().delete(LEFTOVERS_KEY)
    following = Removal.objects.order_by("not_before").values_list("not_before", flat=True).first()
    if following is not None:
        _tell_the_clock(following)
    return removed


def may_be_left() -> bool:
    """Whether the sweep may find something that is to go by now; asks Redis alone."""
    earliest = redis_client().get(LEFTOVERS_KEY)
    return earliest is not None and float(str(earliest)) <= time.time()


def noted(storage: str, key: str, *, after: timedelta) -> Removal:
    """The object is to go then: this is the note of it."""
    removal = Removal.objects.create(storage=storage, key=key, not_before=timezone.now() + after)
    _tell_the_clock(removal.not_before)
    return removal


def _tell_the_clock(moment: datetime) -> None:
    try:
        redis_client().eval(_EARLIER, 1, LEFTOVERS_KEY, moment.timestamp())
    except redis.RedisError:
        logger.info("the sweep of files waits for the next job: Redis is away")
