"""Takes in a file that a client sent: read what it is, store it, write it down."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import BinaryIO
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import timezone

from audit import services as audit
from audit.actions import Action
from hub.common.errors import HubError, IdempotencyKeyReused
from hub.common.ids import uuid7
from media import removing, stores
from media.models import Media
from media.probe import Properties
from media.services import Digest, StoredFile, digest_of, keep_file, record_file
from media.sniffing import EXTENSIONS
from media.verifying import verified
from users.models import ApiKey

KEYS_ARE_KEPT = timedelta(hours=24)


def upload(*, api_key: ApiKey, source: BinaryIO, idempotency_key: str = "") -> tuple[Media, bool]:
    """The file of the key's owner, and whether it was there before (same Idempotency-Key and bytes, within 24 hours).

    Raises UnsupportedMedia, UnreadableMedia, MediaOverLimit, IdempotencyKeyReused and ServiceUnavailable; then there is
    no file.
    """
    digest = digest_of(source)
    earlier = _earlier(api_key, idempotency_key, digest)
    if earlier is not None:
        return earlier, True
    mime_type, properties = verified(source)
    try:
        return _taken_in(api_key, source, Found(mime_type, properties, digest), idempotency_key), False
    except IntegrityError:
        # Two uploads with one key at once: the other one was first.
        earlier = _earlier(api_key, idempotency_key, digest)
        if earlier is None:
            raise
        return earlier, True


@dataclass(frozen=True, slots=True)
class Found:
    """What a file turned out to be."""

    mime_type: str
    properties: Properties
    digest: Digest


def _taken_in(api_key: ApiKey, source: BinaryIO, found: Found, idempotency_key: str) -> Media:
    """The note that the object may have to go, the object, then its row: whatever dies in between leaves no orphan."""
    media_id = uuid7()
    storage, key = stores.current(), f"uploads/{media_id.hex[-2:]}/{media_id}.{EXTENSIONS[found.mime_type]}"
    removal = removing.reserve(storage, key)
    try:
        stored = keep_file(
            key=key,
            storage=storage,
            source=source,
            mime_type=found.mime_type,
            properties=found.properties,
            digest=found.digest,
        )
        with transaction.atomic():
            removing.confirm(removal)
            return _written(api_key, stored, idempotency_key, media_id=media_id)
    except (IntegrityError, HubError):
        removing.carry_out(removal)
        raise


def _earlier(api_key: ApiKey, idempotency_key: str, digest: Digest) -> Media | None:
    """What this key made before; one that is older than a day may be used for something else."""
    if not idempotency_key:
        return None
    named = Media.objects.filter(owner_id=api_key.owner_id, idempotency_key=idempotency_key)
    named.filter(created_at__lt=timezone.now() - KEYS_ARE_KEPT).update(idempotency_key="")
    found = named.first()
    if found is not None and found.sha256 != digest.sha256:
        raise IdempotencyKeyReused
    return found


def _written(api_key: ApiKey, stored: StoredFile, idempotency_key: str, *, media_id: UUID) -> Media:
    media = record_file(
        owner_id=api_key.owner_id,
        reference=None,
        position=0,
        stored=stored,
        id=media_id,
        idempotency_key=idempotency_key,
    )
    audit.record(
        action=Action.MEDIA_UPLOADED,
        actor_id=api_key.owner_id,
        actor_label=f"key {api_key.prefix}",
        target=("media", media.id),
        kind=media.kind,
        mime_type=media.mime_type,
        bytes=media.bytes,
    )
    return media
