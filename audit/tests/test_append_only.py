"""An audit entry is written once: the model refuses to change it, and so does the database."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, connection, transaction

from audit.actions import Action
from audit.models import AuditLog
from audit.services import record
from hub.common.models import AppendOnlyViolation
from tests.owner import as_owner

pytestmark = pytest.mark.django_db


@pytest.fixture
def entry() -> AuditLog:
    return record(action=Action.QUOTA_SET, actor_label="staff", ip="192.0.2.7", limit="5")


def rows() -> list[tuple[object, ...]]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM audit_logs")
        return [tuple(bytes(v) if isinstance(v, memoryview) else v for v in row) for row in cursor.fetchall()]


def test_the_model_refuses_to_change_or_remove_an_entry(entry: AuditLog) -> None:
    before = rows()
    entry.actor_label = "somebody else"
    with pytest.raises(AppendOnlyViolation):
        entry.save()
    with pytest.raises(AppendOnlyViolation):
        entry.delete()
    with pytest.raises(AppendOnlyViolation):
        AuditLog.objects.update(actor_label="somebody else")
    with pytest.raises(AppendOnlyViolation):
        AuditLog.objects.filter(id=entry.id).delete()
    with pytest.raises(AppendOnlyViolation):
        AuditLog.objects.bulk_update([entry], ["actor_label"])
    assert rows() == before


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_logs SET actor_label = 'somebody else'",
        "UPDATE audit_logs SET ip = NULL, actor_label = 'somebody else'",
        "UPDATE audit_logs SET ip = '\\x00'",
        "UPDATE audit_logs SET ip_digest = NULL",
        "UPDATE audit_logs SET data = '{}'",
        "UPDATE audit_logs SET created_at = created_at - interval '1 day'",
        "UPDATE audit_logs SET id = gen_random_uuid()",
        "INSERT INTO audit_logs SELECT * FROM audit_logs ON CONFLICT (id) DO UPDATE SET actor_label = 'somebody else'",
        "DELETE FROM audit_logs",
        "TRUNCATE audit_logs",
    ],
)
@pytest.mark.usefixtures("entry")
def test_the_database_refuses_to_change_or_remove_an_entry(statement: str) -> None:
    before = rows()
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        as_owner(statement)
    assert rows() == before


def test_the_ip_may_be_blanked_and_nothing_else_changes(entry: AuditLog) -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE audit_logs SET ip = NULL")

    after = AuditLog.objects.get()
    assert after.ip is None
    assert after.ip_digest == entry.ip_digest
    assert (after.id, after.action, after.actor_label, after.data) == (entry.id, entry.action, "staff", {"limit": "5"})


@pytest.mark.usefixtures("entry")
def test_a_blanked_ip_stays_blank() -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE audit_logs SET ip = NULL")
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE audit_logs SET ip = '\\x01'")
    assert AuditLog.objects.get().ip is None
