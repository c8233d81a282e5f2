"""What was sent in the wrong place may be a secret: neither answers nor log lines repeat it."""

from __future__ import annotations

import logging
from typing import Any

import psycopg
import pytest
from django.db import DatabaseError, connection, transaction
from django.test import Client

from hub.logs import RedactFilter, redact
from tests.owner import as_owner
from tests.rest import Caller, assert_problem

SECRET = "c4n4ry-secret"
TABLE = "CREATE TABLE t (a text, CHECK (a = '')); GRANT INSERT ON t TO app"


@pytest.mark.parametrize("query", ["kind", "status"])
def test_a_value_that_is_no_choice(caller: Caller, query: str) -> None:
    problem = assert_problem(caller.get(f"/api/v1/generations?{query}={SECRET}"), 422, "invalid_request")
    assert [error["field"] for error in problem["errors"]] == [query]
    assert SECRET not in str(problem)


def test_a_method_and_a_content_type(caller: Caller) -> None:
    answers = [caller.client.generic("SECRET", "/api/v1/models", headers={"Authorization": f"Bearer {caller.text}"})]
    sent = {"content_type": f"application/{SECRET}", "headers": {"Authorization": f"Bearer {caller.text}"}}
    answers.append(caller.client.generic("POST", "/api/v1/generations", b"x", **sent))
    assert [answer.status_code for answer in answers] == [405, 415]
    assert not any("secret" in answer.content.decode().lower() for answer in answers)


def test_a_host(caplog: pytest.LogCaptureFixture) -> None:
    answer = Client().get("/livez-of-nobody", headers={"Host": f"{SECRET}.example"})
    assert answer.status_code == 400
    assert SECRET not in answer.content.decode() + caplog.text


def test_a_row_that_the_database_refuses(db: Any) -> None:
    as_owner(TABLE)
    with pytest.raises(DatabaseError) as refusal, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("INSERT INTO t VALUES (%s)", [f"{SECRET}\n\n{SECRET}"])
    error = refusal.value
    assert isinstance(error.__cause__, psycopg.Error)
    assert SECRET in str(error)
    record = logging.makeLogRecord({"msg": "broken: %r", "args": (error,), "exc_info": (type(error), error, None)})
    assert RedactFilter().filter(record)
    assert SECRET not in f"{record.getMessage()}{record.exc_text}"
    assert 'violates check constraint "t_a_check"' in record.getMessage()
    assert redact(redact(str(error))) == redact(str(error))
