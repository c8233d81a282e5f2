"""The scripts of the workflows run commands of the hub: with no database at all, or with the settings of one secret."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

from hub.env import BASE_DIR
from hub.local.secrets import SETTINGS, development_secrets
from tests.neon_api.stand_in import running_stand_in
from tests.neon_api.state import KEY, PROJECT
from tests.stack.cluster import drop, execute, fresh_name, url_of

SCRIPTS = BASE_DIR / ".github" / "scripts"
INHERITED = ("PATH", "HOME", "LANG", "TMPDIR")


def run(script: str, *words: str, **env: str) -> subprocess.CompletedProcess[str]:
    """As a workflow does: nothing in the environment but what it names."""
    inherited = {name: os.environ[name] for name in INHERITED if name in os.environ}
    return subprocess.run(
        ["bash", SCRIPTS / script, *words], env=inherited | env, cwd="/", capture_output=True, text=True
    )


def test_branches_are_pruned_without_a_database(tmp_path: Path) -> None:
    with running_stand_in() as neon:
        neon.branch("main", default=True)
        neon.branch("preview/pr-4")
        (tmp_path / "closed.json").write_text("[3, 4]")
        done = run(
            "hub.sh",
            *("neon_branches", "--prune", "--closed", str(tmp_path / "closed.json"), "--apply"),
            NEON_API_KEY=KEY,
            NEON_PROJECT_ID=PROJECT,
            NEON_API_URL=neon.url,
            HUB_VAR=str(tmp_path / "var"),
        )
        assert done.returncode == 0, done.stderr
        assert neon.names() == ["main"]


def test_a_command_has_the_settings_of_the_secret_and_leaves_no_file_of_them(tmp_path: Path) -> None:
    database = fresh_name()
    execute("CREATE DATABASE {}", database)
    secrets = development_secrets(Path(os.environ["HUB_VAR"]))
    settings = {name: secrets[name] for name in SETTINGS} | {
        "DATABASE_URL": url_of(database),
        "REDIS_URL": "redis://127.0.0.1:9/0",
        "HUB_VAR": str(tmp_path / "var"),
        "GEMINI_API_KEY": "none",
        "BACKUP_KEPT_DAYS": "2",
    }
    (tmp_path / "tmp").mkdir()
    text = "".join(f"{name}={value}\n" for name, value in settings.items())
    try:
        done = run("with_env.sh", "backup_database", "--json", HUB_ENV=text, TMPDIR=str(tmp_path / "tmp"))
    finally:
        drop(database)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["database"]["name"] == database
    assert list((tmp_path / "tmp").iterdir()) == []


def test_a_command_that_fails_fails_the_step(tmp_path: Path) -> None:
    done = run("with_env.sh", "backup_database", HUB_ENV="DATABASE_URL=nonsense\n", TMPDIR=str(tmp_path))
    assert done.returncode == 1
    assert list(tmp_path.iterdir()) == []
