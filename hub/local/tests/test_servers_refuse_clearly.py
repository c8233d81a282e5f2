"""What keeps a server from running is said in one line with what to do, and nothing is left running."""

from __future__ import annotations

import re
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from hub.local.errors import LocalServerError, VarInUse
from hub.local.servers import LocalServers
from hub.local.tests.tools import FAST, ROOT, end, mounted, nothing_runs_on, published, remember, remembered, supervise


def refused(servers: LocalServers) -> str:
    """The one line with which the start is refused."""
    with pytest.raises(LocalServerError) as caught:
        servers.start()
    assert servers.pids == {}
    line = str(caught.value)
    assert "\n" not in line
    return line


@pytest.mark.parametrize("name", ["postgres_port", "valkey_port"])
def test_a_port_in_use_is_named(tmp_path: Path, name: str):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        line = refused(LocalServers(tmp_path / "var", postgres_options=FAST, **{name: port}))
    assert line.startswith(f"Port {port} on 127.0.0.1 is in use: choose another one")
    assert nothing_runs_on(tmp_path / "var")


def test_a_second_supervisor_names_the_first_and_leaves_it_alone(tmp_path: Path):
    var = tmp_path / "var"
    first = supervise(var)
    urls = published(var)
    with pytest.raises(VarInUse, match=f"Process {first.pid} already runs on .*: stop it, or set HUB_VAR"):
        LocalServers(var, postgres_options=FAST).start()
    remember(urls.database_url_direct, "undisturbed")
    assert published(var) == urls
    end(first)
    assert nothing_runs_on(var)


def test_a_disk_without_room_is_refused_before_anything_is_written(tmp_path: Path):
    with mounted(tmp_path / "disk", "size=8m") as disk:
        line = refused(LocalServers(disk / "var"))
        assert line == (
            f"The disk that holds {disk / 'var'} is full: free some space, or set HUB_VAR to a directory with room."
        )
        assert not (disk / "var" / "postgres").exists()
        assert nothing_runs_on(disk / "var")


def test_a_disk_that_fills_up_during_the_first_start_leaves_no_half_cluster(tmp_path: Path):
    with mounted(tmp_path / "disk", "size=200m,nr_inodes=200") as disk:
        line = refused(LocalServers(disk / "var", postgres_options=FAST))
        assert re.match(r"The disk .* is full: free some space, or set HUB_VAR to a directory with room\.", line)
        assert not (disk / "var" / "postgres").exists()
        assert not (disk / "var" / "postgres.making").exists()
        assert nothing_runs_on(disk / "var")


def test_a_disk_that_filled_up_since_is_refused_and_the_data_kept(tmp_path: Path):
    with mounted(tmp_path / "disk", "size=200m") as disk:
        with LocalServers(disk / "var", postgres_options=FAST) as servers:
            remember(servers.database_url_direct, "kept")
        subprocess.run(["fallocate", "-l", f"{shutil.disk_usage(disk).free}", disk / "filler"], check=True)
        assert refused(LocalServers(disk / "var")).startswith(f"The disk that holds {disk / 'var'} is full")
        (disk / "filler").unlink()
        with LocalServers(disk / "var", postgres_options=FAST) as servers:
            assert remembered(servers.database_url_direct) == ["kept"]


def test_a_read_only_disk_is_named(tmp_path: Path):
    with mounted(tmp_path / "disk", "size=200m") as disk:
        with LocalServers(disk / "var", postgres_options=FAST):
            pass
        subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
        line = refused(LocalServers(disk / "var"))
        assert line.endswith("is on a read-only disk: set HUB_VAR to a directory that can be written.")
        assert nothing_runs_on(disk / "var")


def test_a_file_where_the_directory_should_be_is_named(tmp_path: Path):
    (tmp_path / "var").write_text("not a directory")
    line = refused(LocalServers(tmp_path / "var"))
    assert line.startswith(f"{tmp_path / 'var'} should be a directory")
    assert (tmp_path / "var").read_text() == "not a directory"


def test_lost_secrets_are_named_and_the_data_stays(tmp_path: Path):
    var = tmp_path / "var"
    with LocalServers(var, postgres_options=FAST) as servers:
        remember(servers.database_url_direct, "kept")
    (var / "secrets").rename(var / "moved")
    line = refused(LocalServers(var, postgres_options=FAST))
    assert line.startswith(
        f"The password in {var / 'secrets'} does not open {var / 'postgres'}: put the former secrets back"
    )
    assert nothing_runs_on(var)
    shutil.rmtree(var / "secrets")
    (var / "moved").rename(var / "secrets")
    with LocalServers(var, postgres_options=FAST) as servers:
        assert remembered(servers.database_url_direct) == ["kept"]


def test_data_of_another_version_is_named(tmp_path: Path):
    var = tmp_path / "var"
    with LocalServers(var, postgres_options=FAST):
        pass
    (var / "postgres" / "PG_VERSION").write_text("17\n")
    line = refused(LocalServers(var, postgres_options=FAST))
    assert line.startswith(f"{var / 'postgres'} was made by another version of PostgreSQL")
    assert nothing_runs_on(var)


def test_any_other_failure_quotes_the_server_and_names_its_log(tmp_path: Path):
    var = tmp_path / "var"
    line = refused(LocalServers(var, postgres_options=FAST | {"max_connections": "many"}))
    assert "PostgreSQL did not start" in line
    assert 'invalid value for parameter "max_connections": "many"' in line
    assert str(var / "logs" / "postgresql.log") in line
    assert nothing_runs_on(var)


def test_a_stale_pid_file_is_survived_even_when_its_number_lives_again(tmp_path: Path):
    var = tmp_path / "var"
    with LocalServers(var, postgres_options=FAST) as servers:
        remember(servers.database_url_direct, "kept")
        pid_file = (var / "postgres" / "postmaster.pid").read_text()
    for number in (_dead_pid(), 1):
        (var / "postgres" / "postmaster.pid").write_text(pid_file.replace(pid_file.split("\n")[0], str(number), 1))
        with LocalServers(var, postgres_options=FAST) as servers:
            assert remembered(servers.database_url_direct) == ["kept"]


def _dead_pid() -> int:
    process = subprocess.Popen(["true"])
    process.wait()
    return process.pid


def test_a_server_started_by_hand_on_the_same_data_is_left_alone(tmp_path: Path):
    var = tmp_path / "var"
    with LocalServers(var, postgres_options=FAST) as servers:
        pids = servers.pids
        # Without our lock: what a server started by hand looks like.
        (var / "local.lock").unlink()
        line = refused(LocalServers(var, postgres_options=FAST))
        remember(servers.database_url_direct, "undisturbed")
    assert line == f"PostgreSQL already serves {var / 'postgres'}: stop it with `kill -INT {pids['postgres']}`."


def test_a_supervisor_says_it_in_one_line_and_exits_1(tmp_path: Path):
    (tmp_path / "var").write_text("not a directory")
    done = subprocess.run(
        [sys.executable, "-m", "hub.local.tests.supervisor", tmp_path / "var"], cwd=ROOT, capture_output=True, text=True
    )
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (1, "", 1)


def test_an_interrupted_start_leaves_nothing(tmp_path: Path):
    supervisor = subprocess.Popen(
        [sys.executable, "-m", "hub.local.tests.supervisor", tmp_path / "var"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    while not (tmp_path / "var" / "postgres").exists():
        assert supervisor.poll() is None
    end(supervisor, signal.SIGINT)
    assert nothing_runs_on(tmp_path / "var")
