"""Accounts that nobody uses: told, told again, suspended, erased; and who is left alone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from smtplib import SMTPException
from typing import Any

import pytest
from django.core import mail
from django.utils import timezone

from audit.models import AuditLog
from generations.models import Generation
from tests.purging.commands import entries, figures, purge
from tests.rest import Caller
from usage.services import hold_quota
from users import notices
from users.models import PrivacyRequest, User
from users.privacy.legal_hold import set_legal_hold
from users.services import create_user

COMMAND = "purge_dormant_users"


@pytest.fixture
def sleeper(caller: Caller) -> Caller:
    """Last seen 800 days ago."""
    age(caller.user, 800)
    return caller


def age(user: User, days: float) -> None:
    moment = timezone.now() - timedelta(days=days)
    User.objects.filter(id=user.id).update(created_at=moment, last_active_at=moment)


def later(user: User, days: float = 31) -> None:
    """So many days go by: everything of the account is as much older."""
    user.refresh_from_db()
    span = timedelta(days=days)
    moved = {
        name: getattr(user, name) and getattr(user, name) - span for name in ("last_active_at", "dormancy_step_at")
    }
    User.objects.filter(id=user.id).update(created_at=user.created_at - span, **moved)


def standing(user: User) -> tuple[str, str]:
    user.refresh_from_db()
    return user.status, user.dormancy_step


def test_an_account_goes_in_four_steps_and_one_a_run(sleeper: Caller) -> None:
    user = sleeper.user
    for status, step, said, mails in (
        ("notified", "notified", "users.notified: 1", 1),
        ("notified", "reminded", "users.reminded: 1", 2),
        ("suspended", "suspended", "users.suspended: 1", 2),
        ("anonymised", "", "users.erased: 1", 2),
    ):
        planned = purge(COMMAND, "--dry-run")[1]
        assert standing(user) != (status, step)
        code, out = purge(COMMAND)
        assert (code, figures(out)[1:]) == (0, figures(planned)[1:])
        assert said in out
        assert (standing(user), len(mail.outbox)) == ((status, step), mails)
        assert "Nothing to purge." in purge(COMMAND)[1], "and no second step before its time"
        if step:
            later(user)
    assert PrivacyRequest.objects.get(user=user).status == "done"
    actions = AuditLog.objects.filter(target_id=user.id).order_by("id").values_list("action", flat=True)
    wanted = ["user.dormancy_told", "user.dormancy_told", "user.suspended", "user.anonymised"]
    assert [each for each in actions if each.startswith("user.") and each != "user.created"] == wanted


def test_any_use_puts_it_back_to_the_beginning(sleeper: Caller) -> None:
    for _ in range(2):
        purge(COMMAND)
        later(sleeper.user)
    assert sleeper.get("/api/v1/me").status_code == 200
    status, said = purge(COMMAND)
    assert (status, "users.used_again: 1" in said) == (0, True)
    assert (standing(sleeper.user), len(mail.outbox)) == (("active", ""), 2)


def test_who_is_let_in_again_is_not_erased(sleeper: Caller) -> None:
    for _ in range(3):
        purge(COMMAND)
        later(sleeper.user)
    User.objects.filter(id=sleeper.user.id).update(status="active")
    assert "users.used_again: 1" in purge(COMMAND)[1]
    assert standing(sleeper.user) == ("notified", "notified"), "told anew, from the beginning"


def test_who_was_suspended_for_something_else_is_left_alone(sleeper: Caller) -> None:
    User.objects.filter(id=sleeper.user.id).update(status="suspended")
    assert "Nothing to purge." in purge(COMMAND)[1]
    assert (standing(sleeper.user), mail.outbox) == (("suspended", ""), [])


@pytest.fixture
def excluded(sleeper: Caller, new_generation: Callable[..., Generation], request: Any) -> User:
    user = sleeper.user
    if request.param == "staff":
        User.objects.filter(id=user.id).update(is_staff=True)
    elif request.param == "legal hold":
        set_legal_hold(user=user, until=timezone.now() + timedelta(days=9), reason="A-7", actor=None)
    elif request.param == "running job":
        new_generation(user)
    elif request.param == "open hold":
        hold_quota(
            user_id=user.id,
            kind="text",
            amount=Decimal(1),
            reference=user.id,
            expires_at=timezone.now() + timedelta(days=1),
        )
    elif request.param == "used a day less":
        age(user, 729)
    return user


@pytest.mark.parametrize(
    "excluded", ["staff", "legal hold", "running job", "open hold", "used a day less"], indirect=True
)
def test_it_is_left_alone(excluded: User) -> None:
    status, said = purge(COMMAND)
    assert (status, "users.notified: 1" in said.splitlines()) == (0, False)
    assert (standing(excluded), mail.outbox) == (("active", ""), [])


def test_a_mail_that_fails_blocks_the_step_and_the_run_says_so(
    sleeper: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: Any) -> None:
        raise SMTPException

    monkeypatch.setattr(notices, "send_mail", fail)
    status, said = purge(COMMAND)
    assert (status, "1 could not be dealt with" in said) == (1, True)
    assert standing(sleeper.user) == ("active", "")
    assert (entries()[0]["ended"], entries()[0]["not_done"]) == ("incomplete", 1)


def test_without_mail_nothing_is_done(sleeper: Caller, settings: Any) -> None:
    settings.MAIL_IS_SENT = False
    status, said = purge(COMMAND)
    assert (status, "set EMAIL_HOST" in said) == (1, True)
    assert standing(sleeper.user) == ("active", "")


def test_a_ceiling_below_the_number_of_dormant_accounts_stops_the_run(db: None) -> None:
    for number in range(3):
        age(create_user(email=f"sleeper{number}@example.org"), 800)
    assert purge(COMMAND, "--ceiling=2")[0] == 1
    assert mail.outbox == []
    assert purge(COMMAND, "--ceiling=3", "--batch=2")[0] == 0
    assert len(mail.outbox) == 3


@pytest.mark.parametrize("option", ["--days=0", "--grace-days=0", "--grace-days=-3", "--grace-days=soon"])
def test_a_period_that_is_none_is_refused(sleeper: Caller, option: str) -> None:
    status, said = purge(COMMAND, option)
    assert (status, "a whole number of days from" in said, mail.outbox) == (1, True, [])
