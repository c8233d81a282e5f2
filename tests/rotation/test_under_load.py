"""Keys rotate while others read and write: nothing is lost, nobody waits, and a killed run goes on where it was."""

from __future__ import annotations

import json
import re
import signal
import subprocess
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from decimal import Decimal
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection, transaction
from django.utils import timezone

from audit.models import AuditLog
from generations.models import Generation
from hub.common.ids import uuid7
from hub.common.sealed_columns import sealed_tables
from tests.rotation import workers
from tests.rotation.conftest import PROCESSES
from tests.rotation.keys import indexing, sealing
from tests.stack.waiting import eventually
from users.models import User
from users.services import create_user

pytestmark = pytest.mark.usefixtures("committed")
Command = Callable[..., subprocess.Popen[str]]
IN_USE = re.compile(r"^CommandError: [\d,]+ rows were in use at every try: run it again\.?\s*$", re.MULTILINE)


def make_jobs(count: int) -> list[Generation]:
    owner = create_user(email="owner@example.org")
    keys = [uuid7() for _ in range(count)]
    return Generation.objects.bulk_create(
        Generation(
            id=key,
            owner=owner,
            kind="text",
            model="m",
            adapter="gemini",
            prompt=f"prompt {key}",
            parameters={"of": str(key)},
            texts=[f"text {key}"],
            estimate=Decimal("0.05"),
            rates={"model": "m", "rates": []},
            request_id="test",
            admitted_at=timezone.now(),
            status="succeeded",
            finished_at=timezone.now(),
        )
        for key in keys
    )


def counts(name: str) -> dict[tuple[str, str], int]:
    [table] = [each for each in sealed_tables() if each.name == name]
    return {(each.column, each.kid): each.values for each in table.counts()}


def result(process: subprocess.Popen[str], *, under_load: bool = False) -> Any:
    """What it reports. Under load it may find rows in use at every try, says so, and is to be run again."""
    out, err = process.communicate(timeout=240)
    left = under_load and process.returncode == 1 and IN_USE.search(err)
    assert process.returncode == 0 or left, err
    return json.loads(out)


