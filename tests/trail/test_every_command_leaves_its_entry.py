"""Every command that changes something leaves its entry, under the operator; or here stands why not."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.contrib.sessions.models import Session
from django.core.management import call_command, get_commands
from django.db import connection
from django.test.utils import override_settings
from django.utils import timezone

from audit.models import AuditLog
from audit.tests.test_checkpoints import key
from audit.tests.trail import seal_all, write
from hub.common.actor import OPERATOR, acting_as
from hub.common.request_id import working_for
from hub.env import BASE_DIR
from tests.rest import Caller
from tests.rotation.keys import ring
from tests.stack.cluster import url_of
from users.models import User
from users.privacy import erasure_log
from users.privacy.erasure_log import Entry
from users.privacy.legal_hold import set_legal_hold
from users.privacy.receipts import digest_of
from users.services import create_user
from users.signin import second_factor as factors
from users.tests.signin.test_the_console import code_of

OURS = ("hub", "audit", "users", "usage", "media", "generations")
RUN = "the-run"
WITHOUT = {
    "verify_audit": "reads",
    "seal_audit": "a seal is part of the trail, numbered and chained (tests/trail/elsewhere.py)",
    "clock": "a process: what it has done, those who do it record",
    "runstack": "starts processes, and makes its accounts by the services of create_staff and create_client",
    "document_errors": "writes a page of the documentation",
    "explain_queries": "the same, from a scratch database",
    "schema_changelog": "the same",
    "schema_drift": "compares, and writes a page of the documentation",
    "reconcile_usage": "reads; each correction of --fix is an entry (tests/reconciling/test_planted_faults.py)",
    "db_audit": "reads, and writes a report",
    "neon_rules": "reads",
    "neon_report": "reads",
    "neon_branches": "ends branches at Neon, which has a log of its own; no row of the hub's",
    "migrate": "changes tables; django_migrations has what ran, and the records of backups what was saved before",
    "db_grants": "changes rights of roles in the database, as who made it: no row of the hub",
    "backup_database": "reads; BACKUP_RECORDS has each backup, outside of the database that it is of",
    "open_backup": "opens a file, where there may be no database",
    "restore_drill": "fills and drops a database of its own; docs/DRILLS.md has the report",
}


def staff(limited: bool = False) -> User:
    return create_user(email="staff@example.com", is_staff=True, is_superuser=not limited, password="correct-horse-1")


def run(*words: str) -> None:
    """As manage.py does."""
    with acting_as(OPERATOR), working_for(RUN):
        call_command(*words, stdout=StringIO(), stderr=StringIO())


def typed_password(caller: Caller, tmp_path: Path) -> None:
    user = staff()
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("hub.management.commands.changepassword.getpass", lambda _: "another-horse-battery")
        run("changepassword", "Staff@Example.com")
    user.refresh_from_db()
    assert user.check_password("another-horse-battery")


def purge(name: str) -> Callable[[Caller, Path], None]:
    return lambda caller, tmp_path: run(f"purge_{name}")


def hold(caller: Caller, tmp_path: Path) -> None:
    run("legal_hold", str(caller.user.id), "--until", "2099-01-01", "--reason", "A-7")


def lift(caller: Caller, tmp_path: Path) -> None:
    until = timezone.now() + timedelta(days=9)
    set_legal_hold(user=caller.user, until=until, reason="A-7", actor=None)
    run("legal_hold", str(caller.user.id), "--lift")


def lose_the_factor(caller: Caller, tmp_path: Path) -> None:
    user = staff()
    factors.begin(user=user)
    factors.confirm(user=user, code=code_of(user))
    run("reset_second_factor", "staff@example.com")


def new_password(caller: Caller, tmp_path: Path) -> None:
    staff()
    run("create_staff", "staff@example.com")


def permission(caller: Caller, tmp_path: Path) -> None:
    staff(limited=True)
    run("staff_permission", "staff@example.com", "--give", "users.view_user", "--give", "users.reveal_personal_data")
    run("staff_permission", "staff@example.com", "--take", "users.view_user", "--give", "users.reveal_personal_data")


def replay(caller: Caller, tmp_path: Path) -> None:
    erasure_log.append(Entry(str(caller.key.id), digest_of(caller.user.id), timezone.now().isoformat()))
    run("replay_erasures")


def export(caller: Caller, tmp_path: Path) -> None:
    write(3)
    seal_all()
    run("export_audit", str(tmp_path / "trail.jsonl"))


def rotate(caller: Caller, tmp_path: Path) -> None:
    with override_settings(FIELD_ENCRYPTION_KEYS=(*ring("new"), *settings.FIELD_ENCRYPTION_KEYS)):
        run("rotate_encryption")


COMMANDS: dict[str, list[tuple[Callable[[Caller, Path], None], list[str]]]] = {
    "create_client": [
        (
            lambda *_: run("create_client", "new@example.org", "--quota-usd", "5"),
            ["api_key.issued", "quota.set", "user.created"],
        )
    ],
    "create_staff": [
        (lambda *_: run("create_staff", "staff@example.com"), ["user.created"]),
        (new_password, ["user.password_set"]),
    ],
    "changepassword": [(typed_password, ["user.password_set"])],
    "staff_permission": [(permission, ["user.permission_given"] * 2 + ["user.permission_taken"])],
    "reset_second_factor": [(lose_the_factor, ["second_factor.removed"])],
    "legal_hold": [(hold, ["legal_hold.set"]), (lift, ["legal_hold.lifted"])],
    "anonymise_user": [
        (
            lambda caller, _: run("anonymise_user", str(caller.user.id)),
            ["privacy.erasure_requested", "user.anonymised", "user.suspended"],
        )
    ],
    "replay_erasures": [
        (
            replay,
            [
                *("privacy.erasure_requested", "privacy.erasure_verified"),
                *("user.anonymised", "user.suspended"),
            ],
        )
    ],
    "load_prices": [(lambda *_: run("load_prices", "--yes"), ["prices.loaded"])],
    "rotate_encryption": [(rotate, ["encryption.rotated"])],
    "export_audit": [(export, ["audit.exported"])],
    **{
        f"purge_{name}": [(purge(name), ["purge.ran"])]
        for name in (
            *("sessions", "idempotency_keys", "prompts", "media", "usage_logs", "audit_logs"),
            "dormant_users",
        )
    },
}


@pytest.fixture(autouse=True)
def places(settings: Any, tmp_path: Path) -> None:
    settings.ERASURE_LOG = str(tmp_path / "erasures.jsonl")
    settings.AUDIT_SIGNING_KEYS = (key("s1", b"1"),)
    settings.MEDIA_ROOT = tmp_path / "media"


def test_every_command_is_known() -> None:
    ours = {name for name, app in get_commands().items() if app in OURS}
    assert ours == set(COMMANDS) | set(WITHOUT), "say in COMMANDS what entry it leaves"


@pytest.mark.parametrize(
    ("act", "actions"),
    [pytest.param(*case, id=f"{name}-{n}") for name, cases in COMMANDS.items() for n, case in enumerate(cases)],
)
def test_it_leaves_its_entries_under_the_operator(
    caller: Caller, tmp_path: Path, act: Callable[[Caller, Path], None], actions: list[str]
) -> None:
    Session.objects.create(session_key="old", expire_date=timezone.now() - timedelta(days=99))
    act(caller, tmp_path)
    entries = AuditLog.objects.filter(request_id=RUN)
    assert sorted(entry.action for entry in entries) == sorted(actions)
    for entry in entries:
        assert entry.actor_label == OPERATOR or entry.actor_id is not None


def test_djangos_own_commands_leave_theirs_or_do_nothing(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    user = staff()
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", "another-horse-battery")
    run("createsuperuser", "--noinput", "--email", "root@example.com")
    assert [entry.action for entry in AuditLog.objects.filter(request_id=RUN)] == ["user.created"]
    user.refresh_from_db()
    assert user.check_password("correct-horse-1")


def test_a_password_that_is_set_as_django_sets_one_is_an_entry(db: None) -> None:
    user = staff()
    user.set_password("another-horse-battery")
    user.save()
    entry = AuditLog.objects.get(action="user.password_set")
    assert (entry.target_id, entry.actor_id) == (user.id, None)
    assert user.check_password("another-horse-battery")
    user.save()
    assert AuditLog.objects.filter(action="user.password_set").count() == 1


def test_manage_py_says_that_it_is_the_operator_and_one_run_has_one_id(committed: None) -> None:
    env = os.environ | {"DATABASE_URL": url_of(str(connection.settings_dict["NAME"]))}
    for email in ("one@example.org", "two@example.org"):
        command = [sys.executable, "manage.py", "create_client", email, "--quota-usd", "5"]
        subprocess.run(command, cwd=BASE_DIR, env=env, check=True, capture_output=True)
    entries = list(AuditLog.objects.order_by("created_at", "id"))
    assert len(entries) == 6
    assert {entry.actor_label for entry in entries if entry.actor_id is None} == {OPERATOR}
    assert len({entry.request_id for entry in entries}) == 2
    assert "" not in {entry.request_id for entry in entries}
