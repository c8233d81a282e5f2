"""The links to identities at OpenID providers, and second factors."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone
from django_otp.models import ThrottlingMixin

from hub.common.fields import BlindIndexField, EncryptedJSONField, EncryptedTextField
from hub.common.indexing import IndexPair
from hub.common.models import HubModel

LONGEST_PROVIDER = 20
LONGEST_SCOPE = 200
LONGEST_HINT = 20
SUBJECT = IndexPair(
    source="subject",
    index="subject_index",
    following="subject_index_next",
    purpose="oauth_accounts.subject",
    normalise=str,
)


class OauthAccount(HubModel):
    """An identity at a provider that opens an account.

    `subject` is `<issuer> <sub>`: a provider that is set to another issuer finds no old link. It is found by its keyed
    hashes, and sealed beside them so that they can be made anew when the index keys rotate.
    """

    # The unique constraint below is the index of this key.
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="oauth_accounts", db_index=False
    )
    provider = models.CharField(max_length=LONGEST_PROVIDER)
    subject = EncryptedTextField()
    subject_index = BlindIndexField()
    # Under the key that is next; see hub/common/indexing.py.
    subject_index_next = BlindIndexField(null=True, blank=True)
    access_token = EncryptedTextField(null=True, blank=True)
    refresh_token = EncryptedTextField(null=True, blank=True)
    scopes = ArrayField(models.CharField(max_length=LONGEST_SCOPE), default=list, db_default=[], blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    # When the tokens were written: who refreshes them at the same time notices by it.
    tokens_at = models.DateTimeField(default=timezone.now, editable=False)
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False)

    INDEX_PAIRS: ClassVar[tuple[IndexPair, ...]] = (SUBJECT,)

    class Meta:
        db_table = "oauth_accounts"
        verbose_name = "sign-in by a provider"
        verbose_name_plural = "sign-ins by a provider"
        constraints = [
            models.UniqueConstraint(fields=["subject_index"], name="oauth_accounts_subject_unique"),
            models.UniqueConstraint(fields=["subject_index_next"], name="oauth_accounts_subject_unique_next"),
            # An address that is given to somebody else must not open the account of who had it before.
            models.UniqueConstraint(fields=["user", "provider"], name="oauth_accounts_one_each"),
        ]

    def __str__(self) -> str:
        return f"{self.provider} {self.id}"


class TokenRevocation(HubModel):
    """A token that its provider is to end; the link that it was of is gone. It goes when the provider was asked.

    `erasure_id` is that of the erasure that it came from; else `user_id` is whose link was ended, whom an erasure finds
    by it. `declined`: the provider ends no such tokens, or is none any more; `given_up`: it was away for too long.
    Either way the token ends there by itself.
    """

    class State(models.TextChoices):
        PENDING = "pending"
        REVOKED = "revoked"
        DECLINED = "declined"
        GIVEN_UP = "given_up"

    erasure_id = models.UUIDField(null=True, blank=True, db_index=True)
    user_id = models.UUIDField(null=True, blank=True, db_index=True)
    provider = models.CharField(max_length=LONGEST_PROVIDER)
    hint = models.CharField(max_length=LONGEST_HINT)
    token = EncryptedTextField()
    state = models.CharField(max_length=10, choices=State.choices, default=State.PENDING)

    class Meta:
        db_table = "token_revocations"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(state__in=["pending", "revoked", "declined", "given_up"]),
                name="token_revocations_state",
            ),
            models.CheckConstraint(
                condition=models.Q(erasure_id__isnull=True) | models.Q(user_id__isnull=True),
                name="token_revocations_nobodys_after_erasure",
            ),
        ]

    def __str__(self) -> str:
        return f"revocation {self.id}"


class Verifiable:
    """What ThrottlingMixin stands upon: nothing else forbids a code."""

    def verify_is_allowed(self) -> tuple[bool, None]:
        """Whether a code may be looked at now, and what to know of it."""
        return True, None


class SecondFactor(ThrottlingMixin, Verifiable, HubModel):  # type: ignore[misc]
    """An authenticator app (TOTP, RFC 6238) of a user, and the recovery codes for the day when it is lost.

    The secret (base32) is sealed, unlike in django-otp's own table; of the recovery codes
    the SHA-256 is kept, sealed: each has 80 random bits. Wrong codes make the next one wait (django-otp's throttling).
    """

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="second_factor")
    secret = EncryptedTextField()
    recovery = EncryptedJSONField(default=list, blank=True)
    confirmed_at = models.DateTimeField(null=True, blank=True)
    # The time step of the last code that was taken: none is taken twice.
    last_step = models.BigIntegerField(default=-1, db_default=-1, editable=False)

    class Meta:
        db_table = "second_factors"
        verbose_name = "second factor"

    def __str__(self) -> str:
        return str(self.id)

    def get_throttle_factor(self) -> int:
        """Seconds after the first wrong code; doubled by each one more."""
        return 1
