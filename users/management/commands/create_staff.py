"""Makes an account that may sign in to the admin."""

from __future__ import annotations

import json
import os
import secrets
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser

from hub.common.errors import HubError
from users.models import User
from users.selectors import users_with_email
from users.services import create_user, set_password

MADE_PASSWORD_BYTES = 18


class Command(BaseCommand):
    """`create_staff EMAIL`: an account with every right in the admin, or, with --limited, those that it is given later.

    Without --password-env it makes a password and prints it, this once. Run again for the same address it sets the
    password anew and changes nothing else; it refuses an address that belongs to an account that is not staff.
    """

    help = "Make an account that may sign in to the admin; for one that exists, set its password anew."

    def add_arguments(self, parser: CommandParser) -> None:
        """What the command takes."""
        parser.add_argument("email")
        parser.add_argument("--password-env", metavar="VAR", help="take the password from this environment variable")
        parser.add_argument("--limited", action="store_true", help="without rights but those of its groups")
        parser.add_argument("--json", action="store_true", help="print {id, username, password} as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        """One account, or a new password for it."""
        password = _password(options["password_env"])
        try:
            user = _make(options["email"], password, is_superuser=not options["limited"])
        except HubError as error:
            raise CommandError(error.detail) from error
        shown = None if options["password_env"] else password
        if options["json"]:
            answer = {"id": str(user.id), "username": user.email, "password": shown}
            self.stdout.write(json.dumps(answer))
            return
        self.stdout.write(f"Staff account {user.id} is ready.")
        if shown:
            self.stdout.write(f"Its password, shown this once: {shown}")


def _make(email: str, password: str, *, is_superuser: bool) -> User:
    existing = users_with_email(email).first()
    if existing is None:
        return create_user(email=email, is_staff=True, is_superuser=is_superuser, password=password)
    if not existing.is_staff:
        raise CommandError(
            "This address belongs to an account that is not staff; give the staff an address of its own."
        )
    set_password(user=existing, password=password)
    return existing


def _password(variable: str | None) -> str:
    if variable is None:
        return secrets.token_urlsafe(MADE_PASSWORD_BYTES)
    password = os.environ.get(variable, "")
    try:
        validate_password(password)
    except ValidationError as error:
        raise CommandError(f"{variable}: {' '.join(error.messages)}") from error
    return password
