"""Every snippet of the README, and of docs/API.md, runs against a hub, and is as well typed as is said of it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks import Webhook

from generation_hub.options import KEY_VARIABLE, URL_VARIABLE
from tests.receiver import Receiver
from tests.stack import HubStack

HERE = Path(__file__).parents[1]
API_PAGE = (HERE.parents[1] / "docs" / "API.md").read_text()
_SNIPPET = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)
SNIPPETS = _SNIPPET.findall((HERE / "README.md").read_text())
SHORT = _SNIPPET.findall(API_PAGE[API_PAGE.index("## The Python client") :])


@pytest.mark.stack
def test_every_snippet_does_what_it_says(
    stack: HubStack,
    receiver: Receiver,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(URL_VARIABLE, stack.base_url)
    monkeypatch.setenv(KEY_VARIABLE, stack.rich.api_key)
    names: dict[str, Any] = {"__name__": "readme"}
    for snippet in [*SHORT, *SNIPPETS]:
        code = snippet.replace("https://example.org/hook", f"{receiver.url}/readme")
        exec(compile(code, "README.md", "exec"), names)  # noqa: S102
    assert names["film"].succeeded
    assert (tmp_path / "sea.png").read_bytes().startswith((b"\x89PNG", b"\xff\xd8"))
    assert (tmp_path / "usage.csv").read_text().startswith("id,")
    shown = capsys.readouterr().out
    assert "succeeded" in shown
    assert "parameters.duration_seconds" in shown or "duration_seconds" in shown
    _receive(names)
    names["hub"].close()


def _receive(names: dict[str, Any]) -> None:
    body = (
        '{"type": "generation.succeeded", "timestamp": "2026-11-22T19:25:21Z", '
        '"data": {"id": "g", "status": "succeeded", "kind": "text", "model": "m"}}'
    )
    now = datetime.now(UTC)
    signature = Webhook(names["hook"].secret).sign("msg_1", now, body)
    headers = {"webhook-id": "msg_1", "webhook-timestamp": str(int(now.timestamp())), "webhook-signature": signature}
    assert names["receive"](body.encode(), headers) == 204
    assert names["receive"](body.encode() + b" ", headers) == 400


WRONG = """
from typing import assert_type
from generation_hub import Listing, Media, Stream

assert_type(hub.generations.submit(model="m", prompt="p"), Generation)
assert_type(hub.media.list(kind="image"), Listing[Media])
assert_type(hub.stream(model="m", prompt="p"), Stream[Delta | Generation])
hub.generate(model="m")  # no prompt
hub.generate(model="m", prompt="p", color="blue")  # no such member
hub.generations.submit(model="m", prompt="p", max_cost=0.5)  # a float
hub.download(film, 3)  # no path
hub.wait(job).costs  # no such field
"""


def test_the_types_reach_whoever_calls(tmp_path: Path) -> None:
    right, wrong = tmp_path / "readme.py", tmp_path / "wrong.py"
    right.write_text("\n".join(SNIPPETS))
    wrong.write_text("\n".join(SNIPPETS) + WRONG)
    said = [_type_checked(path, tmp_path) for path in (right, wrong)]
    assert said[0].returncode == 0, said[0].stdout
    lines = wrong.read_text().splitlines()
    found = {lines[int(number) - 1] for number in re.findall(r"wrong\.py:(\d+): error", said[1].stdout)}
    assert found == {line for line in WRONG.splitlines() if "#" in line}


def _type_checked(path: Path, cache: Path) -> subprocess.CompletedProcess[str]:
    # Its own folder, so that the hub's settings of mypy are not found.
    return subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--config-file", os.devnull, "--cache-dir", cache / "cache", path],
        env=os.environ | {"MYPYPATH": str(HERE / "src")},
        cwd=path.parent,
        capture_output=True,
        text=True,
    )
