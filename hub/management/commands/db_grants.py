"""`manage.py db_grants`: are the roles of the database what they should be, and may they do no more and no less."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import psycopg
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from psycopg.conninfo import conninfo_to_dict

from hub.neon.access import NotMended, all_steps, compare, mend
from hub.neon.connections import opened
from hub.neon.grants import table_rights
from hub.neon.roles import NAMES, Exists, actual_roles, set_password


class Command(BaseCommand):
    """Exits 1 when --verify finds a difference, or --apply may not mend one. A second --apply changes nothing."""

    help = (
        "Makes the roles migrator, app and readonly what they should be, with their timeouts and their rights on every "
        "table (--apply, in one transaction), or names what is missing and what is surplus (--verify)."
    )
    # It works on a database that is not ready yet.
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        """--apply or --verify."""
        what = parser.add_mutually_exclusive_group(required=True)
        what.add_argument("--apply", action="store_true", help="as the owner: DATABASE_URL_OWNER, or the direct URL")
        what.add_argument("--verify", action="store_true", help="changes nothing; exits 1 when something differs")

    def handle(self, *, apply: bool, **options: Any) -> None:
        """One line for each difference."""
        lines = self._applied() if apply else self._found()
        for line in lines:
            self.stdout.write(line)
        if lines and not apply:
            raise CommandError(f"{len(lines)} differences; `manage.py db_grants --apply` mends them.")
        if not lines:
            self.stdout.write("The roles have the rights that they should have, and no others.")

    def _found(self) -> list[str]:
        with opened(settings.DATABASE_URL_DIRECT) as connection:
            return list(compare(connection, all_steps(table_rights)).lines())

    def _applied(self) -> list[str]:
        with opened(settings.DATABASE_URL_OWNER or settings.DATABASE_URL_DIRECT) as connection:
            try:
                with connection.transaction():
                    new = {name for name in NAMES if Exists(name) not in actual_roles(connection)}
                    done = mend(connection, all_steps(table_rights))
                    return done + [_let_in(connection, name) for name in sorted(new)]
            except NotMended as problem:
                raise CommandError(f"Nothing was changed: {problem}") from problem
            except psycopg.Error as error:
                raise CommandError(f"Nothing was changed: {str(error).splitlines()[0]}") from error


def _let_in(connection: psycopg.Connection[Any], role: str) -> str:
    """Gives a new role the password that the settings name for it."""
    password = passwords().get(role)
    if password is None:
        return f"{role} has no password yet: no URL of the settings names one"
    set_password(connection, role, password)
    return f"{role} has the password of its URL"


def passwords() -> dict[str, str]:
    """{role: password}, out of the URLs that name one of the roles."""
    urls = (settings.DATABASE_URL, settings.DATABASE_URL_DIRECT, settings.DATABASE_URL_READONLY)
    named = [conninfo_to_dict(url) for url in urls if url and urlsplit(url).password]
    return {str(each["user"]): str(each["password"]) for each in named if each.get("user") in NAMES}
