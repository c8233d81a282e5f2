"""One command makes a client that can spend."""

from __future__ import annotations

import io
import json
from decimal import Decimal
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from audit.models import AuditLog
from usage.models import Quota
from usage.selectors import current_quotas
from users.letting_in import authenticate_api_key
from users.models import ApiKey, User

pytestmark = pytest.mark.django_db


def create(*arguments: str) -> str:
    output = io.StringIO()
    call_command("create_client", *arguments, stdout=output)
    return output.getvalue()


def test_it_makes_an_account_a_key_and_a_quota() -> None:
    made: dict[str, Any] = json.loads(create("a@example.org", "--quota-usd", "12.5", "--period", "day", "--json"))
    key = authenticate_api_key(text=made["api_key"], ip=None)
    assert (str(key.owner.pk), str(key.pk)) == (made["id"], made["api_key_id"])
    assert not key.owner.is_staff
    (quota,) = current_quotas(user=key.owner)
    assert (quota.kind, quota.period, quota.limit) == ("", "day", Decimal("12.5"))
    assert (made["quota_usd"], made["period"]) == ("12.50", "day")


def test_it_shows_the_key_to_people_too() -> None:
    shown = create("a@example.org", "--quota-usd", "5", "--period", "total")
    key = shown.split("API key  ")[1].split()[0]
    assert authenticate_api_key(text=key, ip=None)
    assert "$5.00 in total" in shown


def test_it_makes_no_quota_unless_asked() -> None:
    made = json.loads(create("a@example.org", "--json"))
    assert (made["quota_usd"], made["period"]) == (None, None)
    assert not Quota.objects.exists()


def test_it_refuses_an_email_that_is_taken_and_makes_nothing() -> None:
    create("a@example.org", "--quota-usd", "5")
    counts = [model.objects.count() for model in (User, ApiKey, Quota, AuditLog)]
    with pytest.raises(CommandError, match="already") as refusal:
        create("A@example.org", "--quota-usd", "9")
    assert refusal.value.returncode == 1
    assert [model.objects.count() for model in (User, ApiKey, Quota, AuditLog)] == counts


@pytest.mark.parametrize(
    ("email", "quota"), [("nobody", "1"), ("a@example.org", "-1"), ("a@example.org", "x"), ("a@example.org", "NaN")]
)
def test_it_refuses_what_makes_no_sense(email: str, quota: str) -> None:
    with pytest.raises(CommandError):
        create(email, f"--quota-usd={quota}")
    assert not User.objects.exists()
