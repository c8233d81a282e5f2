"""What was charged, given or promised stays, whoever asks."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.db import IntegrityError, connection, models, transaction
from django.utils import timezone

from hub.common.models import AppendOnlyViolation
from tests.owner import as_owner
from usage.models import ModelPrice, Quota, QuotaGrant, QuotaHold, QuotaPeriod, UsageLog
from usage.services import grant_credit, log_usage
from users.models import User


@pytest.fixture
def rows(user: User, quota: Quota) -> dict[str, models.Model]:
    now = timezone.now()
    made: dict[str, models.Model] = {
        "usage_logs": log_usage(
            user_id=user.pk,
            api_key_id=None,
            reference=uuid4(),
            attempt_id=uuid4(),
            model="m",
            kind="text",
            units={"input_token": 3},
            prices={},
            cost=Decimal(1),
            estimate=Decimal(1),
            latency_ms=1,
            outcome="succeeded",
        ),
        "quota_grants": grant_credit(quota=quota, amount=Decimal(1), reason="x", granted_by=None),
        "model_prices": ModelPrice.objects.create(
            model="m", unit="song", price=Decimal(1), effective_from=now - timedelta(days=9), source="x"
        ),
    }
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # so that no check of these rows is still to come
    return made


def sql(statement: str) -> int:
    """Runs it as the owner, deferred checks included, and says how many rows it changed."""
    with transaction.atomic(), connection.cursor() as cursor:
        changed = as_owner(statement)
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        return changed


@pytest.mark.parametrize(
    ("table", "change"),
    [
        ("usage_logs", "cost = 0"),
        ("usage_logs", "user_id = user_id, outcome = 'failed'"),
        ("quota_grants", "amount = 100"),
        ("quota_grants", "voided_at = now(), amount = 100"),
        ("model_prices", "price = 0"),
        ("model_prices", "effective_from = now()"),
        ("model_prices", "effective_to = now() + interval '1 day', price = 0"),
        ("model_prices", "effective_to = now() - interval '1 day'"),
    ],
)
def test_it_refuses_changes_by_raw_sql(table: str, change: str, rows: dict[str, models.Model]) -> None:
    with pytest.raises(IntegrityError, match="append-only"):
        sql(f"UPDATE {table} SET {change}")
    row = rows[table]
    stored = type(row)._default_manager.get(pk=row.pk)
    assert model_values(stored) == model_values(row)


def model_values(row: models.Model) -> dict[str, Any]:
    return {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}


@pytest.mark.parametrize("table", ["usage_logs", "quota_grants", "model_prices"])
@pytest.mark.parametrize("verb", ["DELETE FROM {}", "TRUNCATE {} CASCADE"])
def test_it_refuses_removal_by_raw_sql(verb: str, table: str, rows: dict[str, models.Model]) -> None:
    with pytest.raises(IntegrityError, match="append-only"):
        sql(verb.format(table))
    assert type(rows[table])._default_manager.count() == 1


@pytest.mark.parametrize("table", ["usage_logs", "quota_grants", "model_prices"])
def test_it_refuses_changes_through_the_model(table: str, rows: dict[str, models.Model]) -> None:
    row = rows[table]
    manager = type(row)._default_manager
    for change in (row.save, row.delete, manager.all().delete, lambda: manager.update(created_at=timezone.now())):
        with pytest.raises(AppendOnlyViolation):
            change()


def test_it_voids_a_grant_once_even_by_raw_sql(rows: dict[str, models.Model]) -> None:
    assert sql("UPDATE quota_grants SET voided_at = now()") == 1
    with pytest.raises(IntegrityError, match="append-only"):
        sql("UPDATE quota_grants SET voided_at = NULL")
    assert QuotaGrant.objects.get().voided_at is not None


def test_it_moves_the_end_of_a_price_only_while_it_lies_ahead(rows: dict[str, models.Model]) -> None:
    assert sql("UPDATE model_prices SET effective_to = now() + interval '2 days'") == 1
    assert sql("UPDATE model_prices SET effective_to = now()") == 1
    with pytest.raises(IntegrityError, match="append-only"):
        sql("UPDATE model_prices SET effective_to = now() + interval '1 day'")


def test_it_has_one_price_at_a_time(rows: dict[str, models.Model]) -> None:
    again = {"model": "m", "unit": "song", "price": Decimal(2), "source": "y"}
    with pytest.raises(IntegrityError, match="model_prices_no_overlap"), transaction.atomic():
        ModelPrice.objects.create(**again, effective_from=timezone.now() + timedelta(days=1))
    ModelPrice.objects.create(**again, variant="long", effective_from=timezone.now())
    assert ModelPrice.objects.count() == 2


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE quota_periods SET spent = -1",
        "UPDATE quota_periods SET held = -0.000000001",
        "UPDATE quota_periods SET ends_at = starts_at",
        'UPDATE quotas SET "limit" = -1',
        "UPDATE quotas SET kind = 'voice'",
        "UPDATE quotas SET period = 'week'",
        "UPDATE quota_holds SET amount = -1",
        "UPDATE quota_holds SET state = 'lost', closed_at = now()",
        "UPDATE quota_holds SET state = 'settled', closed_at = now()",
        "UPDATE quota_holds SET state = 'released'",
        "UPDATE quota_holds SET cost = 1",
        "UPDATE quota_holds SET periods = '{}'",
        "UPDATE usage_daily SET shard = 8",
        "UPDATE usage_daily SET cost = -1",
        "UPDATE usage_daily SET clips = -1",
        "DELETE FROM quotas",
        "DELETE FROM users",
    ],
)
def test_it_stands_under_the_databases_own_rules(change: str, rows: dict[str, models.Model], user: User) -> None:
    now, period = timezone.now(), QuotaPeriod.objects.get()
    QuotaHold.objects.create(reference=uuid4(), user=user, kind="text", amount=1, expires_at=now, periods=[period.pk])
    with pytest.raises(IntegrityError):
        sql(change)


@pytest.mark.parametrize(
    "wrong",
    [{"cost": Decimal(-1)}, {"kind": "voice"}, {"outcome": "lost"}, {"latency_ms": -1}, {"outcome": "unknown"}],
)
def test_it_refuses_a_ledger_row_that_makes_no_sense(wrong: dict[str, Any], user: User) -> None:
    right = {
        "user_id": user.pk,
        "api_key_id": None,
        "reference": uuid4(),
        "attempt_id": uuid4(),
        "model": "m",
        "kind": "text",
        "units": {},
        "prices": {},
        "cost": Decimal(1),
        "estimate": Decimal(1),
        "latency_ms": 1,
        "outcome": "succeeded",
    }
    with pytest.raises(IntegrityError), transaction.atomic():
        log_usage(**{**right, **wrong})
    assert not UsageLog.objects.exists()
