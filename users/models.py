"""Accounts and their API keys."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, ClassVar, cast
from uuid import UUID

from django.contrib.auth.models import AbstractBaseUser, Group, Permission, PermissionsMixin
from django.contrib.postgres.fields import ArrayField
from django.db import models, transaction
from django.db.models import Q

from audit.actions import Action
from audit.services import record
from hub.common.fields import (
    BlindIndexField,
    EncryptedEmailField,
    EncryptedJSONField,
    EncryptedTextField,
    PlaintextRefused,
)
from hub.common.indexing import IndexPair
from hub.common.models import HubModel
from users.keys import PREFIX_CHARACTERS
from users.managers import EMAIL, UserManager
from users.privacy.models import PrivacyRequest
from users.signin.models import OauthAccount, SecondFactor, TokenRevocation

__all__ = [
    "ApiKey",
    "OauthAccount",
    "PrivacyRequest",
    "SecondFactor",
    "TokenRevocation",
    "User",
    "UserGroup",
    "UserPermission",
]

LONGEST_NAME = 100
LONGEST_REASON = 500
LONGEST_SCOPE = 32
# An IPv6 network in its longest spelling.
LONGEST_NETWORK = 49


class User(HubModel, AbstractBaseUser, PermissionsMixin):
    """A person or a client. The email is sealed; keyed hashes find it and are unique. An anonymised one has none."""

    class Status(models.TextChoices):
        """ACTIVE and NOTIFIED (told that it will be suspended for want of use) may use the hub; the others may not.

        ANONYMISED is what is left of an account that was erased: an id. SURROGATE is under whom its ledger goes on,
        with an id of its own that nothing ties to the first.
        """

        ACTIVE = "active"
        NOTIFIED = "notified"
        SUSPENDED = "suspended"
        ANONYMISED = "anonymised"
        SURROGATE = "surrogate"

    class DormancyStep(models.TextChoices):
        """How far an account that nobody uses is on its way out (users/purging/dormant.py)."""

        NOTIFIED = "notified"
        REMINDED = "reminded"
        SUSPENDED = "suspended"

    MAY_USE_THE_HUB = (Status.ACTIVE, Status.NOTIFIED)

    email = EncryptedEmailField(null=True, blank=True)
    email_index = BlindIndexField(null=True, blank=True)
    # Under the key that is next; see hub/common/indexing.py.
    email_index_next = BlindIndexField(null=True, blank=True)
    status = models.CharField(max_length=16, choices=Status.choices, default=Status.ACTIVE)
    last_active_at = models.DateTimeField(null=True, blank=True, editable=False)
    legal_hold_until = models.DateTimeField(null=True, blank=True)
    # Why it is held.
    legal_hold_grounds = EncryptedTextField(null=True, blank=True, editable=False)
    # The release before wrote it there, in clear; nothing does now. It goes with the next release.
    legal_hold_reason = models.CharField(max_length=LONGEST_REASON, blank=True)
    dormancy_step = models.CharField(
        max_length=10, choices=DormancyStep.choices, default="", db_default="", blank=True, editable=False
    )
    dormancy_step_at = models.DateTimeField(null=True, blank=True, editable=False)
    is_staff = models.BooleanField("staff", default=False, help_text="May sign in to the admin.")
    # Tables of our own for the two relations, so that their rows have UUID keys as well.
    groups = models.ManyToManyField(  # type: ignore[assignment]
        Group, through="users.UserGroup", blank=True, related_name="user_set", related_query_name="user"
    )
    user_permissions = models.ManyToManyField(  # type: ignore[assignment]
        Permission, through="users.UserPermission", blank=True, related_name="user_set", related_query_name="user"
    )

    objects: ClassVar[UserManager] = UserManager()

    INDEX_PAIRS: ClassVar[tuple[IndexPair, ...]] = (EMAIL,)
    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        db_table = "users"
        indexes = [
            # What every purge asks for; hardly anybody is in it.
            models.Index(
                fields=["legal_hold_until"],
                name="users_legal_hold",
                condition=Q(legal_hold_until__isnull=False),
            ),
        ]
        permissions = [("reveal_personal_data", "Can reveal personal data")]
        constraints = [
            models.UniqueConstraint(fields=["email_index"], name="users_email_unique"),
            models.UniqueConstraint(fields=["email_index_next"], name="users_email_unique_next"),
            models.CheckConstraint(
                condition=Q(status__in=["active", "notified", "suspended", "anonymised", "surrogate"]),
                name="users_status_known",
            ),
            models.CheckConstraint(
                condition=Q(email__isnull=True, email_index__isnull=True, email_index_next__isnull=True)
                | Q(email__isnull=False, email_index__isnull=False),
                name="users_email_with_index",
            ),
            models.CheckConstraint(
                condition=Q(dormancy_step="", dormancy_step_at__isnull=True)
                | Q(dormancy_step__in=["notified", "reminded", "suspended"], dormancy_step_at__isnull=False),
                name="users_dormancy_whole",
            ),
            models.CheckConstraint(
                condition=~Q(status__in=["anonymised", "surrogate"])
                | Q(
                    email__isnull=True,
                    last_login__isnull=True,
                    last_active_at__isnull=True,
                    legal_hold_until__isnull=True,
                    legal_hold_reason="",
                ),
                name="users_anonymised_is_empty",
            ),
            models.CheckConstraint(
                condition=~Q(status__in=["anonymised", "surrogate"]) | Q(legal_hold_grounds__isnull=True),
                name="users_anonymised_has_no_grounds",
            ),
        ]

    def __str__(self) -> str:
        # Never the email: this text ends up in the admin's log and in messages.
        return str(self.id)

    @property
    def is_active(self) -> bool:  # type: ignore[override]
        """Whether the account may use the hub; what Django asks before it lets anyone in."""
        return self.status in self.MAY_USE_THE_HUB

    def save(self, *args: Any, **kwargs: Any) -> None:
        """As Django's; a password that somebody set by `set_password`, as Django's own forms do, is audited."""
        is_changed = getattr(self, "_password", None) is not None and not self._state.adding
        with transaction.atomic():
            super().save(*args, **kwargs)
            if is_changed:
                record(action=Action.USER_PASSWORD_SET, target=("user", self.id))

    def set_email(self, value: str) -> None:
        """Sets the address and its indexes together; raises ValueError for a malformed one. Does not save."""
        for name, digest in EMAIL.values(value).items():
            setattr(self, name, digest)
        self.email = value.strip()

    def natural_key(self) -> tuple[str]:
        """Refused: it is the email in clear, and dumpdata would write it beside whatever points here."""
        raise PlaintextRefused("users have no natural key: it would be the email in clear.")


class UserGroup(HubModel):
    """A user is in a group."""

    # The unique constraint below is the index of this key.
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+", db_index=False)
    group = models.ForeignKey(Group, on_delete=models.CASCADE, related_name="+")

    class Meta:
        db_table = "user_groups"
        constraints = [models.UniqueConstraint(fields=["user", "group"], name="user_groups_unique")]

    def __str__(self) -> str:
        return f"{self.user_id} in {self.group_id}"


class UserPermission(HubModel):
    """A user has a permission of their own, beside those of their groups."""

    # The unique constraint below is the index of this key.
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+", db_index=False)
    permission = models.ForeignKey(Permission, on_delete=models.CASCADE, related_name="+")

    class Meta:
        db_table = "user_permissions"
        constraints = [models.UniqueConstraint(fields=["user", "permission"], name="user_permissions_unique")]

    def __str__(self) -> str:
        return f"{self.user_id} may {self.permission_id}"


class ApiKey(HubModel):
    """What a client sends. Its prefix is kept in clear; the hash is keyed with the pepper that `pepper_kid` names.

    After a rotation the secret before it works until `former_until`. `lineage` are the ids of the keys that this one
    comes from, nearest first: what it spends counts against their caps as well.
    """

    LASTING_INDEXES: ClassVar[dict[str, str]] = {
        "secret_hash": "it is under a pepper, named beside it, and the secret itself is stored nowhere",
        "former_hash": "as secret_hash",
    }

    # The index of this key is the one of the list, below.
    owner = models.ForeignKey(User, on_delete=models.PROTECT, related_name="api_keys", db_index=False)
    name = models.CharField(max_length=LONGEST_NAME)
    prefix = models.CharField(max_length=PREFIX_CHARACTERS, editable=False)
    secret_hash = BlindIndexField()
    pepper_kid = models.CharField(max_length=32, editable=False)
    former_hash = BlindIndexField(null=True, blank=True)
    former_pepper_kid = models.CharField(max_length=32, blank=True, default="", db_default="", editable=False)
    former_until = models.DateTimeField(null=True, blank=True, editable=False)
    # Whence it may be used, in CIDR notation; NULL: from anywhere. Opened for keys alone that have some.
    networks = EncryptedJSONField(null=True, blank=True, editable=False)
    # What the release before reads: [NOWHERE] of a key that is bound to networks, so that it refuses it. What that
    # release wrote here, in clear, still counts. It goes with the next release.
    allowed_ips = ArrayField(models.CharField(max_length=LONGEST_NETWORK), default=list, db_default=[], blank=True)
    lineage = ArrayField(models.UUIDField(), default=list, db_default=[], blank=True, editable=False)
    scopes = ArrayField(models.CharField(max_length=LONGEST_SCOPE))
    expires_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "api_keys"
        verbose_name = "API key"
        constraints = [
            models.UniqueConstraint(fields=["prefix"], name="api_keys_prefix_unique"),
            models.CheckConstraint(condition=Q(scopes__len__gt=0), name="api_keys_has_scopes"),
            models.CheckConstraint(
                condition=Q(former_hash__isnull=True, former_until__isnull=True, former_pepper_kid="")
                | (Q(former_hash__isnull=False, former_until__isnull=False) & ~Q(former_pepper_kid="")),
                name="api_keys_former_whole",
            ),
        ]
        indexes = [models.Index(fields=["owner", "-created_at", "-id"], name="api_keys_owner_newest")]

    def __str__(self) -> str:
        return f"hub_{self.prefix}_…"

    @property
    def line(self) -> tuple[UUID, ...]:
        """Its id and those of the keys that it comes from: whose caps bind it."""
        return (self.id, *self.lineage)

    @property
    def allowed_networks(self) -> Sequence[str]:
        """Whence it may be used, in CIDR notation; empty: from anywhere."""
        return self.allowed_ips if self.networks is None else cast(list[str], self.networks)

    def is_expired(self, now: datetime) -> bool:
        """Whether its time is over at `now`."""
        return self.expires_at is not None and self.expires_at <= now
