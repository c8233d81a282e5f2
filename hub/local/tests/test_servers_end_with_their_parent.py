"""Whatever ends the supervisor, its servers end too, and the next start finds the data."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from hub.local import pgbouncer
from hub.local.errors import LocalServerError
from hub.local.process import Program, launch_line, spawn
from hub.local.servers import LocalServers
from hub.local.tests.tools import (
    FAST,
    ROOT,
    children_of,
    end,
    nothing_runs_on,
    published,
    remember,
    remembered,
    supervise,
)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, None], ids=["kill -9", "SIGTERM", "its own end"])
def test_no_process_is_left_when_the_supervisor_ends(tmp_path: Path, number: signal.Signals | None):
    """The pooler too, where it is installed."""
    pooler = [] if pgbouncer.missing() else ["pgbouncer"]
    supervisor = supervise(tmp_path / "var", how=["pooled"] if pooler else [])
    pids = published(tmp_path / "var").pids
    assert sorted(pids) == sorted(["postgres", "valkey", *pooler])
    end(supervisor, number)
    assert nothing_runs_on(tmp_path / "var", pids)


def test_a_start_right_after_kill_9_waits_for_the_leftovers_and_finds_the_data(tmp_path: Path):
    var = tmp_path / "var"
    supervisor = supervise(var)
    remember(published(var).database_url_direct, "before the kill")
    end(supervisor, signal.SIGKILL)
    with LocalServers(var, postgres_options=FAST) as servers:
        assert remembered(servers.database_url_direct) == ["before the kill"]


def test_a_first_start_that_was_killed_half_way_leaves_nothing_in_the_way(tmp_path: Path):
    var = tmp_path / "var"
    supervisor = subprocess.Popen(
        [sys.executable, "-m", "hub.local.tests.supervisor", var], cwd=ROOT, stdin=subprocess.PIPE
    )
    while not (var / "postgres.making" / "data" / "PG_VERSION").exists():
        assert supervisor.poll() is None
        time.sleep(0.002)
    end(supervisor, signal.SIGKILL)
    assert not (var / "postgres").exists()
    with LocalServers(var, postgres_options=FAST) as servers:
        remember(servers.database_url_direct, "whole")
    assert not (var / "postgres.making").exists()


def test_a_program_whose_parent_is_gone_before_it_starts_never_starts(tmp_path: Path):
    mark = tmp_path / "mark"
    line = launch_line(Program(["/usr/bin/touch", mark], signal.SIGKILL))
    line[4] = line[4].replace(f'"parent": {os.getpid()}', '"parent": 1')
    assert subprocess.run(line, check=False).returncode == 126
    assert not mark.exists()


def test_a_program_that_is_not_there_is_named(tmp_path: Path):
    done = subprocess.run(launch_line(Program([tmp_path / "none"], signal.SIGKILL)), capture_output=True, text=True)
    assert done.returncode == 126
    assert str(tmp_path / "none") in done.stderr


def test_a_thread_may_not_start_servers_because_they_would_die_with_it(tmp_path: Path):
    code = (
        "import sys, threading; from pathlib import Path; from hub.local.servers import LocalServers;"
        "threading.Thread(target=LocalServers(Path(sys.argv[1]), postgres=False).start).start()"
    )
    done = subprocess.run([sys.executable, "-c", code, tmp_path / "var"], cwd=ROOT, capture_output=True, text=True)
    assert f"{LocalServerError.__name__}: Local servers are started by the main thread" in done.stderr
    assert nothing_runs_on(tmp_path / "var")


def test_a_killed_programs_own_children_are_ended_with_its_group():
    process = spawn(Program(["/bin/sh", "-c", "sleep 600 & wait"], signal.SIGKILL), output=subprocess.DEVNULL)
    while not (children := children_of(process.pid)):
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait(10)
    assert children_of(process.pid) == []
    deadline = time.monotonic() + 10
    while any(Path(f"/proc/{child}/exe").exists() for child in children):
        assert time.monotonic() < deadline, "they live on"
        time.sleep(0.01)
