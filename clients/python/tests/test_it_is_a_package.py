"""What is installed elsewhere: the package with its types, and nothing of the hub."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from email.parser import Parser
from pathlib import Path
from zipfile import ZipFile

HERE = Path(__file__).parents[1]


def test_the_wheel_has_the_types_and_needs_one_package(tmp_path: Path) -> None:
    options = ["--no-deps", "--no-build-isolation", "--no-index", "--disable-pip-version-check", "--quiet"]
    done = subprocess.run(
        [sys.executable, "-m", "pip", "wheel", *options, "--wheel-dir", tmp_path, HERE], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    [path] = tmp_path.glob("ai_generation_hub_client-*.whl")
    with ZipFile(path) as wheel:
        names = wheel.namelist()
        [metadata] = [name for name in names if name.endswith("METADATA")]
        needs = Parser().parsestr(wheel.read(metadata).decode()).get_all("Requires-Dist")
    assert needs == ["httpx2<3,>=2.9"]
    assert "generation_hub/py.typed" in names
    assert {name.split("/")[0] for name in names if ".dist-info" not in name} == {"generation_hub"}
    assert len([name for name in names if name.endswith(".py")]) == len(list((HERE / "src").rglob("*.py")))


def test_it_imports_where_there_is_no_hub(tmp_path: Path) -> None:
    program = (
        f"import sys; sys.path.insert(0, {str(HERE / 'src')!r}); import generation_hub; "
        "print(sorted({name.partition('.')[0] for name in sys.modules} & "
        "{'django', 'rest_framework', 'hub', 'generations', 'usage', 'users', 'audit', 'media', 'celery'}))"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True)
    assert (done.stdout.strip(), done.returncode) == ("[]", 0), done.stderr


def test_the_range_of_httpx2_holds_what_the_hub_itself_pins() -> None:
    project = tomllib.loads((HERE / "pyproject.toml").read_text())["project"]
    [needed] = project["dependencies"]
    least, below = map(int, re.fullmatch(r"httpx2>=2\.(\d+),<(\d+)", needed).groups())  # type: ignore[union-attr]
    pinned = re.search(r"^httpx2==(\d+)\.(\d+)", (HERE.parents[1] / "requirements.txt").read_text(), re.MULTILINE)
    assert pinned
    assert int(pinned[1]) == below - 1
    assert int(pinned[2]) >= least
