"""The staff can read the money; nobody can change it by a form."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse

from usage.models import Quota, QuotaHold
from usage.services import grant_credit
from users.models import User

MODELS = ["modelprice", "quota", "quotaperiod", "quotahold", "quotagrant", "usagelog", "usagedaily"]


@pytest.fixture
def staff(db: None, client: Client) -> Client:
    client.force_login(User.objects.create_superuser("staff@example.org", "a long password"))
    return client


@pytest.mark.usefixtures("prices")
@pytest.mark.parametrize("model", MODELS)
def test_it_lists_and_adds_nothing(model: str, staff: Client, quota: Quota, hold: Callable[..., QuotaHold]) -> None:
    hold("1")
    grant_credit(quota=quota, amount=Decimal(1), reason="x", granted_by=None)
    assert staff.get(reverse(f"admin:usage_{model}_changelist")).status_code == 200
    assert staff.post(reverse(f"admin:usage_{model}_add"), {}).status_code == 403


def test_it_shows_a_quota_and_refuses_to_change_it(staff: Client, quota: Quota) -> None:
    page = reverse("admin:usage_quota_change", args=[quota.pk])
    assert staff.get(page).status_code == 200
    assert staff.post(page, {"limit": "1000000"}).status_code == 403
    quota.refresh_from_db()
    assert quota.limit == 5


def test_it_finds_by_a_whole_id_alone(staff: Client, quota: Quota, user: User) -> None:
    page = reverse("admin:usage_quota_changelist")
    assert str(quota.pk) in staff.get(page, {"q": str(user.pk)}).content.decode()
    for other in ("nonsense", str(quota.pk)[:8]):
        assert str(quota.pk) not in staff.get(page, {"q": other}).content.decode()
