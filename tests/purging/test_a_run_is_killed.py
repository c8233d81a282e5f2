"""A purge that is killed half way and run again: each account is dealt with exactly once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection
from django.utils import timezone

from audit.models import AuditLog
from hub.env import BASE_DIR
from tests.purging.mailbox import Mailbox, running_mailbox
from tests.stack.cluster import url_of
from users.models import PrivacyRequest, User
from users.services import create_user

pytestmark = pytest.mark.usefixtures("committed")
EACH = 6
LONG_AGO = timedelta(days=800)
# Where an account stands, by what the run has to do with it.
STANDING = {
    "erased": {"status": "suspended", "dormancy_step": "suspended"},
    "suspended": {"status": "notified", "dormancy_step": "reminded"},
    "reminded": {"status": "notified", "dormancy_step": "notified"},
    "notified": {"status": "active", "dormancy_step": ""},
}
AFTER = {
    "erased": ("anonymised", ""),
    "suspended": ("suspended", "suspended"),
    "reminded": ("notified", "reminded"),
    "notified": ("notified", "notified"),
}
STEPS = ("user.dormancy_told", "user.suspended", "user.anonymised")


def sleepers(what: str) -> list[User]:
    """So many accounts with which that is to be done."""
    made = [create_user(email=f"{what}{number}@example.org") for number in range(EACH)]
    moments = {"created_at": timezone.now() - LONG_AGO, "last_active_at": timezone.now() - LONG_AGO}
    step_at = timezone.now() - timedelta(days=40) if STANDING[what]["dormancy_step"] else None
    User.objects.filter(id__in=[user.id for user in made]).update(**moments, **STANDING[what], dormancy_step_at=step_at)
    return made


def purging(mailbox: Mailbox, tmp_path: Path) -> subprocess.Popen[str]:
    env = os.environ | mailbox.settings | {"ERASURE_LOG": str(tmp_path / "erasures.jsonl")}
    env |= {"DATABASE_URL": url_of(str(connection.settings_dict["NAME"]))}
    argv = [sys.executable, "manage.py", "purge_dormant_users", "--batch", "4"]
    return subprocess.Popen(argv, cwd=BASE_DIR, env=env, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def steps_of(users: list[User]) -> Counter[object]:
    taken = AuditLog.objects.filter(target_id__in=[user.id for user in users], action__in=STEPS)
    return Counter(taken.values_list("target_id", flat=True))


def test_each_account_is_dealt_with_exactly_once(tmp_path: Path) -> None:
    groups = {what: sleepers(what) for what in STANDING}
    everybody = [user for users in groups.values() for user in users]
    awake = create_user(email="awake@example.org")
    with running_mailbox() as mailbox:
        # Of the mails to be sent, the one with which half of them is done; the note of it is not written yet.
        mailbox.hold_at = EACH
        first = purging(mailbox, tmp_path)
        assert mailbox.is_holding.wait(60), first.communicate(timeout=5)
        os.kill(first.pid, signal.SIGKILL)
        first.communicate(timeout=30)
        mailbox.go_on.set()
        done = steps_of(everybody)
        assert (first.returncode, len(done)) == (-signal.SIGKILL, 3 * EACH - 1)

        second = purging(mailbox, tmp_path)
        said, _ = second.communicate(timeout=120)
        assert second.returncode == 0, said
        assert steps_of(everybody) == Counter({user.id: 1 for user in everybody})
        for what, users in groups.items():
            found = User.objects.filter(id__in=[user.id for user in users]).values_list("status", "dormancy_step")
            assert set(found) == {AFTER[what]}, what
        assert set(PrivacyRequest.objects.values_list("user_id", "status")) == {
            (u.id, "done") for u in groups["erased"]
        }
        told = Counter(mailbox.recipients)
        assert set(told) == {
            f"{what}{number}@example.org" for what in ("reminded", "notified") for number in range(EACH)
        }
        # The mail whose note was not written is the only one that goes out again (docs/PURGING.md).
        assert sorted(told.values()) == [1] * (2 * EACH - 1) + [2]

        third = purging(mailbox, tmp_path)
        said, _ = third.communicate(timeout=120)
        assert (third.returncode, "Nothing to purge." in said) == (0, True)
    awake.refresh_from_db()
    assert (awake.status, awake.dormancy_step) == ("active", "")
