"""An erased person is nowhere any more; the sums are what they were."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import pytest
from django.apps import apps
from django.db import connection
from django.db.models import Model

from audit.models import AuditLog
from hub.common.fields import SealedMixin
from media.models import Removal
from tests.privacy.world import Life, totals
from users.models import PrivacyRequest, User
from users.privacy.erasure import anonymise, planned
from users.privacy.finishing import finish_erasure, remains_of

pytestmark = pytest.mark.django_db
Asked = Callable[[User], PrivacyRequest]
LEDGER = ("usage_logs", "quotas", "quota_periods", "quota_holds", "quota_grants", "api_keys")


def models() -> Iterator[type[Model]]:
    return (model for model in apps.get_models(include_auto_created=True) if model._meta.managed)


def everything() -> str:
    """Every row of every table, what is sealed opened."""
    rows = (row for model in models() for row in model._base_manager.values())
    return "\n".join(map(str, rows))


def sealed() -> set[bytes]:
    """Every sealed value as it is stored."""
    found: set[bytes] = set()
    with connection.cursor() as cursor:
        for model in models():
            for field in model._meta.concrete_fields:
                if isinstance(field, SealedMixin):
                    cursor.execute(f'SELECT "{field.column}" FROM "{model._meta.db_table}"')
                    found |= {bytes(value) for (value,) in cursor.fetchall() if value is not None}
    return found


def ids_in(tables: tuple[str, ...]) -> set[UUID]:
    """Every UUID that stands in those tables."""
    found: set[UUID] = set()
    for model in models():
        if model._meta.db_table in tables:
            for row in model._base_manager.values_list():
                flat = [each for value in row for each in (value if isinstance(value, list) else [value])]
                found |= {value for value in flat if isinstance(value, UUID)}
    return found


def test_nothing_of_the_person_is_left_and_every_sum_is_what_it_was(life: Life, asked: Asked) -> None:
    before, stored = totals(), sealed()
    assert all(value in everything() for value in life.values if not value.startswith(("hub_", "session")))
    receipt = anonymise(user_id=life.user.id, request=asked(life.user))
    after = everything()
    assert [value for value in life.values if value in after] == []
    assert "192.0.2.7" not in after
    assert not stored & sealed()
    assert totals() == before
    assert remains_of(life.user.id) == {}
    assert receipt.verified_at is None
    user = User.objects.get(id=life.user.id)
    assert (user.status, user.email, user.email_index, user.last_login) == ("anonymised", None, None, None)


def test_the_ledger_leads_nowhere(life: Life, asked: Asked) -> None:
    """No id of it is in the audit trail, which names the account, or anywhere else that does."""
    anonymise(user_id=life.user.id, request=asked(life.user))
    trail = AuditLog.objects.values_list("actor_id", "subject_id", "target_id", "data")
    named = {str(each) for row in trail for each in row[:3]} | {str(row[3]) for row in trail}
    for each in ids_in(LEDGER) - {None}:
        assert not [text for text in named if str(each) in text], each
    surrogate = User.objects.get(status="surrogate")
    assert surrogate.id.version == 4
    assert surrogate.created_at.year == 2000


def test_what_belongs_together_in_the_ledger_still_does(life: Life, asked: Asked) -> None:
    query = """
        SELECT count(*), count(h.id), count(DISTINCT l.reference), bool_and(h.user_id = l.user_id),
               bool_and(h.periods <@ (SELECT array_agg(id) FROM quota_periods))
        FROM usage_logs l LEFT JOIN quota_holds h ON h.reference = l.reference"""

    def joined() -> Any:
        with connection.cursor() as cursor:
            cursor.execute(query)
            return cursor.fetchone()

    before = joined()
    anonymise(user_id=life.user.id, request=asked(life.user))
    assert joined() == before == (4, 4, 4, True, True)


def test_a_dry_run_counts_what_the_run_then_reports(life: Life, asked: Asked) -> None:
    plan = planned(life.user.id)
    receipt = anonymise(user_id=life.user.id, request=asked(life.user))
    assert receipt.counts == plan
    assert {name for name, count in plan.items() if not count} <= {"exports", "exports_under_way", "privacy_requests"}
    assert PrivacyRequest.objects.get().counts == plan


def test_nobody_else_loses_anything(life: Life, new_life: Callable[[], Life], asked: Asked) -> None:
    other = new_life()
    anonymise(user_id=life.user.id, request=asked(life.user))
    text = everything()
    assert all(value in text for value in other.values if not value.startswith(("hub_", "session")))
    assert planned(other.user.id) == {**planned(other.user.id), "usage_logs": 4, "generations": 4, "media": 4}


def test_objects_go_after_it_and_the_receipt_says_so(life: Life, asked: Asked, tmp_path: Any, log: Any) -> None:
    request = asked(life.user)
    anonymise(user_id=life.user.id, request=request)
    assert Removal.objects.count() == 4
    assert not PrivacyRequest.objects.get().verified_at
    # Nothing answers at the provider's address here.
    assert not finish_erasure(request_id=request.id)
    assert (Removal.objects.count(), [path for path in (tmp_path / "media").rglob("*") if path.is_file()]) == (0, [])
