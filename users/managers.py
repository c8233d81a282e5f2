"""How accounts are made and found by Django's own doors (createsuperuser, the admin's sign-in) and by ours."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from django.contrib.auth.models import BaseUserManager
from django.db import IntegrityError, transaction

from audit.actions import Action
from audit.services import record
from hub.common.fields import normalise_email
from hub.common.keyring import blind_indexes
from users.errors import EmailMalformed, EmailTaken

if TYPE_CHECKING:
    from users.models import User

EMAIL_PURPOSE = "users.email"
_EMAIL_UNIQUE = "users_email_unique"


class UserManager(BaseUserManager["User"]):
    """Finds by the email's index; makes accounts with their audit entry."""

    def get_by_natural_key(self, username: str | None) -> User:
        """The account with that address, in any spelling; raises User.DoesNotExist, for a malformed one too."""
        return self.get(email_index__in=self._indexes_of(username))

    async def aget_by_natural_key(self, username: str | None) -> User:
        """As get_by_natural_key."""
        return await self.aget(email_index__in=self._indexes_of(username))

    def _indexes_of(self, email: str | None) -> Sequence[bytes]:
        try:
            return blind_indexes(normalise_email(email or ""), purpose=EMAIL_PURPOSE)
        except ValueError:
            raise self.model.DoesNotExist("No account has a malformed address.") from None

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> User:
        """A stored account, audited; without a password nobody can sign in to it. Raises EmailMalformed, EmailTaken."""
        user = self.model(**fields)
        try:
            user.set_email(email)
        except ValueError as error:
            raise EmailMalformed(str(error)) from None
        user.set_password(password)
        self._insert(user)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> User:
        """As create_user, with every right in the admin."""
        return self.create_user(email, password, **{**fields, "is_staff": True, "is_superuser": True})

    def _insert(self, user: User) -> None:
        with transaction.atomic():
            self._refuse_taken(user)
            try:
                with transaction.atomic():
                    user.save(using=self._db, force_insert=True)
            except IntegrityError as error:
                if _EMAIL_UNIQUE in str(error):
                    raise EmailTaken from None
                raise
            record(
                action=Action.USER_CREATED,
                target=("user", user.id),
                is_staff=user.is_staff,
                is_superuser=user.is_superuser,
            )

    def _refuse_taken(self, user: User) -> None:
        # The constraint knows one index key; while keys rotate, the account may stand under an older one.
        if self.filter(email_index__in=self._indexes_of(user.email)).exists():
            raise EmailTaken
