"""`manage.py create_client EMAIL`: an account with an API key and, when asked for, a quota."""

from __future__ import annotations

import argparse
import json
from decimal import Decimal, InvalidOperation
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from hub.common.errors import HubError
from hub.common.money import text, usd
from usage.enums import Period
from usage.services import set_quota
from users.services import create_user, issue_api_key

KEY_NAME = "first key"


class Command(BaseCommand):
    """Makes all of it or nothing. A second run with the same email is refused."""

    help = "Makes a client with an API key, which is shown once, and a quota over every kind of work."

    def add_arguments(self, parser: CommandParser) -> None:
        """EMAIL, --quota-usd, --period, --json."""
        parser.add_argument("email")
        parser.add_argument("--quota-usd", type=_amount, metavar="N", help="without it the client cannot spend yet")
        parser.add_argument("--period", choices=Period.values, default=Period.MONTH.value, help="default: %(default)s")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *, email: str, quota_usd: Decimal | None, period: str, json: bool, **options: Any) -> None:
        """Prints the key; exits with 1 and one line when the email is malformed or taken."""
        try:
            made = _make(email, quota_usd, period)
        except HubError as error:
            raise CommandError(error.detail) from error
        self.stdout.write(_as_json(made) if json else _as_text(made))


@transaction.atomic
def _make(email: str, quota_usd: Decimal | None, period: str) -> dict[str, str | None]:
    client = create_user(email=email)
    key, key_text = issue_api_key(owner=client, name=KEY_NAME)
    if quota_usd is not None:
        set_quota(user=client, kind="", period=period, limit=quota_usd, actor=None)
    return {
        "id": str(client.pk),
        "api_key_id": str(key.pk),
        "api_key": key_text,
        "quota_usd": None if quota_usd is None else text(quota_usd),
        "period": None if quota_usd is None else period,
    }


def _amount(raw: str) -> Decimal:
    try:
        amount = usd(raw)
    except InvalidOperation:
        amount = Decimal("NaN")
    if not amount.is_finite() or amount < 0:
        raise argparse.ArgumentTypeError(f"{raw!r} is not an amount of US dollars, zero or more")
    return amount


def _as_json(made: dict[str, str | None]) -> str:
    return json.dumps(made)


def _as_text(made: dict[str, str | None]) -> str:
    quota = f"${made['quota_usd']} each {made['period']}" if made["quota_usd"] else "none yet"
    if made["period"] == Period.TOTAL:
        quota = f"${made['quota_usd']} in total"
    return f"client   {made['id']}\nAPI key  {made['api_key']}   (shown this once)\nquota    {quota}"
