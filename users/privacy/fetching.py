"""Hands an export out to whom it is about, while it lasts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import BinaryIO
from uuid import UUID

from django.utils import timezone

from audit.actions import Action
from audit.services import record
from hub.common.errors import NotFound
from hub.common.personal_data import archive
from users.models import PrivacyRequest, User
from users.privacy.errors import ExportExpired, ExportNotReady
from users.privacy.selectors import request_of


@dataclass(frozen=True, slots=True)
class Fetched:
    """Either the bytes, or the address where an object store gives them for a while."""

    file_name: str
    bytes: int
    sha256: str
    file: BinaryIO | None
    address: str | None


def fetch_export(*, user: User, request_id: UUID) -> Fetched:
    """The ZIP of an export of the user's; audited, each time.

    Raises NotFound, ExportNotReady, ExportExpired and ServiceUnavailable.
    """
    request = request_of(user=user, request_id=request_id)
    if request.kind != PrivacyRequest.Kind.EXPORT:
        raise NotFound("This request has no file.")
    if request.status != PrivacyRequest.Status.DONE:
        raise ExportNotReady
    if request.expires_at is None or request.expires_at <= timezone.now():
        raise ExportExpired
    name = f"export-{request.id}.zip"
    address = archive().address(request.storage, request.key, file_name=name)
    file = None if address else archive().open(request.storage, request.key)
    record(
        action=Action.PRIVACY_EXPORT_DOWNLOADED,
        actor_id=user.id,
        target=("privacy_request", request.id),
        subject_id=user.id,
    )
    return Fetched(name, request.bytes or 0, request.sha256, file, address)
