from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from datetime import datetime, timedelta
from decimal import Decimal
from io import StringIO
from multiprocessing import get_context
from urllib.parse import quote
from uuid import UUID, uuid4

import pytest
from django.core.management import call_command
from django.db import connection, transaction
from django.utils import timezone

from usage.models import Quota, QuotaHold, QuotaPeriod
from usage.services import hold_quota, set_quota
from usage.tests import workers
from users.models import User

PROCESSES = 8


@pytest.fixture
def user(db: None) -> User:
    return User.objects.create_user(f"{uuid4()}@example.org")


@pytest.fixture
def quota(user: User) -> Quota:
    """$5.00 in total for every kind."""
    return set_quota(user=user, kind="", period="total", limit=Decimal(5), actor=None)


@pytest.fixture
def hold(user: User) -> Callable[..., QuotaHold]:
    def hold(amount: str, kind: str = "text", reference: UUID | None = None) -> QuotaHold:
        with transaction.atomic():
            return hold_quota(
                user_id=user.pk,
                kind=kind,
                reference=reference or uuid4(),
                amount=Decimal(amount),
                expires_at=timezone.now() + timedelta(hours=1),
            )

    return hold


@pytest.fixture
def money() -> Callable[[Quota], tuple[Decimal, Decimal]]:
    """(spent, held) of the quota's newest period."""

    def money(quota: Quota) -> tuple[Decimal, Decimal]:
        period = QuotaPeriod.objects.filter(quota=quota).order_by("-starts_at").first()
        return (period.spent, period.held) if period else (Decimal(0), Decimal(0))

    return money


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Callable[[datetime], None]:
    """Sets the clock that the services read."""
    return lambda moment: monkeypatch.setattr(timezone, "now", lambda: moment)


@pytest.fixture
def prices(db: None) -> None:
    call_command("load_prices", "--yes", stdout=StringIO())


@pytest.fixture(scope="session")
def processes(django_db_setup: None) -> Iterator[ProcessPoolExecutor]:
    """Eight processes, each with its own connection to the test database, all started."""
    os.environ["DATABASE_URL"], former = _test_database_url(), os.environ["DATABASE_URL"]
    with ProcessPoolExecutor(PROCESSES, mp_context=get_context("spawn")) as pool:
        while len({job.result() for job in [pool.submit(workers.ready) for _ in range(PROCESSES)]}) < PROCESSES:
            pass
        os.environ["DATABASE_URL"] = former
        yield pool


def _test_database_url() -> str:
    server = connection.settings_dict
    who = f"{quote(server['USER'], safe='')}:{quote(server['PASSWORD'], safe='')}"
    return f"postgresql://{who}@{quote(server['HOST'], safe='')}:{server['PORT']}/{server['NAME']}"
