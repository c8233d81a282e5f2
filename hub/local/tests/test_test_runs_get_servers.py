"""A test run gets servers of its own; two at once do not meet."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from hub.local import pgbouncer
from hub.local.errors import LocalServerError
from hub.local.pytest_plugin import TEST_VAR
from hub.local.tests.tools import ROOT, end, nothing_runs_on, supervise

TEST = """
import os

def test_of_the_inner_run():
    with open(os.environ["SEEN"], "a") as file:
        file.write("\\t".join(os.environ[name] for name in ("HUB_VAR", "DATABASE_URL", "REDIS_URL")) + "\\n")

def test_of_the_inner_run_again():
    test_of_the_inner_run()
"""
NAMED = (
    *("DATABASE_URL", "DATABASE_URL_DIRECT", "DATABASE_URL_OWNER"),
    *("REDIS_URL", "HUB_EMBEDDED", "HUB_VAR", "HUB_ENV_FILE"),
)
DATABASE = "postgresql://somebody@db.example/hub"


def inner_run(directory: Path, *options: str, **env: str) -> tuple[subprocess.CompletedProcess[str], list[str]]:
    (directory / "test_inner.py").write_text(TEST)
    seen = directory / "seen"
    inherited = {name: value for name, value in os.environ.items() if name not in NAMED and "PYTEST" not in name}
    done = subprocess.run(
        [
            *(
                sys.executable,
                "-m",
                "pytest",
                "-p",
                "hub.local.pytest_plugin",
                "-p",
                "no:django",
                "-p",
                "no:cacheprovider",
            ),
            *("-c", os.devnull, "--rootdir", directory, *options, directory / "test_inner.py"),
        ],
        cwd=ROOT,
        env=inherited | {"SEEN": str(seen)} | env,
        capture_output=True,
        text=True,
    )
    return done, seen.read_text().splitlines() if seen.exists() else []


@pytest.fixture
def taken() -> set[Path]:
    """The directories that runs (this one perhaps) are using now."""
    return {path for path in TEST_VAR.glob("test*") if not nothing_runs_on(path, seconds=0.2)}


def test_the_servers_run_for_the_run_on_a_directory_that_no_other_run_uses(tmp_path: Path, taken: set[Path]):
    done, seen = inner_run(tmp_path)
    assert done.returncode == 0, done.stdout
    used = Path(seen[0].split("\t")[0])
    assert used.parent == TEST_VAR
    assert used not in taken
    assert nothing_runs_on(used)


def test_the_workers_of_a_parallel_run_share_the_servers_but_no_database_of_valkey(tmp_path: Path):
    done, seen = inner_run(tmp_path, "-n", "2", "--dist", "each")
    assert done.returncode == 0, done.stdout
    servers, databases = zip(*(line.rsplit("/", 1) for line in seen), strict=True)
    assert len(set(servers)) == 1
    assert set(databases) == {"1", "2"}


def test_urls_that_are_set_are_used(tmp_path: Path):
    urls = {"DATABASE_URL": DATABASE, "REDIS_URL": "redis://broker.example/0"}
    others = {"DATABASE_URL_DIRECT": DATABASE, "DATABASE_URL_OWNER": DATABASE}
    done, seen = inner_run(tmp_path, HUB_VAR="elsewhere", **urls, **others)
    assert done.returncode == 0, done.stdout
    assert set(seen) == {"\t".join(["elsewhere", *urls.values()])}


def test_a_database_comes_with_all_three_ways_to_it(tmp_path: Path):
    done, seen = inner_run(tmp_path, HUB_VAR="elsewhere", DATABASE_URL=DATABASE, DATABASE_URL_DIRECT=DATABASE)
    assert (done.returncode, seen) == (4, [])
    assert "With DATABASE_URL the tests need DATABASE_URL_OWNER as well" in done.stderr


def test_without_pgbouncer_a_pooled_run_says_so_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(pgbouncer, "SYSTEM_PATH", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(LocalServerError, match=r"^PgBouncer is not installed: `apt-get install pgbouncer`") as told:
        pgbouncer.pgbouncer_program()
    assert len(str(told.value).splitlines()) == 1


def test_two_runs_at_once_each_have_their_own(tmp_path: Path):
    _, seen = inner_run(tmp_path)
    beside = supervise(Path(seen[0].split("\t")[0]))
    (tmp_path / "seen").unlink()
    done, seen_beside = inner_run(tmp_path)
    end(beside)
    assert done.returncode == 0, done.stdout
    assert seen_beside[0].split("\t")[0] != seen[0].split("\t")[0]
