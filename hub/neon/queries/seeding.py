"""Rows as a year of use leaves them, made by the server itself: for measuring, in a database that nobody lives in.

Raw SQL, as the ORM would take an hour for what INSERT ... SELECT does in a minute. The account of the sample has one of
fifty rows; the others share the rest.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal
from io import StringIO
from typing import Any

from django.core.management import call_command
from django.db import connection, transaction
from django.utils import timezone

from generations.models import Generation, WebhookEndpoint
from generations.webhooks.signing import make_secret
from hub.common.keyring import seal
from hub.common.named_queries import Sample
from hub.neon.queries import seeding_sql as sql
from hub.neon.queries.sampling import sample_of
from usage.services import set_quota
from users.models import ApiKey, User
from users.services import create_user, issue_api_key

SPAN = timedelta(days=365)
ROWS_PER_ACCOUNT = 1000
FEWEST_ACCOUNTS = 300
EMAIL = "sample@example.org"
Endpoints = tuple[WebhookEndpoint, WebhookEndpoint]
Tell = Callable[[str], None]


def seed(*, rows: int, tell: Tell = lambda line: None, only_ledger: bool = False) -> Sample:
    """So many rows of the ledger over a year, their sums by day, accounts; unless `only_ledger`, for a fifth of them
    their jobs, calls, holds, files, deliveries and audit entries too.

    One transaction. For a superuser no trigger is asked, which takes a quarter of the time.
    """
    with transaction.atomic():
        call_command("load_prices", "--yes", stdout=StringIO())
        user, key, endpoints = _account()
        for number in range(3):
            _waiting_job(user, key, number)
        with connection.cursor() as cursor, _no_trigger_asked(cursor):
            values = _values(cursor, rows, user, key, endpoints)
            for statement in (sql.LEDGER, sql.DAYS, *(() if only_ledger else sql.REST)):
                _run(cursor, statement, values, tell)
            # What a key refers to is looked at now, and not when it would be in somebody's way.
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")
            # The planner knows nothing of rows that just came.
            cursor.execute("ANALYZE")
    return sample_of(user)


def _account() -> tuple[User, ApiKey, Endpoints]:
    user = create_user(email=EMAIL)
    key, _ = issue_api_key(owner=user, name="sample")
    for period in ("day", "month", "total"):
        set_quota(user=user, kind="", period=period, limit=Decimal(1000), actor=None)
    # Most of the deliveries are to the one, some to the other: that is the one to ask for.
    most, some = (
        WebhookEndpoint.objects.create(owner=user, url="https://example.org/", secret=make_secret()) for _ in range(2)
    )
    return user, key, (most, some)


def _waiting_job(user: User, key: ApiKey, number: int) -> None:
    facts: dict[str, Any] = {"kind": "text", "model": "gemini-3.8-flash", "adapter": "gemini", "prompt": "The sea."}
    admitted = timezone.now() if number == 0 else None
    facts |= {"rates": {}, "estimate": Decimal("0.05"), "request_id": "sample", "admitted_at": admitted}
    Generation.objects.create(owner=user, api_key=key, **facts)


@contextmanager
def _no_trigger_asked(cursor: Any) -> Iterator[None]:
    cursor.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")
    [[is_superuser]] = cursor.fetchall()
    if is_superuser:
        cursor.execute("SET LOCAL session_replication_role = replica")
    yield
    if is_superuser:
        cursor.execute("SET LOCAL session_replication_role = DEFAULT")


def _values(cursor: Any, rows: int, user: User, key: ApiKey, endpoints: Endpoints) -> Mapping[str, Any]:
    accounts = max(rows // ROWS_PER_ACCOUNT, FEWEST_ACCOUNTS)
    cursor.execute(sql.ACCOUNTS, {"accounts": accounts})
    others = list(User.objects.exclude(id=user.id).values_list("id", flat=True)[:accounts])
    return {
        "rows": rows,
        "start": timezone.now() - SPAN,
        "span": SPAN,
        "user_id": user.id,
        "key_id": key.id,
        "most_id": endpoints[0].id,
        "some_id": endpoints[1].id,
        "others": others,
        "accounts": len(others),
        "prompt": seal(b'"Three sentences about the sea at night."', purpose="generations.prompt"),
        "parameters": seal(b"{}", purpose="generations.parameters"),
    }


def _run(cursor: Any, statement: str, values: Mapping[str, Any], tell: Tell) -> None:
    started = time.monotonic()
    cursor.execute(statement, values)
    table = statement.split()[2]
    tell(f"{table}: {cursor.rowcount:,} rows in {time.monotonic() - started:.0f} s")
