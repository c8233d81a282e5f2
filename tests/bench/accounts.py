"""The database's contents, and a client to submit as."""

from __future__ import annotations

import io
from dataclasses import dataclass
from decimal import Decimal

from django.core.management import call_command

from usage.enums import Period
from usage.services import set_quota
from users.models import ApiKey, User
from users.services import create_user, issue_api_key

PLENTY = Decimal(1_000_000)


@dataclass(frozen=True, slots=True)
class Client:
    """Somebody with a key and a quota that nothing here uses up."""

    user: User
    key: ApiKey
    key_text: str


def prepare_database() -> None:
    """Schema and prices."""
    call_command("migrate", interactive=False, verbosity=0)
    call_command("load_prices", yes=True, stdout=io.StringIO())


def make_client(name: str) -> Client:
    user = create_user(email=f"{name}@bench.example")
    set_quota(user=user, kind="", period=Period.MONTH, limit=PLENTY, actor=None)
    key, text = issue_api_key(owner=user, name="bench")
    return Client(user, key, text)
