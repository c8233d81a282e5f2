"""A sealer that is killed leaves whole seals and nothing else; real processes, beside writers that never stop."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from urllib.parse import urlsplit, urlunsplit

import pytest
from django.db import connection

from audit.models import AuditLog, AuditSeal
from audit.tests.trail import run, verify, write
from hub.env import BASE_DIR

# Runs the sealer with one of its steps wrapped: the process is killed before it.
DYING = """
import os, signal, sys, django
django.setup()
from audit import sealing
from audit.models import AuditLog, EntryQuerySet
def die(*args, **kwargs):
    os.kill(os.getpid(), signal.SIGKILL)
def mark_and_die(self, number):
    EntryQuerySet.really(self, number)
    die()
EntryQuerySet.really = EntryQuerySet.put_under
sealing.MOST_ENTRIES = 3
step = sys.argv[1]
if step == "before the seal": sealing.AuditSeal.save = die
if step == "before the marks": EntryQuerySet.put_under = die
if step == "before the commit": EntryQuerySet.put_under = mark_and_die
sealing.seal_next()
"""
WRITER = """
import sys, django
django.setup()
from django.db import connection, close_old_connections
from audit.services import record
print("ready", flush=True)
sys.stdin.readline()
for number in range(int(sys.argv[1])):
    record(action="quota.set", actor_label="writer", step=number)
"""
SEALER = """
import django
django.setup()
from audit import sealing
sealing.MOST_ENTRIES = 16
while True:
    sealing.seal_next()
"""


def start(program: str, *arguments: str, **settings: str) -> subprocess.Popen[str]:
    database = urlunsplit(urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{connection.settings_dict['NAME']}"))
    env = os.environ | {"DATABASE_URL": database, "DJANGO_SETTINGS_MODULE": "hub.settings"} | settings
    return subprocess.Popen(
        [sys.executable, "-c", program, *arguments],
        cwd=BASE_DIR,
        env=env,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize("step", ["before the seal", "before the marks", "before the commit"])
def test_a_sealer_that_is_killed_has_done_nothing_and_the_next_one_goes_on(committed: None, step: str) -> None:
    write(5)
    with start(DYING, step) as process:
        assert process.wait(120) == -signal.SIGKILL
    assert not AuditSeal.objects.exists()
    assert AuditLog.objects.waiting().count() == 5
    assert run("seal_audit")[0] == 0
    assert not AuditLog.objects.waiting().exists()
    assert verify()[0] == 0


def test_writers_sealers_and_a_death_leave_each_entry_under_one_seal(committed: None) -> None:
    writers = [start(WRITER, "60") for _ in range(4)]
    settings = {"AUDIT_SETTLE_SECONDS": "0.001"}
    sealers = [start(SEALER, **settings) for _ in range(2)]
    try:
        for writer in writers:
            assert writer.stdout is not None
            assert writer.stdout.readline() == "ready\n"
        for writer in writers:
            assert writer.stdin is not None
            writer.stdin.write("\n")
            writer.stdin.flush()
        sealers[0].kill()
        assert [writer.wait(120) for writer in writers] == [0] * 4
    finally:
        for process in (*writers, *sealers):
            process.kill()
            process.communicate()
    # The server may still be ending the transaction of the one that was killed.
    while AuditLog.objects.filter(seal_number__isnull=True).exists():
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("django.conf.settings.AUDIT_SETTLE_SECONDS", 0.001)
            run("seal_audit")
    assert AuditLog.objects.count() == 240
    assert sum(AuditSeal.objects.values_list("count", flat=True)) == 240
    status, said = verify()
    assert status == 0, said