def test_it_rotates_under_load_and_loses_nothing(
    processes: ProcessPoolExecutor, command: Command, tmp_path: Path
) -> None:
    with sealing("old"):
        jobs = make_jobs(2000)
    mine = [[job.id for job in jobs[place::100]] for place in range(PROCESSES)]
    # Some processes still write with the former key, the others with the new one: both read both.
    rings = [("old", "new"), ("new", "old")] * (PROCESSES // 2)
    working = [
        processes.submit(workers.write_and_read, ids, kids, place, tmp_path)
        for place, (ids, kids) in enumerate(zip(mine, rings, strict=True))
    ]
    eventually(lambda: len(list(tmp_path.glob("begun-*"))) == PROCESSES, "the load", 120)
    runs = [command("--json", "--batch", "50", kids=("new", "old")) for _ in range(2)]
    done = [result(run, under_load=True) for run in runs]
    assert not any(job.done() for job in working)
    (tmp_path / "end").touch()
    written: dict[Any, str] = {}
    for job in working:
        last, reads = job.result()
        written |= last
        assert reads > 100
    done.append(result(command("--json", kids=("new", "old"))))
    assert sum(each["values"] for run in done for each in run["sealed"]) >= 3 * len(jobs) - len(written)
    assert counts("generations") == {(column, "new"): len(jobs) for column in ("prompt", "parameters", "texts")}
    with sealing("new"):
        for job in Generation.objects.all():
            assert job.prompt == written.get(job.id, f"prompt {job.id}")
            assert (job.parameters, job.texts) == ({"of": str(job.id)}, [f"text {job.id}"])
        assert {entry.ip for entry in AuditLog.objects.filter(action="quota.set")} == {"192.0.2.9"}


def test_it_is_killed_half_way_and_goes_on_where_it_was(command: Command) -> None:
    with sealing("old"):
        jobs = make_jobs(3000)
    killed = command("--json", "--batch", "10", "--table", "generations", kids=("new", "old"))

    def is_far_enough() -> bool:
        assert killed.poll() is None, killed.communicate()
        # It stands still while it is looked at: counting may take longer than all the rest of its work.
        killed.send_signal(signal.SIGSTOP)
        if counts("generations").get(("prompt", "new"), 0) >= len(jobs) // 3:
            return True
        killed.send_signal(signal.SIGCONT)
        return False

    eventually(is_far_enough, "a third of its work", 120, 0.01)
    killed.kill()
    killed.communicate(timeout=60)
    # What the server was told last it may still finish.
    eventually(is_idle, "the end of the server's work", 60, 0.05)
    left = counts("generations")["prompt", "old"]
    assert 0 < left < len(jobs)

    dry = result(command("--json", "--dry-run", "--table", "generations", kids=("new", "old")))
    second = result(command("--json", "--table", "generations", kids=("new", "old")))
    assert dry["sealed"] == second["sealed"]
    assert {each["values"] for each in second["sealed"]} == {left}
    assert counts("generations") == {(column, "new"): len(jobs) for column in ("prompt", "parameters", "texts")}
    with sealing("new"):
        assert all(job.prompt == f"prompt {job.id}" for job in Generation.objects.all())


def is_idle() -> bool:
    """Whether the server does nothing for others in the test database."""
    others = "datname = current_database() AND pid <> pg_backend_pid() AND state = 'active'"
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM pg_stat_activity WHERE {others}")
        return bool(cursor.fetchone() == (0,))


def test_it_waits_for_nobody_and_says_what_it_could_not_have(command: Command) -> None:
    with sealing("old"):
        jobs = make_jobs(20)
    with transaction.atomic():
        Generation.objects.select_for_update().values_list("id").get(id=jobs[7].id)
        run = command("--table", "generations", kids=("new", "old"))
        _, err = run.communicate(timeout=120)
    assert run.returncode == 1
    assert "1 rows were in use at every try: run it again" in err
    assert counts("generations")["prompt", "new"] == 19
    result(command("--json", "--table", "generations", kids=("new", "old")))
    assert counts("generations")["prompt", "new"] == 20


@pytest.mark.parametrize(
    "sides",
    [
        pytest.param([(("a",), ""), (("a", "b"), "b")], id="the second key is added"),
        pytest.param([(("a", "b"), "b"), (("b", "a"), "")], id="the second key becomes the first"),
        pytest.param([(("b", "a"), ""), (("b",), "")], id="the former key is dropped"),
    ],
)
def test_one_address_signs_up_once_whatever_step_the_processes_are_at(
    processes: ProcessPoolExecutor, sides: list[tuple[tuple[str, ...], str]]
) -> None:
    emails = [f"u{number}@example.org" for number in range(60)]
    former = [f"former{number}@example.org" for number in range(200)]
    with indexing(*sides[0][0], following=sides[0][1]):
        for email in former:
            create_user(email=email)
    signing = [processes.submit(workers.sign_up, emails + former[:30], *sides[place % 2]) for place in range(PROCESSES)]
    with indexing(*sides[1][0], following=sides[1][1]):
        while not all(job.done() for job in signing):
            # Again and again, as each step may be; beside processes that are a step behind.
            rotate_here()
    results = [job.result() for job in signing]
    assert [wrong for _, wrong in results if wrong] == []
    assert sum(made for made, _ in results) == len(emails)
    assert User.objects.count() == len(emails) + len(former)
    assert sorted(user.email for user in User.objects.all()) == sorted(emails + former)
    for kids, following in sides:
        with indexing(*kids, following=following):
            assert all(User.objects.get_by_natural_key(email) for email in emails + former)


def rotate_here() -> None:
    call_command("rotate_encryption", "--table", "users", "--batch", "20", stdout=StringIO())
