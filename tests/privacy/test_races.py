"""Whatever the user does at the moment of the erasure, and wherever the process dies, nothing is half done or left."""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import IntegrityError, OperationalError, close_old_connections, connection, connections, transaction
from django.utils import timezone

from audit.models import AuditLog
from generations.models import Generation, ProviderTrace, Quote
from hub.common.errors import HubError
from hub.env import BASE_DIR
from media import removing
from media.models import Media
from tests.files import picture
from tests.owner import owner_connection
from tests.privacy.test_erasure import everything
from tests.privacy.world import Life, totals
from tests.rest import Caller
from tests.stack.cluster import url_of
from tests.stack.waiting import eventually
from users.models import ApiKey, PrivacyRequest, User
from users.privacy import erasure, sweeping, watch
from users.privacy.erasure import anonymise
from users.privacy.finishing import finish_erasure, remains_of

pytestmark = pytest.mark.usefixtures("committed")
# For what is over in a moment, on a machine that has better to do.
PATIENCE_SECONDS = 120.0
Asked = Callable[[User], PrivacyRequest]
DIES = """
import os, signal, sys
from uuid import UUID
import django
django.setup()
from users.models import PrivacyRequest
from users.privacy import erasure
def die(*args, **kwargs):
    os.kill(os.getpid(), signal.SIGKILL)
setattr(erasure, sys.argv[2], die)
request = PrivacyRequest.objects.get(id=UUID(sys.argv[1]))
erasure.anonymise(user_id=request.user_id, request=request)
"""


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(8) as made:
        yield made


def in_thread(pool: ThreadPoolExecutor, work: Callable[[], Any]) -> Future[Any]:
    def run() -> Any:
        try:
            return work()
        finally:
            connections.close_all()

    return pool.submit(run)


def somebody_waits() -> bool:
    """Whether a session of the test database waits for another one's lock."""
    waiting = "datname = current_database() AND cardinality(pg_blocking_pids(pid)) > 0"
    with owner_connection() as owner:
        return owner.execute(f"SELECT 1 FROM pg_stat_activity WHERE {waiting}").fetchone() is not None


def new_quote(user: User) -> Quote:
    until = timezone.now() + timedelta(hours=1)
    return Quote.objects.create(owner=user, model="m", request_hash="", rates={}, amount=1, expires_at=until)


def test_an_erasure_waits_for_what_is_being_written_and_takes_it_along(
    life: Life, asked: Asked, pool: ThreadPoolExecutor
) -> None:
    request, user = asked(life.user), life.user
    with transaction.atomic():
        quote = new_quote(user)
        running = in_thread(pool, lambda: anonymise(user_id=user.id, request=request))
        eventually(somebody_waits, "the erasure's wait", PATIENCE_SECONDS)
        assert not running.done()
    running.result(PATIENCE_SECONDS)
    assert not Quote.objects.filter(id=quote.id).exists()
    assert remains_of(user.id) == {}


