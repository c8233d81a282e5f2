"""`manage.py runstack` starts the whole hub, says how to use it, mends what dies, and leaves nothing behind."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import socket
import stat
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.cookiejar import CookieJar
from pathlib import Path
from urllib.parse import urlencode

import pytest

from hub.local.process import alive
from hub.local.ready import web_is_ready, worker_listens
from hub.local.tests.tools import ROOT, nothing_runs_on

pytestmark = [pytest.mark.stack, pytest.mark.timeout(300)]

OWN = (
    *("DATABASE_URL", "REDIS_URL", "HUB_EMBEDDED", "HUB_VAR", "DJANGO_SETTINGS_MODULE"),
    *("GEMINI_API_KEY", "GEMINI_BASE_URL", "VERTEX_API_KEY", "VERTEX_BASE_URL", "GOOGLE_CLOUD_PROJECT"),
)
SECONDS = 120.0


def runstack(var: Path, *options: str, **env: str) -> subprocess.Popen[str]:
    inherited = {name: value for name, value in os.environ.items() if name.removesuffix("_FILE") not in OWN}
    return subprocess.Popen(
        [sys.executable, "manage.py", "runstack", *options],
        cwd=ROOT,
        env=inherited | {"HUB_VAR": str(var), "HUB_ENV_FILE": os.devnull} | env,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@contextmanager
def running(var: Path, *options: str) -> Iterator[tuple[subprocess.Popen[str], dict]]:
    """A stack that is ready, and what its ready file says; killed at the end when the test has not stopped it."""
    process = runstack(var, *options)
    try:
        until(lambda: (var / "stack.json").exists() or process.poll() is not None)
        if process.poll() is not None:
            pytest.fail(f"The stack did not start: {process.communicate()}")
        yield process, facts(var)
    finally:
        process.kill()
        process.communicate()
        assert nothing_runs_on(var)


def facts(var: Path) -> dict:
    return json.loads((var / "stack.json").read_text())


def until(holds: Callable[[], object]) -> None:
    deadline = time.monotonic() + SECONDS
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def stopped(process: subprocess.Popen[str], number: signal.Signals) -> tuple[str, str]:
    process.send_signal(number)
    return process.communicate(timeout=60)


def nothing_lives(pids: dict[str, int | None]) -> bool:
    return not any(alive(pid) for pid in pids.values() if pid)


def status_with(url: str, key: str) -> int:
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {key}"})
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status
    except urllib.error.HTTPError as refusal:
        with refusal:
            return refusal.code


def signed_in_page(admin_url: str, username: str, password: str) -> str:
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))
    with browser.open(f"{admin_url}login/?next=/admin/", timeout=30) as page:
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.read().decode())[1]
    form = {"csrfmiddlewaretoken": token, "username": username, "password": password}
    with browser.open(f"{admin_url}login/?next=/admin/", urlencode(form).encode(), timeout=30) as page:
        return page.read().decode()


def test_a_stack_from_its_first_start_to_its_second(tmp_path: Path):
    """One long story, because each start takes seconds."""
    var = tmp_path / "a path with spaces" / "var"
    with running(var) as (process, first):
        assert stat.S_IMODE((var / "stack.json").stat().st_mode) == 0o600
        assert set(first["pids"]) == {"web", "worker", "clock", "simulator", "postgres", "valkey"}
        assert all(alive(pid) for pid in first["pids"].values())
        assert web_is_ready(first["base_url"])
        assert status_with(f"{first['base_url']}/api/v1/quotas", first["client"]["api_key"]) == 200
        assert "/admin/logout/" in signed_in_page(first["admin_url"], **first["staff"])
        quota = urllib.request.Request(
            f"{first['base_url']}/api/v1/quotas", headers={"Authorization": f"Bearer {first['client']['api_key']}"}
        )
        with urllib.request.urlopen(quota, timeout=30) as answer:
            assert [row["limit_usd"] for row in json.load(answer)["results"]] == ["100.00"]
        said, errors = stopped(process, signal.SIGTERM)
        assert (process.returncode, errors) == (0, "")
        assert nothing_lives(first["pids"])
        assert not (var / "stack.json").exists()
    assert f"{first['base_url']}/api/v1/" in said
    assert f"{first['admin_url']}   {first['staff']['username']}   {first['staff']['password']}" in said
    assert f"the simulator at {first['simulator_url']}" in said

    with running(var, "--without", "simulator", "--ready-file", str(var / "stack.json")) as (process, second):
        assert (second["client"], second["staff"]) == (first["client"], first["staff"])
        assert second["simulator_url"] is None
        assert second["pids"]["simulator"] is None
        assert status_with(f"{second['base_url']}/api/v1/quotas", second["client"]["api_key"]) == 200
        said, _ = stopped(process, signal.SIGINT)
        assert process.returncode == 0
        assert nothing_lives(second["pids"])
    assert "Provider  none: set GEMINI_API_KEY" in said


def test_the_curl_line_works_when_pasted(tmp_path: Path):
    with running(tmp_path / "var") as (process, _):
        line = next(line for line in iter(process.stdout.readline, "") if line.strip().startswith("curl "))
        done = subprocess.run(["/bin/sh", "-c", line], capture_output=True, text=True, check=True)
        answer = json.loads(done.stdout)
        assert (answer["kind"], answer["model"]) == ("text", "gemini-3.8-flash")
        assert shlex.split(line)[0] == "curl"


def test_whatever_is_killed_comes_back_and_the_ready_file_says_so(tmp_path: Path):
    with running(tmp_path / "var") as (process, first):
        for name in ("worker", "clock", "web", "simulator", "valkey", "postgres"):
            before = facts(tmp_path / "var")["pids"][name]
            os.kill(before, signal.SIGKILL)
            until(lambda name=name, before=before: facts(tmp_path / "var")["pids"][name] not in (before, None))
        second = facts(tmp_path / "var")
        assert {name: second[name] for name in second if name != "pids"} == {
            name: first[name] for name in first if name != "pids"
        }
        until(lambda: web_is_ready(second["base_url"]))
        until(lambda: worker_listens(second["redis_url"]))
        assert status_with(f"{second['simulator_url']}/_simulator/health", "any") == 200
        stopped(process, signal.SIGTERM)
        assert process.returncode == 0
        assert nothing_lives(second["pids"])


def test_nothing_survives_the_death_of_the_stack_itself(tmp_path: Path):
    with running(tmp_path / "var") as (process, first):
        process.kill()
        process.wait()
        assert nothing_runs_on(tmp_path / "var", first["pids"])
        until(lambda: not _is_locked_by_children(tmp_path / "var" / "stack.lock"))


def _is_locked_by_children(lock: Path) -> bool:
    return subprocess.run(["flock", "--nonblock", lock, "true"], check=False).returncode != 0


def test_a_second_stack_on_the_same_directory_is_refused_in_one_line(tmp_path: Path):
    with running(tmp_path / "var") as (process, first):
        said, errors = runstack(tmp_path / "var").communicate(timeout=60)
        assert said == ""
        assert errors.startswith(f"error: Process {process.pid} already runs on {tmp_path / 'var'}: stop it")
        assert len(errors.splitlines()) == 1
        assert facts(tmp_path / "var") == first
        assert web_is_ready(first["base_url"])


def test_a_port_in_use_is_refused_in_one_line(tmp_path: Path):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        process = runstack(tmp_path / "var", "--port", str(port))
        said, errors = process.communicate(timeout=120)
    assert process.returncode == 1
    assert said == ""
    assert errors.splitlines()[-1].endswith(
        f"Port {port} on 127.0.0.1 is in use: choose another one, or stop the program that listens there."
    )
    assert nothing_runs_on(tmp_path / "var")
    assert not (tmp_path / "var" / "stack.json").exists()


def test_told_to_stop_while_it_starts_it_stops(tmp_path: Path):
    process = runstack(tmp_path / "var")
    until(lambda: (tmp_path / "var" / "stack.lock").exists() or process.poll() is not None)
    said, _ = stopped(process, signal.SIGTERM)
    assert process.returncode == 0
    assert said == "Told to stop before everything was ready.\n"
    assert nothing_runs_on(tmp_path / "var")
    assert not (tmp_path / "var" / "stack.json").exists()


def test_a_part_that_cannot_start_is_named_with_the_end_of_its_log(tmp_path: Path):
    process = runstack(tmp_path / "var", GUNICORN_CMD_ARGS="--no-such-option")
    said, errors = process.communicate(timeout=120)
    assert process.returncode == 1
    assert said == ""
    assert "web did not start (exit status 2)" in errors
    assert "--no-such-option" in errors
    assert nothing_runs_on(tmp_path / "var")
