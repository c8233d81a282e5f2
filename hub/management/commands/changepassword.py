"""Sets the password of a member of the staff, typed twice; Django's own command cannot find a sealed address."""

from __future__ import annotations

from getpass import getpass
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser

from users.models import User
from users.selectors import users_with_email
from users.services import set_password


class Command(BaseCommand):
    """`changepassword EMAIL`. Audited; all sessions of the account end. `create_staff` does it without a terminal."""

    help = "Set the password of a member of the staff, typed twice."

    def add_arguments(self, parser: CommandParser) -> None:
        """EMAIL."""
        parser.add_argument("email")

    def handle(self, *, email: str, **options: Any) -> None:
        """Exits with 1 and one line for an address of nobody's, and for a password that is not taken."""
        user = users_with_email(email).first()
        if user is None or not user.is_staff:
            raise CommandError("No member of the staff has this address. `manage.py create_staff EMAIL` makes one.")
        set_password(user=user, password=_typed(user))
        self.stdout.write(f"The password of {user.id} is changed.")


def _typed(user: User) -> str:
    try:
        password, again = getpass("Password: "), getpass("Password (again): ")
    except EOFError:
        raise CommandError("Type it twice, or use `manage.py create_staff EMAIL --password-env VAR`.") from None
    if password != again:
        raise CommandError("The two are not the same. Nothing was changed.")
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise CommandError(" ".join(error.messages)) from error
    return password
