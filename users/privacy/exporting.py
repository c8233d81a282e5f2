"""Builds an export: a ZIP with the user's rows of every table as JSON, the files, and a manifest with their digests.

The archive is reserved before it is stored and kept only together with the request's last change, so that of an
export that dies, or whose owner is erased meanwhile, nothing survives.
"""

from __future__ import annotations

import hashlib
import logging
import tempfile
from datetime import datetime, timedelta
from typing import BinaryIO, cast
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from audit.actions import Action
from audit.services import record
from hub.common.errors import ServiceUnavailable
from hub.common.personal_data import archive
from users.models import PrivacyRequest
from users.privacy.zipping import write_zip

logger = logging.getLogger(__name__)
Status = PrivacyRequest.Status
MEMORY_BYTES = 1024 * 1024
# A build that is older than this has died. Shorter than the time for which the archive is reserved.
LEASE = timedelta(minutes=45)


def build_export(*, request_id: UUID) -> bool:
    """Whether the export is there now. A second run finds it taken or ended; one whose worker died is begun anew.

    Raises ServiceUnavailable when a store is away; the sweep tries again.
    """
    started_at = timezone.now()
    request = _claimed(request_id, started_at)
    if request is None:
        return False
    try:
        return _built(request, started_at)
    except ServiceUnavailable:
        mine = PrivacyRequest.objects.filter(id=request.id, status=Status.RUNNING, started_at=started_at)
        mine.update(status=Status.PENDING, started_at=None, storage="", key="")
        raise


def _built(request: PrivacyRequest, started_at: datetime) -> bool:
    with tempfile.SpooledTemporaryFile(max_size=MEMORY_BYTES, dir=str(settings.FILE_UPLOAD_TEMP_DIR)) as spool:
        target = cast(BinaryIO, spool)
        counts = write_zip(target, user_id=request.user_id, request_id=request.id, at=started_at)
        size, digest = _measured(target)
        if not _is_still_mine(request.id, started_at):
            return False
        archive().store(request.storage, request.key, target)
    if not _kept(request, started_at, counts=counts, bytes=size, sha256=digest):
        archive().discard(request.storage, request.key)
        return False
    return True


def _claimed(request_id: UUID, now: datetime) -> PrivacyRequest | None:
    key = f"exports/{request_id.hex[-2:]}/{request_id}-{now:%Y%m%d%H%M%S%f}.zip"
    mine = PrivacyRequest.objects.filter(
        Q(status=Status.PENDING) | Q(status=Status.RUNNING, started_at__lte=now - LEASE),
        id=request_id,
        kind=PrivacyRequest.Kind.EXPORT,
    )
    with transaction.atomic():
        storage = archive().reserve(key)
        if not mine.update(status=Status.RUNNING, started_at=now, storage=storage, key=key):
            transaction.set_rollback(True)
            return None
    return PrivacyRequest.objects.get(id=request_id)


def _measured(target: BinaryIO) -> tuple[int, str]:
    target.seek(0)
    digest = hashlib.sha256()
    size = 0
    while piece := target.read(MEMORY_BYTES):
        digest.update(piece)
        size += len(piece)
    target.seek(0)
    return size, digest.hexdigest()


def _is_still_mine(request_id: UUID, started_at: datetime) -> bool:
    return PrivacyRequest.objects.filter(id=request_id, status=Status.RUNNING, started_at=started_at).exists()


def _kept(request: PrivacyRequest, started_at: datetime, **facts: object) -> bool:
    """False when the request was taken over or canceled meanwhile, or the archive went before it was kept."""
    until = timezone.now() + timedelta(seconds=settings.EXPORT_KEPT_SECONDS)
    running = PrivacyRequest.objects.filter(id=request.id, status=Status.RUNNING, started_at=started_at)
    with transaction.atomic():
        if not running.update(status=Status.DONE, finished_at=timezone.now(), expires_at=until, **facts):
            return False
        if not archive().keep(request.storage, request.key, until=until):
            transaction.set_rollback(True)
            return False
        record(
            action=Action.PRIVACY_EXPORT_BUILT,
            target=("privacy_request", request.id),
            subject_id=request.user_id,
            bytes=facts["bytes"],
            expires_at=until,
        )
    return True
