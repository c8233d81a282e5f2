"""Accounts that nobody uses: told, told again, suspended and erased, each step a while after the one before.

A run takes at most one step with an account. Any use of it puts it back to the beginning, and until the next run does,
no step finds it. Who cannot be told is not suspended, and who was not suspended is not erased.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Case, F, Q, QuerySet, Value, When
from django.db.models.functions import Greatest, Now
from django.utils import timezone

from audit.actions import Action
from audit.services import record
from hub.common.errors import HubError
from hub.common.purging import Counts, Key, Outcome, Part, Purge, PurgeImpossible, Rows
from users.models import User
from users.notices import tell
from users.privacy.erasure import erasure_blocks
from users.privacy.legal_hold import held_users
from users.privacy.requests import erase_now

NAME = "purge_dormant_users"
REASON = "dormant"
Status, Step = User.Status, User.DormancyStep


def purge_dormant_users(*, days: int, grace_days: int) -> Purge:
    """Accounts without any use for so many days, with so many days from each step to the next.

    Not those of staff, under legal hold, without an address, or with jobs or holds that are open. Raises
    PurgeImpossible when the hub sends no mail: nobody is erased who was not told.
    """
    if not settings.MAIL_IS_SENT:
        raise PurgeImpossible("Dormant accounts are told by mail first, and the hub has none: set EMAIL_HOST.")
    now, grace = timezone.now(), timedelta(days=grace_days)
    waited = _people().filter(dormancy_step_at__lte=now - grace, seen_at__lte=F("dormancy_step_at"))
    unused_since = now - timedelta(days=days)
    fresh = _people().filter(status=Status.ACTIVE, dormancy_step="", seen_at__lte=unused_since)
    told = waited.filter(status=Status.NOTIFIED)
    # The last step first: what one of them does is nothing for the next one, in this run.
    parts: list[Part] = [
        Rows(name="users used again", rows=_used_again(), act=_back_to_the_beginning),
        Erasing("users.erased", waited.filter(status=Status.SUSPENDED, dormancy_step=Step.SUSPENDED)),
        Suspending("users.suspended", told.filter(dormancy_step=Step.REMINDED)),
        Telling("users.reminded", told.filter(dormancy_step=Step.NOTIFIED), Step.REMINDED, suspended_at=now + grace),
        Telling("users.notified", fresh, Step.NOTIFIED, suspended_at=now + 2 * grace),
    ]
    return Purge(NAME, f"accounts that were not used since {unused_since:%Y-%m-%d %H:%M} UTC", parts)


def _people() -> QuerySet[Any]:
    """Whom this is about; the last use of an account that was never used is that it was made."""
    clients = User.objects.filter(is_staff=False, is_superuser=False, email_index__isnull=False)
    seen = clients.annotate(seen_at=Greatest("created_at", "last_active_at", "last_login"))
    return seen.exclude(id__in=held_users())


def _used_again() -> QuerySet[User]:
    """On the way out, and used since; or let in again, suspended or given rights by somebody of the staff."""
    on_the_way = User.objects.exclude(dormancy_step="").filter(status__in=[*User.MAY_USE_THE_HUB, Status.SUSPENDED])
    seen = on_the_way.annotate(seen_at=Greatest("created_at", "last_active_at", "last_login"))
    suspended = Q(status=Status.SUSPENDED)
    return seen.filter(
        Q(status=Status.ACTIVE)
        | Q(seen_at__gt=F("dormancy_step_at"))
        | (suspended & ~Q(dormancy_step=Step.SUSPENDED))
        | Q(is_staff=True)
        | Q(is_superuser=True)
    )


def _back_to_the_beginning(rows: QuerySet[User]) -> Counts:
    ids = list(rows.select_for_update(of=("self",), no_key=True).values_list("id", flat=True))
    for user_id in ids:
        record(action=Action.USER_DORMANCY_ENDED, target=("user", user_id))
    status = Case(When(status=Status.NOTIFIED, then=Value(Status.ACTIVE)), default=F("status"))
    count = User.objects.filter(id__in=ids).update(status=status, dormancy_step="", dormancy_step_at=None)
    return {"users.used_again": count}


class OneByOne:
    """A step that is taken with each account by itself."""

    def __init__(self, name: str, rows: QuerySet[User]) -> None:
        self.name = name
        self._rows = rows

    def keys(self, after: Key | None, limit: int) -> Sequence[Key]:
        """By id."""
        rows = self._rows if after is None else self._rows.filter(id__gt=after[0])
        return list(rows.order_by("id").values_list("id")[:limit])

    def carry_out(self, keys: Sequence[Key], *, dry_run: bool) -> Outcome:
        """Those against whom something stands now are left for another run."""
        outcome = Outcome({self.name: 0, "users.not_now": 0}, seen=len(keys))
        for [user_id] in keys:
            if erasure_blocks(user_id):
                outcome.add({"users.not_now": 1})
            elif dry_run or self.take(user_id):
                outcome.add({self.name: 1})
            else:
                outcome.failed += 1
        return outcome

    def standing(self, user_id: UUID) -> QuerySet[User]:
        """The account, if the condition still holds."""
        return self._rows.filter(id=user_id)

    @abstractmethod
    def take(self, user_id: UUID) -> bool:
        """Takes the step; False when it could not be taken. A second time does nothing."""


class Erasing(OneByOne):
    """The end."""

    def take(self, user_id: UUID) -> bool:
        """Under a request of its own, which proves it (see erase_now)."""
        if not self.standing(user_id).exists():
            return False
        try:
            erase_now(user_id=user_id, asked_by=None, reason=REASON)
        except HubError:
            # Something came up at this moment; the request says what.
            return False
        return True


class Suspending(OneByOne):
    """Nobody is let in under it any more; staff may still let it in again."""

    def take(self, user_id: UUID) -> bool:
        """Only if it was not used meanwhile."""
        with transaction.atomic():
            step = {"dormancy_step": Step.SUSPENDED, "dormancy_step_at": Now()}
            if not self.standing(user_id).update(status=Status.SUSPENDED, **step):
                return False
            record(action=Action.USER_SUSPENDED, target=("user", user_id), reason=REASON)
        return True


class Telling(OneByOne):
    """A mail, and then the note of it: a run that dies in between sends that one again, and none is left out."""

    def __init__(self, name: str, rows: QuerySet[User], step: str, *, suspended_at: datetime) -> None:
        super().__init__(name, rows)
        self._step = step
        self._suspended_at = suspended_at

    def take(self, user_id: UUID) -> bool:
        """A mail that is not taken leaves the account where it is."""
        user = self.standing(user_id).first()
        if user is None or not tell(user=user, subject="Your account is not used", body=self._body()):
            return False
        with transaction.atomic():
            step = {"dormancy_step": self._step, "dormancy_step_at": Now()}
            if not self.standing(user_id).update(status=Status.NOTIFIED, **step):
                return False
            record(action=Action.USER_DORMANCY_TOLD, target=("user", user_id), step=self._step)
        return True

    def _body(self) -> str:
        return (
            "Your account at the AI Generation Hub has not been used for a long time.\n\n"
            f"Unless it is used before {self._suspended_at:%d %B %Y}, it will be suspended, and after that everything "
            "that it holds will be erased.\n\nTo keep it, make any call with one of its API keys.\n"
        )
