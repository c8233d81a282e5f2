"""What this app holds of a person, and what becomes of it (see hub/common/personal_data.py)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.contrib.admin.models import LogEntry
from django.contrib.auth.hashers import make_password
from django.contrib.sessions.models import Session
from django.db.models import CharField, Q, QuerySet
from django.db.models.functions import Cast, Substr
from django.utils import timezone

from hub.common.errors import HubError
from hub.common.keyring import DIGEST_BYTES
from hub.common.personal_data import (
    ANONYMISE,
    DELETE,
    EXPORT,
    KEEP,
    Counts,
    Erasure,
    Holdings,
    Table,
    archive,
    classified,
)
from users.keys import PREFIX_CHARACTERS
from users.models import (
    ApiKey,
    OauthAccount,
    PrivacyRequest,
    SecondFactor,
    TokenRevocation,
    User,
    UserGroup,
    UserPermission,
)
from users.privacy.errors import AlreadyErased, LegalHold, StaffNotErased
from users.privacy.legal_hold import is_held
from users.signin import revoking

SESSIONS = "django_session"
TOKENS = "provider_tokens"
Kind, Status = PrivacyRequest.Kind, PrivacyRequest.Status


def _of(user_id: UUID) -> Q:
    return Q(user_id=user_id)


def _entries_about(user_id: UUID) -> QuerySet[LogEntry]:
    about = {"content_type__app_label": "users", "content_type__model": "user", "object_id": str(user_id)}
    return LogEntry.objects.filter(**about)


def _blank_user(erasure: Erasure) -> Mapping[str, Any]:
    return {
        "status": User.Status.ANONYMISED,
        "email": None,
        "email_index": None,
        "email_index_next": None,
        "password": make_password(None),
        "last_login": None,
        "last_active_at": None,
        "legal_hold_until": None,
        "legal_hold_grounds": None,
        "legal_hold_reason": "",
        "dormancy_step": "",
        "dormancy_step_at": None,
        "is_staff": False,
        "is_superuser": False,
        "created_at": erasure.day("created_at"),
    }


def _blank_key(erasure: Erasure) -> Mapping[str, Any]:
    """Kept for the caps that point to it; no secret fits it, and it has an id and a prefix of nobody's."""
    return {
        "id": erasure.scrambled("id"),
        "owner": erasure.surrogate_id,
        "name": "",
        "prefix": Substr(Cast(erasure.scrambled("id"), CharField()), 25, PREFIX_CHARACTERS),
        "secret_hash": bytes(DIGEST_BYTES),
        "pepper_kid": "",
        "former_hash": None,
        "former_pepper_kid": "",
        "former_until": None,
        "networks": None,
        "allowed_ips": [],
        "lineage": [],
        "expires_at": None,
        "last_used_at": None,
        "revoked_at": erasure.day("created_at"),
        "created_at": erasure.day("created_at"),
    }


def _requests_to_blank(user_id: UUID) -> QuerySet[PrivacyRequest]:
    """Not the erasure that is being carried out: whoever does it closes it."""
    under_way = Q(kind=Kind.ANONYMISE, status__in=PrivacyRequest.OPEN)
    return PrivacyRequest.objects.filter(_of(user_id), Q(reason__isnull=False) | ~Q(key="")).exclude(under_way)


def _blank_request(erasure: Erasure) -> Mapping[str, Any]:
    return {"reason": None, "storage": "", "key": "", "bytes": None, "sha256": "", "expires_at": None}


class UsersHoldings(Holdings):
    """The tables below, the sessions, and the exports."""

    def blocks(self, user_id: UUID) -> Sequence[HubError]:
        """That it is gone, legal hold, and staff."""
        user = User.objects.filter(id=user_id).first()
        if user is None:
            return ()
        if user.status in (User.Status.ANONYMISED, User.Status.SURROGATE):
            return [AlreadyErased()]
        found: list[HubError] = []
        if user.legal_hold_until is not None and is_held(user, at=timezone.now()):
            found.append(LegalHold(until=user.legal_hold_until.isoformat()))
        return [*found, StaffNotErased()] if user.is_staff or user.is_superuser else found

    def outside(self, user_id: UUID) -> Counts:
        """Sessions say within whose they are; exports have their ZIP in storage, tokens count at their provider."""
        return {
            SESSIONS: len(_sessions_of(user_id)),
            TOKENS: revoking.count_tokens(user_id=user_id),
            "exports": _archives_of(user_id).count(),
            "exports_under_way": _exports_under_way(user_id).count(),
        }

    def note(self, erasure: Erasure) -> Counts:
        """Ends sessions and exports, those that are being built too: their last step finds that they are canceled."""
        sessions = _sessions_of(erasure.user_id)
        Session.objects.filter(session_key__in=sessions).delete()
        now = timezone.now()
        # Before the archives are looked at: one that is kept at this moment is waited for here, and found there.
        canceled = list(_exports_under_way(erasure.user_id).select_for_update().values_list("id", flat=True))
        PrivacyRequest.objects.filter(id__in=canceled).update(status=Status.CANCELED, finished_at=now)
        archives = list(_archives_of(erasure.user_id))
        for each in archives:
            archive().drop(each.storage, each.key, erasure_id=erasure.id, is_whole=each.id not in canceled)
        tokens = revoking.note_tokens(user_id=erasure.user_id, erasure_id=erasure.id)
        found = {SESSIONS: len(sessions), "exports": len(archives), "exports_under_way": len(canceled)}
        return found | {TOKENS: tokens}

    def clean_up(self, erasure_id: UUID) -> None:
        """Has the providers end their tokens."""
        revoking.revoke_erased(erasure_id=erasure_id)

    def pending(self, erasure_id: UUID) -> Counts:
        """Those whose provider could not be asked yet; after OIDC_REVOCATION_DAYS it is asked no more."""
        return {TOKENS: revoking.outcome(erasure_id=erasure_id).get(TokenRevocation.State.PENDING, 0)}

    def outcome(self, erasure_id: UUID) -> Counts:
        """How many were ended, and how many end there by themselves."""
        return {f"{TOKENS}_{state}": n for state, n in revoking.outcome(erasure_id=erasure_id).items()}

    def close(self, erasure_id: UUID) -> None:
        """What they were is no longer needed."""
        TokenRevocation.objects.filter(erasure_id=erasure_id).delete()


