"""`.ci/run` runs the tests twice where there is a pooler, and says so at the beginning where there can be none."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from hub.env import BASE_DIR

SCRIPT = BASE_DIR / ".ci" / "run"


def run(tmp_path: Path, *programs: str) -> list[str]:
    """What it prints on a machine that has these programs and a `make` that says its target."""
    (tmp_path / ".ci").mkdir()
    # This machine's own are not to be found.
    (tmp_path / ".ci" / "run").write_text(SCRIPT.read_text().replace("/usr/sbin", str(tmp_path / "sbin")))
    programs_there = tmp_path / "bin"
    programs_there.mkdir()
    for name in ("bash", "dirname", "id"):
        (programs_there / name).symlink_to(str(shutil.which(name)))
    for name in ("make", *programs):
        (programs_there / name).write_text(f'#!{shutil.which("bash")}\necho "{name} $*"\n')
        (programs_there / name).chmod(0o755)
    done = subprocess.run(
        [programs_there / "bash", tmp_path / ".ci" / "run"],
        env={"PATH": str(programs_there), "LANG": os.environ.get("LANG", "C")},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_with_everything_there_it_installs_nothing(tmp_path: Path) -> None:
    assert run(tmp_path, "pgbouncer", "promtool") == ["make test", "make test-pooled"]


def test_without_packages_it_says_what_is_left_out_and_ends_with_the_tests(tmp_path: Path) -> None:
    pooler, promtool, *made = run(tmp_path)
    assert pooler.endswith("left out: the tests through a pooler (make test-pooled).")
    assert promtool.endswith("left out: promtool's own look at docs/alerts.")
    assert made == ["make test"]


@pytest.mark.skipif(os.geteuid() != 0, reason="as root it asks for no sudo")
def test_what_is_missing_is_asked_of_apt_after_its_lists(tmp_path: Path) -> None:
    said = run(tmp_path, "apt-get", "env", "service", "promtool")
    assert said[:2] == [
        "apt-get update -qq",
        "env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends pgbouncer",
    ]
    assert said[-1] == "make test"
