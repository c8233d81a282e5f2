"""What is as it should be is no finding: purged rows, erased accounts, work in flight."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from threading import Event, Thread
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone

from generations.models import Generation
from generations.reconciling import reconcile
from tests.owner import as_owner
from tests.purging.commands import purge
from tests.reconciling.command import findings
from tests.reconciling.conftest import Books, new_call
from tests.rest import Caller
from usage.models import UsageLog
from usage.services import release_hold, settle_hold
from users.privacy.requests import erase_now

OLD = timedelta(days=200)


def make_older(by: timedelta) -> None:
    """As if all of it had happened then."""
    moved = {"usage_logs": "created_at", "quota_holds": "created_at", "generations": "created_at"}
    for table, column in (*moved.items(), ("generation_attempts", "created_at")):
        as_owner(f"UPDATE {table} SET {column} = {column} - %s", [by], past_triggers=True)
    as_owner("UPDATE usage_daily SET day = day - %s", [by.days], past_triggers=True)


def test_rows_that_were_purged_are_no_finding(books: Books) -> None:
    make_older(OLD)
    assert purge("purge_usage_logs", "--days", "100")[0] == 0
    assert not UsageLog.objects.exists()
    assert findings() == []


def test_old_rows_that_no_purge_took_are_missed(books: Books) -> None:
    make_older(OLD)
    as_owner("DELETE FROM usage_logs", past_triggers=True)
    assert {finding["kind"] for finding in findings()} == {"attempt_without_row", "day_sums", "hold_cost", "job_cost"}


def test_young_rows_are_missed_whatever_was_purged(books: Books) -> None:
    assert purge("purge_usage_logs", "--days", "100")[0] == 0
    as_owner("DELETE FROM usage_logs", past_triggers=True)
    assert {finding["kind"] for finding in findings()} == {"attempt_without_row", "day_sums", "hold_cost", "job_cost"}


def test_a_purged_day_may_have_less_in_the_ledger_and_never_more(books: Books) -> None:
    make_older(OLD)
    purge("purge_usage_logs", "--days", "300")
    as_owner("UPDATE usage_daily SET requests = 0", past_triggers=True)
    found = findings()
    assert {finding["kind"] for finding in found} == {"day_sums"}
    assert not any(finding["certain"] for finding in found), "how much was purged is not known"


@pytest.mark.usefixtures("no_jobs")
def test_an_erased_account_is_no_finding(books: Books, settings: Any) -> None:
    Generation.objects.filter(id=books.running.id).update(status="canceled", cost=0, finished_at=books.done.finished_at)
    release_hold(reference=books.running.id)
    erase_now(user_id=books.caller.user.id, asked_by=None)
    assert not Generation.objects.exists()
    assert UsageLog.objects.count() == 2
    assert findings("--only=periods", "--only=holds", "--only=days", "--only=ledger") == []
    assert findings() == []


@pytest.mark.usefixtures("committed")
def test_jobs_that_end_meanwhile_are_no_finding(
    new_caller: Callable[..., Caller], new_job: Callable[..., Generation]
) -> None:
    caller, stop, died = new_caller(), Event(), list[BaseException]()
    thread = Thread(target=_work, args=(caller, new_job, stop, died))
    thread.start()
    try:
        for _ in range(8):
            assert [str(found.finding) for found in reconcile()] == []
    finally:
        stop.set()
        thread.join()
    assert not died
    assert UsageLog.objects.count() > 3, "nothing happened meanwhile"


def _work(caller: Caller, new_job: Callable[..., Generation], stop: Event, died: list[BaseException]) -> None:
    """Each end is one transaction, as in generations/services/books.py."""
    try:
        while not stop.is_set():
            with transaction.atomic():
                job = new_job(caller)
            with transaction.atomic():
                done = {"status": "succeeded", "cost": "0.03", "finished_at": timezone.now()}
                Generation.objects.filter(id=job.id).update(**done)
                new_call(job, 1, tokens=300, outcome="succeeded")
                settle_hold(reference=job.id, cost=Decimal("0.03"))
    except BaseException as error:  # noqa: BLE001 - the test says it
        died.append(error)
    finally:
        connection.close()
