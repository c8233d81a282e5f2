"""For a member of the staff who lost both the authenticator app and the recovery codes."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from users.selectors import users_with_email
from users.signin.second_factor import remove


class Command(BaseCommand):
    """`reset_second_factor EMAIL`: takes the account's second factor away, audited; a second run finds none."""

    help = "Take the second factor of an account away, so that it can sign in and set up another one."

    def add_arguments(self, parser: CommandParser) -> None:
        """What the command takes."""
        parser.add_argument("email")

    def handle(self, *args: Any, **options: Any) -> None:
        """Make sure by another way that it is this person who asks."""
        user = users_with_email(options["email"]).first()
        if user is None:
            raise CommandError("There is no account with this address.")
        if not remove(user=user, actor=None):
            raise CommandError(f"The account {user.id} has no second factor.")
        self.stdout.write(f"The account {user.id} has no second factor any more.")
