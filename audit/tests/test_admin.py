"""The audit trail in the admin: to read, not to write, and never counted."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from audit.actions import Action
from audit.models import AuditLog
from audit.services import record
from hub.common.admin import BoundedPaginator
from hub.common.ids import uuid7

pytestmark = pytest.mark.django_db

LIST = "/admin/audit/auditlog/"


def test_it_lists_the_newest_first_without_counting_the_table(admin_client: Client) -> None:
    record(action=Action.QUOTA_SET, actor_label="first-one", ip="192.0.2.7")
    record(action=Action.QUOTA_GRANTED, actor_label="second-one")
    with CaptureQueriesContext(
        connection,
    ) as queries:
        page = admin_client.get(LIST).content.decode()

    assert page.index("second-one") < page.index("first-one")
    assert "192.0.2.7" not in page
    counts = [q["sql"] for q in queries if "COUNT(" in q["sql"] and "audit_logs" in q["sql"]]
    assert counts
    assert all("LIMIT" in sql for sql in counts)
    assert not [q["sql"] for q in queries if '"audit_logs"."ip"' in q["sql"]]


def test_it_filters_by_action(admin_client: Client) -> None:
    record(action=Action.QUOTA_SET, actor_label="first-one")
    record(action=Action.QUOTA_GRANTED, actor_label="second-one")
    page = admin_client.get(LIST, {"action__exact": "quota.set"}).content.decode()
    assert "first-one" in page
    assert "second-one" not in page


def test_it_finds_entries_by_a_whole_id_alone(admin_client: Client) -> None:
    target = uuid7()
    record(action=Action.QUOTA_SET, actor_label="about-it", target=("user", target))
    record(action=Action.QUOTA_SET, actor_label="by-it", actor_id=target)
    record(action=Action.QUOTA_SET, actor_label="unrelated")

    page = admin_client.get(LIST, {"q": str(target)}).content.decode()
    assert "about-it" in page
    assert "by-it" in page
    assert "unrelated" not in page
    assert "about-it" not in admin_client.get(LIST, {"q": str(target)[:8]}).content.decode()


def test_an_entry_is_shown_and_cannot_be_changed(admin_client: Client) -> None:
    entry = record(action=Action.QUOTA_SET, actor_label="first-one", ip="192.0.2.7", limit="5")
    url = f"{LIST}{entry.id}/change/"
    page = admin_client.get(url).content.decode()
    assert "first-one" in page
    assert "192.0.2.7" not in page

    assert admin_client.post(url, {"actor_label": "changed"}).status_code == 403
    assert admin_client.post(f"{LIST}{entry.id}/delete/", {"post": "yes"}).status_code == 403
    assert admin_client.get(f"{LIST}add/").status_code == 403
    assert AuditLog.objects.get(id=entry.id).actor_label == "first-one"


def test_a_count_stops_at_its_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hub.common.admin.MOST_COUNTED", 2)
    for _ in range(3):
        record(action=Action.QUOTA_SET)
    assert BoundedPaginator(AuditLog.objects.order_by("id"), 10).count == 2
