"""The workflows pass their linters, pin what they use, paste nothing into a shell, and take their steps in order."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from hub.env import BASE_DIR

FOLDER = BASE_DIR / ".github" / "workflows"
WORKFLOWS = sorted(FOLDER.glob("*.yml"))
PINNED = re.compile(r"^[\w.-]+/[\w./-]+@[0-9a-f]{40}$")
PROGRAMS = Path(sys.prefix) / "bin"


def workflow(name: str) -> dict[str, Any]:
    return yaml.safe_load((FOLDER / f"{name}.yml").read_text())


def steps(found: dict[str, Any]) -> list[dict[str, Any]]:
    return [step for job in found["jobs"].values() for step in job.get("steps", [])]


def commands(job: dict[str, Any]) -> list[str]:
    return [step["run"] for step in job["steps"] if "run" in step]


def lint(program: str, *words: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([PROGRAMS / program, *words], cwd=BASE_DIR, capture_output=True, text=True)


def test_there_are_the_workflows_that_the_protocol_names() -> None:
    names = {path.stem for path in WORKFLOWS}
    assert names == {"tests", "data-change", "preview", "preview-close", "nightly", "deploy"}


def test_actionlint_finds_nothing() -> None:
    done = lint("actionlint", "-no-color", *WORKFLOWS)
    assert (done.returncode, done.stdout) == (0, ""), done.stdout + done.stderr


def test_zizmor_finds_nothing() -> None:
    done = lint("zizmor", "--offline", "--no-progress", "--color=never", ".github")
    assert done.returncode == 0, done.stdout + done.stderr


JOB = "on: pull_request\njobs:\n  a:\n    runs-on: ubuntu-24.04\n    steps:\n      - run: echo "
BROKEN = {
    "actionlint": JOB + "${{ nobody.knows }}\n",
    "zizmor": JOB + "${{ github.event.pull_request.title }}\n",
}


@pytest.mark.parametrize("program", BROKEN)
def test_the_linters_see_what_they_are_there_for(program: str, tmp_path: Path) -> None:
    folder = tmp_path / ".github" / "workflows"
    folder.mkdir(parents=True)
    (folder / "broken.yml").write_text(BROKEN[program])
    options = ("--offline", "--no-progress") if program == "zizmor" else ()
    assert lint(program, *options, folder / "broken.yml").returncode != 0


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_actions_are_pinned_by_commit_and_say_their_version(path: Path) -> None:
    used = re.findall(r"uses: (\S+)(.*)", path.read_text())
    ours = [name for name, _ in used if name.startswith("./")]
    assert ours == (["./.github/workflows/tests.yml"] if path.stem == "deploy" else [])
    for name, comment in used:
        if name not in ours:
            assert PINNED.match(name), name
            assert re.match(r" # v\d+\.\d+\.\d+$", comment), name


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_nothing_is_pasted_into_a_shell_and_no_right_is_given_without_being_named(path: Path) -> None:
    found = yaml.safe_load(path.read_text())
    assert found["permissions"] == {}
    assert all("${{" not in step.get("run", "") for step in steps(found))
    assert all("permissions" in job for job in found["jobs"].values())
    assert "pull_request_target" not in path.read_text()


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_the_scripts_and_commands_that_are_called_are_there(path: Path) -> None:
    said = "\n".join(step.get("run", "") for step in steps(yaml.safe_load(path.read_text())))
    for script in re.findall(r"(\.(?:github|ci)/[\w./]+)", said):
        assert (BASE_DIR / script).is_file(), script
    known = {each.stem for each in BASE_DIR.glob("*/management/commands/*.py")} | {"migrate"}
    for command in re.findall(r"(?:hub|with_env)\.sh (\w+)", said):
        assert command in known, command


def test_a_deployment_is_tests_approval_backup_gate_migrate_release_smoke_one_at_a_time() -> None:
    found = workflow("deploy")
    job = found["jobs"]["deploy"]
    assert job["needs"] == "tests"
    assert job["environment"]["name"] == "production"
    assert found["concurrency"] == {"group": "deploy-production", "cancel-in-progress": False}
    words = ("backup_database", "migrate --gate", "migrate --noinput", "DEPLOY_HOOK", "smoke.py")
    found_at = [next(n for n, run in enumerate(commands(job)) if word in run) for word in words]
    assert found_at == sorted(set(found_at))


def test_a_preview_has_an_end_and_is_of_nobody_who_may_not_have_it() -> None:
    job = workflow("preview")["jobs"]["branch"]
    create = next(step for step in job["steps"] if "create-branch-action" in step.get("uses", ""))
    assert create["with"]["expires_at"] == "${{ steps.end.outputs.expires_at }}"
    difference = next(step for step in job["steps"] if "schema-diff-action" in step.get("uses", ""))
    assert difference["with"]["compare_branch"] == create["with"]["branch_name"]
    for name in ("preview", "preview-close"):
        for each in workflow(name)["jobs"].values():
            assert "head.repo.full_name == github.repository" in each["if"]
    paths = workflow("preview")[True]["pull_request"]["paths"]
    assert paths == ["**/migrations/*.py"]


def test_a_closed_pull_request_loses_its_branch_by_the_code_of_main() -> None:
    found = workflow("preview-close")
    assert found[True]["pull_request"]["types"] == ["closed"]
    first, *_ = found["jobs"]["delete"]["steps"]
    assert first["with"]["ref"] == "${{ github.event.repository.default_branch }}"
    assert any("--delete" in run and "--apply" in run for run in commands(found["jobs"]["delete"]))


def test_the_night_prunes_reports_and_backs_up() -> None:
    found = workflow("nightly")
    assert found[True]["schedule"]
    assert any("neon_branches --prune" in run and "--apply" in run for run in commands(found["jobs"]["prune"]))
    # With `shell: bash` a failure before the pipe is a failure.
    assert found["defaults"]["run"]["shell"] == "bash"
    assert any("neon_report" in run for run in commands(found["jobs"]["prune"]))
    assert any("backup_database --prune" in run for run in commands(found["jobs"]["backup"]))


@pytest.mark.parametrize("path", sorted((BASE_DIR / ".github" / "scripts").glob("*.sh")), ids=lambda path: path.name)
def test_the_shell_scripts_are_shell_and_stop_at_the_first_failure(path: Path) -> None:
    assert subprocess.run(["bash", "-n", path], capture_output=True).returncode == 0
    assert "set -euo pipefail" in path.read_text()