def _exports_under_way(user_id: UUID) -> QuerySet[PrivacyRequest]:
    return PrivacyRequest.objects.filter(_of(user_id), kind=Kind.EXPORT, status__in=PrivacyRequest.OPEN)


def _archives_of(user_id: UUID) -> QuerySet[PrivacyRequest]:
    return PrivacyRequest.objects.filter(_of(user_id), kind=Kind.EXPORT).exclude(key="")


def _sessions_of(user_id: UUID) -> list[str]:
    """Their keys. An account that never signed in has none, and nobody's sessions are opened to see that."""
    if not User.objects.filter(id=user_id, last_login__isnull=False).exists():
        return []
    whose = str(user_id)
    return [each.session_key for each in Session.objects.all() if each.get_decoded().get("_auth_user_id") == whose]


HOLDINGS = UsersHoldings(
    Table(
        model=UserGroup,
        of=lambda user_id: UserGroup.objects.filter(_of(user_id)),
        columns=classified({DELETE: "id created_at user", DELETE | EXPORT: "group"}),
    ),
    Table(
        model=UserPermission,
        of=lambda user_id: UserPermission.objects.filter(_of(user_id)),
        columns=classified({DELETE: "id created_at user", DELETE | EXPORT: "permission"}),
    ),
    Table(
        model=OauthAccount,
        of=lambda user_id: OauthAccount.objects.filter(_of(user_id)),
        columns=classified(
            {
                DELETE: "user subject_index subject_index_next access_token refresh_token tokens_at",
                DELETE | EXPORT: "id created_at provider subject scopes expires_at last_used_at",
            }
        ),
    ),
    # What is being revoked already is waited for by the erasure from now on, and is nobody's.
    Table(
        model=TokenRevocation,
        of=lambda user_id: TokenRevocation.objects.filter(user_id=user_id),
        columns=classified({ANONYMISE: "user_id erasure_id", KEEP: "id created_at provider hint token state"}),
        changes=lambda erasure: {"user_id": None, "erasure_id": erasure.id},
    ),
    Table(
        model=SecondFactor,
        of=lambda user_id: SecondFactor.objects.filter(_of(user_id)),
        columns=classified(
            {
                DELETE: "user secret recovery last_step throttling_failure_timestamp throttling_failure_count",
                DELETE | EXPORT: "id created_at confirmed_at",
            }
        ),
    ),
    Table(
        model=ApiKey,
        of=lambda user_id: ApiKey.objects.filter(owner_id=user_id),
        columns=classified(
            {
                ANONYMISE: "owner secret_hash pepper_kid former_hash former_pepper_kid former_until allowed_ips",
                ANONYMISE | EXPORT: "id created_at name prefix networks lineage expires_at last_used_at revoked_at",
                KEEP | EXPORT: "scopes",
            }
        ),
        changes=_blank_key,
    ),
    Table(
        model=LogEntry,
        of=_entries_about,
        due=lambda user_id: _entries_about(user_id).exclude(object_repr="", change_message=""),
        columns=classified(
            {
                KEEP: "id user content_type",
                KEEP | EXPORT: "action_time object_id action_flag",
                ANONYMISE: "object_repr change_message",
            }
        ),
        changes=lambda _: {"object_repr": "", "change_message": ""},
    ),
    Table(
        model=PrivacyRequest,
        of=lambda user_id: PrivacyRequest.objects.filter(_of(user_id)),
        due=_requests_to_blank,
        columns=classified(
            {
                KEEP: "user asked_by receipt logged_at started_at codes counts",
                KEEP | EXPORT: "id created_at kind status finished_at verified_at",
                ANONYMISE: "storage key",
                ANONYMISE | EXPORT: "reason bytes sha256 expires_at",
            }
        ),
        changes=_blank_request,
    ),
    Table(
        model=User,
        of=lambda user_id: User.objects.filter(id=user_id),
        due=lambda user_id: User.objects.filter(id=user_id).exclude(status=User.Status.ANONYMISED),
        columns=classified(
            {
                KEEP | EXPORT: "id",
                ANONYMISE: "email_index email_index_next password is_superuser legal_hold_grounds legal_hold_reason",
                ANONYMISE | EXPORT: "email status created_at last_login last_active_at is_staff legal_hold_until"
                " dormancy_step dormancy_step_at",
            }
        ),
        changes=_blank_user,
    ),
)
