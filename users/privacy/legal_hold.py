"""Legal hold: while it lasts, nothing of the account is erased or purged, whoever asks."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from audit.actions import Action
from audit.services import record
from users.models import LONGEST_REASON, User
from users.privacy.errors import AlreadyErased, HoldNotValid


def is_held(user: User, *, at: datetime) -> bool:
    """Whether the account is under a legal hold at that moment; at `legal_hold_until` it ends by itself."""
    return user.legal_hold_until is not None and user.legal_hold_until > at


def held_users() -> QuerySet[User, UUID]:
    """The ids of the accounts under legal hold, by the database's clock: for whoever purges, to leave out."""
    return User.objects.filter(legal_hold_until__gt=Now()).values_list("id", flat=True)


def set_legal_hold(*, user: User, until: datetime, reason: str, actor: User | None) -> None:
    """Sets it, or another end or reason for it; audited, without the reason. A second call is audited again.

    `until` is when it has to be reviewed at the latest: then it ends. Raises HoldNotValid and AlreadyErased.
    """
    if until <= timezone.now():
        raise HoldNotValid("A legal hold ends in the future.")
    if not reason.strip() or len(reason) > LONGEST_REASON:
        raise HoldNotValid(f"A legal hold has a reason of at most {LONGEST_REASON} characters.")
    with transaction.atomic():
        _write(user, until=until, reason=reason.strip())
        _record(Action.LEGAL_HOLD_SET, user, actor, until)


def lift_legal_hold(*, user: User, actor: User | None) -> bool:
    """Ends it now, audited; False, and nothing written, when there is none."""
    with transaction.atomic():
        held = User.objects.filter(id=user.id, legal_hold_until__isnull=False)
        if not held.update(legal_hold_until=None, legal_hold_grounds=None, legal_hold_reason=""):
            return False
        _record(Action.LEGAL_HOLD_LIFTED, user, actor)
    return True


def _write(user: User, *, until: datetime, reason: str) -> None:
    gone = (User.Status.ANONYMISED, User.Status.SURROGATE)
    # The row lock orders it and an erasure: it comes before that has decided, or finds nobody to hold.
    there = User.objects.filter(id=user.id).exclude(status__in=gone)
    if not there.update(legal_hold_until=until, legal_hold_grounds=reason, legal_hold_reason=""):
        raise AlreadyErased


def _record(action: Action, user: User, actor: User | None, until: datetime | None = None) -> None:
    record(action=action, actor_id=actor.id if actor else None, target=("user", user.id), until=until)
