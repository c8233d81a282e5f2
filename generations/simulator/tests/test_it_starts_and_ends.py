from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx2
import pytest

from generations.simulator.tests.conftest import ROOT, start_process


def _run(*options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "generations.simulator", *options]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=20, check=False)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_says_where_it_listens_and_ends_at_once(tmp_path: Path, number: signal.Signals) -> None:
    process = start_process(ready_file=tmp_path / "a b.json")
    ready = json.loads((tmp_path / "a b.json").read_text())
    assert ready["pid"] == process.pid
    assert httpx2.get(f"{ready['url']}/_simulator/health").json() == {"status": "ok"}
    began = time.monotonic()
    process.send_signal(number)
    output, _ = process.communicate(timeout=5)
    assert (process.returncode, time.monotonic() - began < 1) == (0, True)
    assert output == f"simulator: {ready['url']}\n"
    assert list(tmp_path.iterdir()) == [tmp_path / "a b.json"]


def test_a_port_in_use_is_one_clear_line(process_url: str) -> None:
    port = process_url.rpartition(":")[2]
    done = _run("--port", port)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"simulator: cannot listen on 127.0.0.1:{port}: Address already in use\n"


@pytest.mark.parametrize(
    "options", [("--port", "70000"), ("--host", "no.such.host.invalid"), ("--ready-file", "/no/such/place")]
)
def test_what_cannot_be_used_is_one_clear_line(options: tuple[str, str]) -> None:
    done = _run("--port", "0", *options)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("simulator: cannot ")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("value", ["-1", "soon", "inf", "nan"])
def test_a_time_must_be_a_time(value: str) -> None:
    done = _run("--latency", value)
    assert done.returncode == 2
    assert "must be a number of seconds, zero or more" in done.stderr


def test_help_names_the_faults_and_the_routes() -> None:
    text = _run("--help").stdout
    for word in ("--operation-seconds", "file_not_active", "/_simulator/calls", "exit status"):
        assert word in text


def test_it_imports_nothing_of_the_hub() -> None:
    script = (
        "import sys, generations.simulator.__main__\n"
        "print([name for name in sys.modules if name.split('.')[0] in sys.argv[1:]])"
    )
    hub = ("django", "hub", "users", "usage", "audit", "media", "google")
    done = subprocess.run([sys.executable, "-c", script, *hub], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
