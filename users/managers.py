"""How accounts are made and found by Django's own doors (createsuperuser, the admin's sign-in) and by ours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib.auth.models import BaseUserManager
from django.db import IntegrityError, transaction
from django.db.models import Q

from audit.actions import Action
from audit.services import record
from hub.common.fields import normalise_email
from hub.common.indexing import IndexPair
from users.errors import EmailMalformed, EmailTaken

if TYPE_CHECKING:
    from users.models import User

EMAIL = IndexPair(
    source="email",
    index="email_index",
    following="email_index_next",
    purpose="users.email",
    normalise=normalise_email,
)
# Also how the name of the second one begins, users_email_unique_next.
_EMAIL_UNIQUE = "users_email_unique"


class UserManager(BaseUserManager["User"]):
    """Finds by the email's index; makes accounts with their audit entry."""

    def get_by_natural_key(self, username: str | None) -> User:
        """The account with that address, in any spelling; raises User.DoesNotExist, for a malformed one too."""
        return self.get(self._with_email(username))

    async def aget_by_natural_key(self, username: str | None) -> User:
        """As get_by_natural_key."""
        return await self.aget(self._with_email(username))

    def _with_email(self, email: str | None) -> Q:
        try:
            return EMAIL.matching(email or "")
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
        # The constraints know two index keys; the account may stand under one that is older still.
        if self.filter(self._with_email(user.email)).exists():
            raise EmailTaken
