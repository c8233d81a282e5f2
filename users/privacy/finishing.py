"""After the transaction of an erasure: the log outside, the objects and providers, what came late, and the proof."""

from __future__ import annotations

import logging
from typing import Any
from uuid import UUID

from django.core.exceptions import ImproperlyConfigured
from django.db import transaction
from django.db.models import ForeignKey
from django.db.models.functions import Now
from django.utils import timezone

from audit.actions import Action
from audit.services import record
from hub.common.errors import ServiceUnavailable
from hub.common.personal_data import KEEP, Counts, all_holdings
from users.models import PrivacyRequest, User
from users.privacy import erasure_log, watch
from users.privacy.erasure import erase_rows
from users.privacy.erasure_log import Entry
from users.privacy.receipts import digest_of, moment, receipt_of

logger = logging.getLogger(__name__)


def finish_erasure(*, request_id: UUID) -> bool:
    """Logs it, cleans up, looks again and verifies; whether it is verified now. Every step may be repeated.

    What could not be done (a store or a provider that is away) is left for the next run, which the sweep sends.
    """
    request = PrivacyRequest.objects.filter(
        id=request_id, kind=PrivacyRequest.Kind.ANONYMISE, status=PrivacyRequest.Status.DONE
    ).first()
    if request is None or request.verified_at is not None:
        return request is not None
    watch.note()
    is_logged = _logged(request)
    for holdings in all_holdings():
        holdings.clean_up(request.id)
    if remains_of(request.user_id):
        _erase_what_came_late(request)
    return is_logged and _verified(request)


def _logged(request: PrivacyRequest) -> bool:
    if request.logged_at is not None:
        return True
    entry = Entry(str(request.id), digest_of(request.user_id), moment(request.finished_at or request.created_at))
    try:
        erasure_log.append(entry)
    except (OSError, ServiceUnavailable) as error:
        logger.error("erasure %s could not be logged, trying again: %s", request.id, type(error).__name__)
        return False
    PrivacyRequest.objects.filter(id=request.id, logged_at=None).update(logged_at=Now())
    return True


def _erase_what_came_late(request: PrivacyRequest) -> None:
    """What a request wrote that was let in before the account was suspended, and ended after the erasure."""
    with transaction.atomic():
        User.objects.select_for_update().get(id=request.user_id)
        late = {name: count for name, count in erase_rows(request.user_id, request_id=request.id).items() if count}
    logger.warning("erasure %s took what came late: %s", request.id, late)


def _verified(request: PrivacyRequest) -> bool:
    pending = pending_of(request.id) | remains_of(request.user_id)
    if pending:
        logger.info("erasure %s is not verified yet: %s", request.id, pending)
        return False
    outcome = {name: n for holdings in all_holdings() for name, n in holdings.outcome(request.id).items()}
    request.verified_at = timezone.now()
    receipt = receipt_of(request, outcome=outcome).as_json()
    with transaction.atomic():
        unverified = PrivacyRequest.objects.filter(id=request.id, verified_at=None)
        if unverified.update(verified_at=request.verified_at, receipt=receipt):
            for holdings in all_holdings():
                holdings.close(request.id)
            record(
                action=Action.PRIVACY_ERASURE_VERIFIED,
                target=("privacy_request", request.id),
                subject_id=request.user_id,
            )
    return True


def pending_of(erasure_id: UUID) -> Counts:
    """What lies in storage or at providers still."""
    return {name: n for holdings in all_holdings() for name, n in holdings.pending(erasure_id).items() if n}


def remains_of(user_id: UUID) -> Counts:
    """What the apps' own look finds, and every relation to the account that is not one to keep; {} for nothing."""
    found = {name: n for holdings in all_holdings() for name, n in holdings.remains(user_id).items() if n}
    for relation in relations():
        if not _is_kept(relation):
            rows = relation.model._base_manager.filter(**{relation.attname: user_id}).count()
            found |= {f"{relation.model._meta.db_table}.{relation.column}": rows} if rows else {}
    return found


def relations() -> list[ForeignKey[Any, Any]]:
    """Every foreign key to the accounts, whatever app it is in."""
    found = (each for each in User._meta.get_fields(include_hidden=True) if each.auto_created and not each.concrete)
    fields = (getattr(each, "field", None) for each in found)
    return [field for field in fields if isinstance(field, ForeignKey) and field.related_model is User]


def _is_kept(relation: ForeignKey[Any, Any]) -> bool:
    for holdings in all_holdings():
        for table in holdings.tables:
            if table.model is relation.model:
                return KEEP in table.columns[relation.name]
    raise ImproperlyConfigured(f"{relation.model._meta.db_table}.{relation.column} is in no app's personal_data.py.")
