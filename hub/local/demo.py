"""`make demo`: starts the whole stack, submits one generation of every kind over HTTP, follows them, stops everything.

It is a client like any other: it knows the stack's ready file and the REST API. Exits 1 when any of it failed.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, TextIO
from urllib import error, request

from hub.local.process import Program, spawn

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 120
JOB_SECONDS = 120
LOOK_EVERY_SECONDS = 0.4
# The demonstration is never run against anybody's database or with anybody's key: it has its own, made anew each time.
OWN = ("DATABASE_URL", "REDIS_URL", "GEMINI_API_KEY", "GEMINI_BASE_URL", "VERTEX_API_KEY", "VERTEX_BASE_URL")
ENDED = ("succeeded", "failed", "blocked", "canceled")

ORDERS: tuple[dict[str, Any], ...] = (
    {"model": "gemini-3.8-flash", "prompt": "Three sentences about the sea at night."},
    {"model": "gemini-3.1-flash-image", "prompt": "A lighthouse in the fog, watercolour."},
    {"model": "gemini-omni-1.2-flash", "prompt": "A fox crosses a snowy field.", "parameters": {"duration_seconds": 4}},
    {"model": "veo-3.1-fast-generate-001", "prompt": "Waves against a pier.", "parameters": {"duration_seconds": 4}},
    {"model": "lyria-3.5", "prompt": "A slow waltz for piano and cello."},
    {"model": "lyria-3-clip-preview", "prompt": "Bright ukulele for a morning."},
    {"model": "lyria-002", "prompt": "Calm ambient pads, no drums."},
)


class DemoFailed(Exception):
    """Something did not work; the message is for the reader."""


@dataclass
class Hub:
    """The running stack, as a client sees it."""

    base_url: str
    api_key: str

    def call(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """One JSON request; raises DemoFailed with the problem's detail."""
        return json.loads(self._open(method, path, body).read())

    def download(self, url: str, target: Path) -> None:
        """Saves the bytes at `url` under `target`."""
        with self._open("GET", url) as answer, target.open("wb") as file:
            while chunk := answer.read(1024 * 1024):
                file.write(chunk)

    def _open(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        url = path if path.startswith("http") else self.base_url + path
        data = None if body is None else json.dumps(body).encode()
        headers = {"Authorization": f"Bearer {self.api_key}", "Content-Type": "application/json"}
        try:
            return request.urlopen(request.Request(url, data, headers, method=method), timeout=30)  # noqa: S310
        except error.HTTPError as problem:
            raise DemoFailed(f"{method} {path}: {problem.code} {problem.read().decode(errors='replace')}") from problem
        except error.URLError as problem:
            raise DemoFailed(f"{method} {path}: {problem.reason}") from problem


@dataclass
class Run:
    """One generation on its way."""

    job: dict[str, Any]
    started: float = field(default_factory=time.monotonic)
    seconds: float = 0.0
    files: list[Path] = field(default_factory=list)

    @property
    def ended(self) -> bool:
        """Nothing more will happen to it."""
        return self.job["status"] in ENDED


@contextmanager
def stack(var: Path, out: TextIO) -> Iterator[Hub]:
    """The whole stack as a process of its own, on a fresh `var`; stopped at the end, whatever ends this one."""
    environment = {name: value for name, value in os.environ.items() if name.removesuffix("_FILE") not in OWN}
    environment |= {"HUB_VAR": str(var), "HUB_ENV_FILE": os.devnull}
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryFile() as log:
        ready = Path(folder) / "stack.json"
        argv = [sys.executable, str(ROOT / "manage.py"), "runstack", "--ready-file", str(ready)]
        process = spawn(Program(argv, signal.SIGTERM, env=environment), output=log.fileno())
        try:
            facts = _wait_until_ready(process, ready, log)
            print(f"The stack runs at {facts['base_url']}; the provider is the simulator.\n", file=out)
            yield Hub(base_url=facts["base_url"], api_key=facts["client"]["api_key"])
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait()


def _wait_until_ready(process: subprocess.Popen[bytes], ready: Path, log: BinaryIO) -> dict[str, Any]:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if ready.exists():
            facts: dict[str, Any] = json.loads(ready.read_text())
            return facts
        if process.poll() is not None:
            log.seek(0)
            raise DemoFailed(f"The stack did not start:\n{log.read().decode(errors='replace')}")
        time.sleep(0.1)
    raise DemoFailed(f"The stack was not ready within {START_SECONDS} seconds.")


def follow(hub: Hub, runs: list[Run], out: TextIO) -> None:
    """Shows each change of status until every job has ended; raises DemoFailed when one takes too long."""
    deadline = time.monotonic() + JOB_SECONDS
    while not all(run.ended for run in runs):
        if time.monotonic() > deadline:
            raise DemoFailed(f"Some jobs had not ended after {JOB_SECONDS} seconds.")
        time.sleep(LOOK_EVERY_SECONDS)
        for run in runs:
            if not run.ended:
                _look(hub, run, out)


def _look(hub: Hub, run: Run, out: TextIO) -> None:
    before = run.job["status"]
    run.job = hub.call("GET", f"/api/v1/generations/{run.job['id']}")
    run.seconds = time.monotonic() - run.started
    if run.job["status"] != before:
        print(f"  {run.seconds:5.1f} s  {run.job['kind']:<6} {run.job['model']:<26} {run.job['status']}", file=out)


def save_files(hub: Hub, runs: list[Run], folder: Path) -> None:
    """Downloads what the jobs made, through the API."""
    folder.mkdir(parents=True, exist_ok=True)
    for run in runs:
        for number, output in enumerate(run.job["outputs"]):
            stem = folder / f"{run.job['kind']}-{run.job['model']}-{number}"
            run.files.append(_save(hub, output, stem))


def _save(hub: Hub, output: dict[str, Any], stem: Path) -> Path:
    if output.get("text") is not None:
        target = stem.with_name(stem.name + ".txt")
        target.write_text(output["text"], encoding="utf-8")
        return target
    endings = {
        "image/png": ".png",
        "image/jpeg": ".jpg",
        "video/mp4": ".mp4",
        "audio/mpeg": ".mp3",
        "audio/wav": ".wav",
    }
    target = stem.with_name(stem.name + endings.get(output["mime_type"], ".bin"))
    hub.download(output["url"], target)
    return target


def table(rows: list[list[str]]) -> str:
    """Text columns as wide as their longest cell; the first row is the head."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join([lines[0], "  ".join("-" * width for width in widths), *lines[1:]])


def report(hub: Hub, runs: list[Run], folder: Path) -> str:
    """What was made, what it cost, what is left."""
    jobs = [["kind", "model", "status", "time", "units", "cost (USD)", "file"], *(_row(run) for run in runs)]
    usage = hub.call("GET", "/api/v1/usage?limit=100")["results"]
    ledger = [["request", "model", "outcome", "cost (USD)"]]
    ledger += [[entry["id"], entry["model"], entry["outcome"], entry["cost_usd"]] for entry in usage]
    quotas = [["quota", "limit (USD)", "spent", "held", "remaining", "resets at"]]
    quotas += [_quota_row(quota) for quota in hub.call("GET", "/api/v1/quotas")["results"]]
    return (
        f"{table(jobs)}\n\nThe files are in {folder}\n\n"
        f"Usage, one row per request to the provider:\n{table(ledger)}\n\nQuota:\n{table(quotas)}"
    )


def _row(run: Run) -> list[str]:
    job = run.job
    units = ", ".join(f"{count} {unit}{'' if count == 1 else 's'}" for unit, count in job["usage"].items())
    status = job["status"] if job["error"] is None else f"{job['status']} ({job['error']['code']})"
    names = ", ".join(file.name for file in run.files)
    return [job["kind"], job["model"], status, f"{run.seconds:.1f} s", units, job["cost_usd"] or "", names]


def _quota_row(quota: dict[str, Any]) -> list[str]:
    name = f"{quota['kind'] or 'every kind'}, per {quota['period']}"
    amounts = [quota[key] for key in ("limit_usd", "spent_usd", "held_usd", "remaining_usd")]
    return [name, *amounts, quota["resets_at"] or "never"]


def run_demo(out: TextIO) -> bool:
    """The whole story; True when every job succeeded and left a file that is not empty."""
    folder = Path(os.environ.get("HUB_VAR") or ROOT / "var").resolve() / "demo"
    shutil.rmtree(folder, ignore_errors=True)
    print("Starting PostgreSQL, Valkey, web, worker, clock and simulator ...", file=out)
    with stack(folder / "stack", out) as hub:
        runs = [Run(hub.call("POST", "/api/v1/generations", order)) for order in ORDERS]
        print(f"{len(runs)} generations submitted:", file=out)
        follow(hub, runs, out)
        save_files(hub, runs, folder / "files")
        print(f"\n{report(hub, runs, folder / 'files')}", file=out)
    print("\nEverything is stopped.", file=out)
    return all(
        run.job["status"] == "succeeded" and all(f.stat().st_size for f in run.files) and run.files for run in runs
    )


def main() -> int:
    """Prints the story; 0 when all of it worked."""
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    try:
        if run_demo(sys.stdout):
            return 0
        print("Some generations did not succeed.", file=sys.stderr)
    except DemoFailed as problem:
        print(f"The demo failed: {problem}", file=sys.stderr)
    except KeyboardInterrupt:
        print("Interrupted; everything is stopped.", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
