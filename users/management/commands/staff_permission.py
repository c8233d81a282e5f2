"""`manage.py staff_permission EMAIL --give|--take PERMISSION`: what a limited member of the staff may do."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from users.permissions import PermissionUnknown, change_permissions, held_by
from users.selectors import users_with_email


class Command(BaseCommand):
    """Audited. What is there already is said and not done again; without --give and --take it lists what there is."""

    help = (
        "Give a right in the console to an account of the staff that was made with `create_staff --limited`, or take "
        "it away: users.view_user, generations.view_generation, audit.view_auditlog, users.reveal_personal_data ..."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """EMAIL, --give, --take."""
        parser.add_argument("email")
        parser.add_argument("--give", metavar="APP.NAME", action="append", default=[], help="may be repeated")
        parser.add_argument("--take", metavar="APP.NAME", action="append", default=[], help="may be repeated")

    def handle(self, *args: Any, **options: Any) -> None:
        """Exits with 1 and one line for an account that is not staff or a right that there is not; all is as it was."""
        user = users_with_email(options["email"]).first()
        if user is None or not user.is_staff:
            raise CommandError("There is no account of the staff with this address: make it with create_staff.")
        try:
            changed = change_permissions(user=user, give=options["give"], take=options["take"])
        except PermissionUnknown as error:
            raise CommandError(str(error)) from error
        for line in changed or ["Nothing was changed."]:
            self.stdout.write(line)
        self.stdout.write(f"Account {user.id} has: {', '.join(held_by(user)) or 'no right of its own'}.")