def test_what_is_written_during_an_erasure_waits_and_is_refused(
    life: Life, asked: Asked, pool: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    request, user = asked(life.user), life.user
    locked, go_on = threading.Event(), threading.Event()
    really = erasure.erase_rows

    def erase_rows(*args: Any, **kwargs: Any) -> Any:
        locked.set()
        go_on.wait(PATIENCE_SECONDS)
        return really(*args, **kwargs)

    monkeypatch.setattr(erasure, "erase_rows", erase_rows)
    running = in_thread(pool, lambda: anonymise(user_id=user.id, request=request))
    assert locked.wait(PATIENCE_SECONDS)
    late = in_thread(pool, lambda: new_quote(user))
    eventually(somebody_waits, "the writer's wait", PATIENCE_SECONDS)
    assert not late.done()
    go_on.set()
    running.result(PATIENCE_SECONDS)
    with pytest.raises(IntegrityError, match="the account was erased"):
        late.result(PATIENCE_SECONDS)
    assert remains_of(user.id) == {}


def test_two_that_wait_for_one_another_end_in_an_erasure(life: Life, asked: Asked, pool: ThreadPoolExecutor) -> None:
    """A submission first takes the key from an old job, then writes the new one; the erasure has it the other way."""
    request, user = asked(life.user), life.user
    with suppress(OperationalError, IntegrityError), transaction.atomic():
        Generation.objects.filter(owner=user).update(idempotency_key="")
        running = in_thread(pool, lambda: anonymise(user_id=user.id, request=request))
        eventually(somebody_waits, "the erasure's wait", PATIENCE_SECONDS)
        new_quote(user)
    running.result(PATIENCE_SECONDS)
    assert (remains_of(user.id), Quote.objects.count()) == ({}, 0)


def test_a_client_that_goes_on_submitting_leaves_nothing(
    caller: Caller,
    prices: None,
    asked: Asked,
    log: Path,
    sent: list[Any],
    settings: Any,
    tmp_path: Path,
    pool: ThreadPoolExecutor,
) -> None:
    settings.MEDIA_ROOT = tmp_path / "media"
    settings.FILE_UPLOAD_TEMP_DIR = tmp_path
    seen: set[Any] = set()
    over = threading.Event()
    image = picture()

    def go_on() -> None:
        mine = Caller(caller.user, caller.key, caller.text)
        for number in itertools.count():
            close_old_connections()
            answers = [mine.post("/api/v1/quotes", {"model": "gemini-3.8-flash", "prompt": "canary"})]
            # Not for ever: on a machine of which the erasure gets little it must find a moment without open jobs.
            if number < 400:
                answers += [
                    mine.submit(prompt=f"canary {number}", tags=["canary"]),
                    mine.upload(image),
                    mine.post("/api/v1/api-keys", {"name": "canary", "scopes": ["usage:read"]}),
                ]
            seen.update((answer.status_code, answer.json().get("code")) for answer in answers)
            if answers[-1].status_code == 401 or over.is_set():
                return

    clients = [in_thread(pool, go_on) for _ in range(4)]
    request = asked(caller.user)

    def erased() -> bool:
        # What a worker would do: end the jobs, so that they stand in nobody's way.
        for job in Generation.objects.open().filter(owner=caller.user):
            caller.client.post(
                f"/api/v1/generations/{job.id}/cancel", headers={"Authorization": f"Bearer {caller.text}"}
            )
        with suppress(HubError):
            anonymise(user_id=caller.user.id, request=request)
        return PrivacyRequest.objects.get(id=request.id).status == "done"

    try:
        eventually(erased, "the erasure", 180, 0.05)
        for client in clients:
            client.result(180)
    finally:
        over.set()
    assert (401, "api_key_unknown") in seen
    assert not [status for status, _ in seen if status >= 500], seen
    assert finish_erasure(request_id=request.id)
    assert remains_of(caller.user.id) == {}
    assert not Generation.objects.exists()
    assert not Media.objects.exists()
    assert not ApiKey.objects.filter(owner=caller.user).exists()
    assert "canary" not in everything()
    removing.sweep()
    assert [path for path in (tmp_path / "media").rglob("*") if path.is_file()] == []


def killed(request: PrivacyRequest, at: str, tmp_path: Path) -> None:
    env = os.environ | {
        "DATABASE_URL": url_of(str(connection.settings_dict["NAME"])),
        "DJANGO_SETTINGS_MODULE": "hub.settings",
        "MEDIA_ROOT": str(tmp_path / "media"),
    }
    command = [sys.executable, "-c", DIES, str(request.id), at]
    done = subprocess.run(command, env=env, cwd=BASE_DIR, capture_output=True, text=True)
    assert done.returncode == -signal.SIGKILL, done.stderr


def rows_but_the_trail() -> set[str]:
    return {line for line in everything().splitlines() if "user.suspended" not in line}


def test_a_process_that_is_killed_in_the_middle_has_changed_nothing(life: Life, asked: Asked, tmp_path: Path) -> None:
    request = asked(life.user)
    before, sums = rows_but_the_trail(), totals()
    killed(request, "_close", tmp_path)
    time.sleep(0.3)
    assert User.objects.get(id=life.user.id).status == "suspended"
    User.objects.filter(id=life.user.id).update(status="active")
    assert rows_but_the_trail() == before
    assert len([path for path in (tmp_path / "media").rglob("*") if path.is_file()]) == 4
    anonymise(user_id=life.user.id, request=request)
    assert (remains_of(life.user.id), totals()) == ({}, sums)


def test_what_a_process_killed_after_the_commit_left_is_done_by_the_sweep(
    life: Life, asked: Asked, sent: list[Any], tmp_path: Path, log: Path
) -> None:
    request = asked(life.user)
    killed(request, "offer", tmp_path)
    assert PrivacyRequest.objects.get().status == "done"
    assert len([path for path in (tmp_path / "media").rglob("*") if path.is_file()]) == 4
    assert not log.exists()
    assert watch.may_be_open()
    PrivacyRequest.objects.update(finished_at=timezone.now() - sweeping.GRACE)
    sent.clear()
    assert sweeping.sweep() == 1
    assert sent == [("users.finish_erasure", request.id)]
    ProviderTrace.objects.update(state="declined")
    assert finish_erasure(request_id=request.id)
    assert [path for path in (tmp_path / "media").rglob("*") if path.is_file()] == []
    assert len(log.read_text().splitlines()) == 1
    assert sweeping.sweep() == 0
    assert not watch.may_be_open()
    assert AuditLog.objects.filter(action="user.anonymised").count() == 1
