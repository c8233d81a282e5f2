"""What every purge has in common: dry runs, batches, ceilings, one at a time, and an entry for each run."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.db import DatabaseError
from django.utils import timezone

from hub.common.locks import SideLock
from tests.purging.commands import entries, figures, purge
from users.purging import sessions

COMMANDS = [
    *("purge_sessions", "purge_idempotency_keys", "purge_prompts"),
    *("purge_usage_logs", "purge_audit_logs", "purge_media"),
]


@pytest.fixture
def seven_old(db: None) -> None:
    """Seven sessions that expired nine days ago, one that expires tomorrow."""
    for number in range(7):
        Session.objects.create(session_key=f"old{number}", expire_date=timezone.now() - timedelta(days=9))
    Session.objects.create(session_key="new", expire_date=timezone.now() + timedelta(days=1))


def left() -> int:
    return Session.objects.count()


def test_what_a_dry_run_prints_is_what_the_run_does(seven_old: None) -> None:
    status, planned = purge("purge_sessions", "--dry-run", "--batch", "3")
    assert (status, left(), entries()) == (0, 8, [])
    status, done = purge("purge_sessions", "--batch", "3")
    assert (status, left()) == (0, 1)
    assert figures(planned)[1:] == figures(done)[1:]
    assert figures(done)[1:] == [*(f"... django_session: {n} looked at" for n in (3, 6, 7)), "django_session: 7"]


def test_a_run_writes_one_audit_entry_with_its_counts(seven_old: None) -> None:
    purge("purge_sessions", "--batch", "3")
    assert entries() == [{"purge": "purge_sessions", "ended": "done", "counts": {"django_session": 7}, "not_done": 0}]


def test_more_than_the_ceiling_and_nothing_is_done(seven_old: None) -> None:
    for dry in ([], ["--dry-run"]):
        status, said = purge("purge_sessions", "--ceiling", "6", *dry)
        assert (status, left(), "more than 6" in said) == (1, 8, True)
    assert [entry["ended"] for entry in entries()] == ["failed"]
    assert purge("purge_sessions", "--ceiling", "7")[0] == 0
    assert left() == 1


def test_a_second_run_at_once_ends_with_a_message(seven_old: None) -> None:
    other = SideLock("purge.purge_sessions")
    with other.held() as is_ours:
        assert is_ours
        status, said = purge("purge_sessions")
    assert (status, left(), "running already" in said) == (1, 8, True)
    assert purge("purge_sessions")[0] == 0
    other.close()


@pytest.fixture
def dies_in_the_second_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    real, calls = sessions._delete, []

    def delete(rows: Any) -> dict[str, int]:
        calls.append(1)
        if len(calls) == 2:
            raise DatabaseError
        return real(rows)

    monkeypatch.setattr(sessions, "_delete", delete)


def test_a_run_that_fails_says_what_it_did_and_the_next_one_takes_up_the_rest(
    seven_old: None, dies_in_the_second_batch: None
) -> None:
    with pytest.raises(DatabaseError):
        purge("purge_sessions", "--batch", "3")
    assert left() == 5
    assert (entries()[0]["ended"], entries()[0]["counts"]) == ("failed", {"django_session": 3})
    status, said = purge("purge_sessions")
    assert (status, left(), "django_session: 4" in said) == (0, 1, True)


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("period", ["0", "-1", "never", "1.5", "99999999"])
def test_a_period_that_is_none_is_refused(db: None, command: str, period: str) -> None:
    status, said = purge(command, f"--days={period}")
    assert status == 1
    assert "a whole number of days from " in said
    assert entries() == []


@pytest.mark.parametrize("command", [*COMMANDS, "purge_dormant_users"])
@pytest.mark.parametrize("day", ["2999-01-01", "tomorrow", "2026-13-01", "1800-01-01", "today"])
def test_a_day_that_is_not_in_the_past_is_refused(db: None, command: str, day: str) -> None:
    day = timezone.now().date().isoformat() if day == "today" and command == "purge_usage_logs" else day
    status, said = purge(command, f"--before={day}")
    assert (status, "wanted is a day" in said, entries()) == (1, True, [])


def test_what_is_of_that_day_or_later_stays(db: None) -> None:
    now = timezone.now()
    for age in (1, 3, 5):
        Session.objects.create(session_key=f"old{age}", expire_date=now - timedelta(days=age, hours=1))
    day = (now - timedelta(days=3, hours=2)).isoformat()
    assert purge("purge_sessions", f"--before={day}")[0] == 0
    assert set(Session.objects.values_list("session_key", flat=True)) == {"old1", "old3"}
    assert purge("purge_sessions", f"--before={day}", "--days=2")[0] == 1


@pytest.mark.parametrize("option", ["--batch=0", "--batch=many", "--ceiling=-1"])
def test_a_batch_or_ceiling_that_is_none_is_refused(db: None, option: str) -> None:
    status, said = purge("purge_sessions", option)
    assert (status, "a whole number from" in said, entries()) == (1, True, [])


@pytest.mark.parametrize("command", COMMANDS)
def test_nothing_to_purge_is_no_failure(db: None, command: str) -> None:
    status, said = purge(command)
    assert (status, "Nothing to purge." in said) == (0, True)
