"""What reads a table whole for an operator outlasts the timeout of the role; nothing else does."""

from __future__ import annotations

import pytest
from django.db import OperationalError, connection, transaction

from hub.common.sealed_columns import SealedTable, sealed_tables
from hub.common.time_limits import no_time_limit
from tests.owner import as_owner
from users.models import User
from users.services import create_user

# `app` sees each row of the table only after a while.
SLOW_ROWS = (
    "ALTER TABLE users ENABLE ROW LEVEL SECURITY; "
    "CREATE POLICY slow ON users USING (pg_sleep(0.2)::text IS NOT NULL) WITH CHECK (true)"
)
LIMIT = "SET LOCAL statement_timeout = '100ms'"


@pytest.fixture
def users(db: None) -> SealedTable:
    create_user(email="a@example.org")
    as_owner(SLOW_ROWS)
    with connection.cursor() as cursor:
        cursor.execute(LIMIT)
    [table] = [each for each in sealed_tables() if each.name == "users"]
    return table


def test_a_statement_is_ended_by_the_timeout(users: SealedTable) -> None:
    with pytest.raises(OperationalError, match="statement timeout"), transaction.atomic():
        User.objects.count()


def test_values_are_counted_however_long_it_takes(users: SealedTable) -> None:
    assert {(found.column, found.values) for found in users.counts()} == {("email", 1)}


def test_what_an_older_key_sealed_is_looked_for_however_long_it_takes(users: SealedTable) -> None:
    assert users.stale_page(after=None, rows=500) == []


@pytest.mark.django_db(transaction=True)
def test_the_limit_is_back_after_the_block() -> None:
    def limit() -> str:
        with connection.cursor() as cursor:
            cursor.execute("SHOW statement_timeout")
            return str(cursor.fetchone()[0])

    before = limit()
    with no_time_limit():
        assert limit() == "0"
    assert limit() == before != "0"
