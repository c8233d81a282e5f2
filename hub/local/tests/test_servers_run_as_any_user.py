"""PostgreSQL refuses root, so root's servers run as somebody else; an ordinary user's run as that user."""

from __future__ import annotations

import os
import pwd
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.local import binaries, identity
from hub.local.binaries import postgres_program
from hub.local.identity import NOBODY, choose_identity
from hub.local.process import MYSELF, Identity
from hub.local.servers import LocalServers
from hub.local.tests.tools import (
    FAST,
    end,
    nothing_runs_on,
    published,
    reachable_by_nobody,
    remember,
    remembered,
    supervise_as,
)

PROBE = [postgres_program("pg_config"), "--bindir"]
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root has another user to become")


@pytest.fixture
def open_directory() -> Iterator[Path]:
    """A directory that every user can reach, which pytest's own are not."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


def owner_of(pid: int) -> int:
    return Path(f"/proc/{pid}").stat().st_uid


@as_root
def test_root_runs_them_as_nobody_who_owns_the_data(open_directory: Path):
    if not reachable_by_nobody(PROBE[0]):
        pytest.skip("the programs lie behind a directory that only root can pass")
    var = open_directory / "var"
    assert choose_identity(open_directory / "postgres", PROBE) == Identity(uid=NOBODY, gid=NOBODY)
    with LocalServers(var, postgres_options=FAST) as servers:
        assert {owner_of(pid) for pid in servers.pids.values()} == {NOBODY}
        assert (var / "postgres").stat().st_uid == NOBODY
        remember(servers.database_url_direct, "kept")


@as_root
def test_root_runs_them_behind_a_directory_that_only_root_can_pass(open_directory: Path):
    closed = open_directory / "closed"
    closed.mkdir(mode=0o700)
    for expected in ([], ["first"]):
        with LocalServers(closed / "var", postgres_options=FAST) as servers:
            assert owner_of(servers.pids["postgres"]) == NOBODY
            assert (remembered(servers.database_url_direct) if expected else []) == expected
            remember(servers.database_url_direct, "first")
    assert stat.S_IMODE(closed.stat().st_mode) == 0o700


@as_root
def test_root_without_that_capability_runs_them_in_a_user_namespace(
    open_directory: Path, monkeypatch: pytest.MonkeyPatch
):
    closed = open_directory / "closed"
    closed.mkdir(mode=0o700)
    monkeypatch.setattr(identity, "_held_capabilities", lambda: 0)
    try:
        chosen = choose_identity(closed / "postgres", PROBE)
    except identity.LocalServerError:
        pytest.skip("this machine allows no user namespaces")
    assert chosen == Identity(userns_uid=NOBODY)
    for expected in ([], ["first"]):
        with LocalServers(closed / "var", postgres_options=FAST) as servers:
            assert (remembered(servers.database_url_direct) if expected else []) == expected
            remember(servers.database_url_direct, "first")
    assert nothing_runs_on(closed / "var")


@as_root
def test_root_runs_programs_that_only_root_can_reach(open_directory: Path, monkeypatch: pytest.MonkeyPatch):
    """As from a clone under /root, where the virtual environment is as closed as the data."""
    closed = open_directory / "closed"
    closed.mkdir(mode=0o700)
    package = PROBE[0].parents[2]
    shutil.copytree(package, closed / package.name)
    shutil.copytree(package.with_name(f"{package.name}.libs"), closed / f"{package.name}.libs")
    monkeypatch.setattr(binaries, "_package", lambda name, real=binaries._package: _moved(real(name), package, closed))
    with LocalServers(closed / "var", postgres_options=FAST) as servers:
        assert Path(f"/proc/{servers.pids['postgres']}/exe").readlink().is_relative_to(closed)
        remember(servers.database_url_direct, "kept")
    assert stat.S_IMODE(closed.stat().st_mode) == 0o700


def _moved(package: Path, moved: Path, closed: Path) -> Path:
    return closed / package.name if package == moved else package


@as_root
def test_an_ordinary_user_runs_them_and_root_then_runs_the_data_as_that_user(open_directory: Path):
    open_directory.chmod(0o777)
    var = open_directory / "var"
    supervisor = supervise_as(NOBODY, var)
    remember(published(var).database_url_direct, "an ordinary user's")
    assert {owner_of(pid) for pid in published(var).pids.values()} == {NOBODY}
    end(supervisor)
    with LocalServers(var, postgres_options=FAST) as servers:
        assert remembered(servers.database_url_direct) == ["an ordinary user's"]
    assert (var / "postgres").stat().st_uid == NOBODY


@as_root
def test_a_user_without_a_name_runs_them_too(open_directory: Path):
    """As in a container that was started with a bare number."""
    open_directory.chmod(0o777)
    number = next(uid for uid in range(40_000, 50_000) if uid not in {entry.pw_uid for entry in pwd.getpwall()})
    if subprocess.run(["unshare", "--user", "true"], user=number, capture_output=True).returncode:
        pytest.skip("this machine allows no user namespaces")
    supervisor = supervise_as(number, open_directory / "var")
    remember(published(open_directory / "var").database_url_direct, "kept")
    end(supervisor)
    assert nothing_runs_on(open_directory / "var")


@pytest.mark.skipif(os.geteuid() == 0, reason="root becomes another user")
def test_an_ordinary_user_stays_who_they_are(tmp_path: Path):
    assert choose_identity(tmp_path / "postgres", PROBE) == MYSELF
