"""The commands as an operator's shell sees them: where there is no database, and with an exit status."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
from django.core.management import call_command
from django.db import connection

from audit.models import AuditLog
from audit.tests.trail import run, seal_all, write
from hub.env import BASE_DIR
from tests.owner import owner_connection

pytestmark = pytest.mark.django_db

NOWHERE = {"DATABASE_URL": "postgresql://nobody@127.0.0.1:9/none", "REDIS_URL": "redis://127.0.0.1:9/0"}


def manage(*words: str, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, "manage.py", *words]
    return subprocess.run(argv, cwd=BASE_DIR, env=env, capture_output=True, text=True, check=False, timeout=120)


def test_a_checkpoint_is_checked_where_there_is_no_database(tmp_path: Path) -> None:
    write(3)
    seal_all()
    path = tmp_path / "trail.jsonl"
    run("export_audit", str(path), "--entries")

    env = os.environ | NOWHERE
    done = manage("verify_audit", "--checkpoint", str(path), env=env)
    assert (done.returncode, "3 entries" in done.stdout) == (0, True), done.stderr
    path.write_bytes(path.read_bytes().replace(b"staff", b"Staff", 1))
    done = manage("verify_audit", f"--checkpoint={path}", env=env)
    assert (done.returncode, done.stdout) == (1, "")
    assert "not what was signed" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_it_starts_no_servers_to_check_a_file(tmp_path: Path) -> None:
    env = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "REDIS_URL")}
    done = manage("verify_audit", "--checkpoint", str(tmp_path / "none"), env=env | {"HUB_VAR": str(tmp_path / "var")})
    assert (done.returncode, "cannot be read" in done.stderr) == (1, True), done.stderr
    assert not (tmp_path / "var" / "postgres").exists()


@pytest.mark.parametrize("command", ["seal_audit", "verify_audit", "export_audit"])
def test_each_says_what_it_is_for(command: str) -> None:
    done = manage(command, "--help", env=os.environ | NOWHERE)
    assert done.returncode == 0
    assert "seal" in done.stdout


def test_the_migrations_go_back_and_forth(committed: None) -> None:
    call_command("migrate", "audit", "0003", verbosity=0)
    try:
        the_trail_is_append_only_without_seals()
    finally:
        call_command("migrate", "audit", verbosity=0)
    seal_all()
    assert AuditLog.objects.get().seal_number == 1


def the_trail_is_append_only_without_seals() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass('audit_seals'), to_regclass('audit_exports')")
        assert cursor.fetchone() == (None, None)
        cursor.execute(
            "INSERT INTO audit_logs (id, created_at, actor_label, action, target_type, request_id, data)"
            " VALUES (gen_random_uuid(), now() - interval '1 hour', '', 'quota.set', '', '', '{}')"
        )
    for change in ("UPDATE audit_logs SET actor_label = 'x'", "DELETE FROM audit_logs"):
        with pytest.raises(psycopg.DatabaseError, match="append-only"), owner_connection() as owner:
            owner.execute(change)
