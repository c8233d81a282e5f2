"""schemathesis calls every operation of the served schema, on a running hub, with what it allows and what it does not.

All of its checks are on: no 500, no answer outside of the schema, nothing accepted that the schema forbids, nothing
without a key, no method that is not there. It follows the schema's links from what it made to what can be done with it.
And every operation must have succeeded at least once, or its answers were never looked at.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.files import MAKERS
from tests.fuzz.seeds import KEYS, as_toml, seed
from tests.fuzz.verdict import Verdict
from tests.receiver import Receiver, running_receiver
from tests.stack import HubStack, eventually

pytestmark = [pytest.mark.stack, pytest.mark.timeout(3600)]

HERE = Path(__file__).parent
# Of each operation and each scenario, beside those that follow from the schema by rule. `make fuzz` sets many.
EXAMPLES = os.environ.get("FUZZ_EXAMPLES", "5")
AT_LEAST = int(os.environ.get("FUZZ_AT_LEAST", "300"))
SETTINGS = {
    # One client does here in a minute what others do in an hour, and a good part of it is refused.
    **dict.fromkeys(("RATE_LIMIT_KEY", "RATE_LIMIT_USER", "RATE_LIMIT_REFUSED"), "1000000/1"),
    "WEBHOOK_ALLOWED_HOSTS": "127.0.0.1",
    # Jobs that never end are there to be cancelled, however late the run comes to it.
    "OPERATION_DEADLINE_SECONDS": "3600",
    # And must not keep the others waiting.
    "CONCURRENCY_SHARE": "100",
}


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    with running_receiver() as receiver:
        yield receiver


@pytest.fixture(scope="module")
def stack(new_stack: Callable[..., HubStack]) -> HubStack:
    return new_stack(**SETTINGS)


def files(folder: Path) -> Path:
    """One of each type."""
    folder.mkdir()
    for number, make in enumerate(MAKERS.values()):
        (folder / str(number)).write_bytes(make())
    return folder


def run(stack: HubStack, receiver: Receiver, folder: Path) -> tuple[str, Verdict]:
    """What schemathesis said, and what it came to. What it keeps, it keeps in the folder."""
    config, report, answers = folder / "schemathesis.toml", folder / "report.json", folder / "answers.json"
    config.write_text((HERE / "schemathesis.toml").read_text() + as_toml(seed(stack, receiver)))
    done = subprocess.run(
        [
            *(sys.executable, "-m", "schemathesis.cli", "--config-file", str(config)),
            *("run", f"{stack.base_url}/api/v1/schema", "--header", f"Authorization: Bearer {stack.rich.api_key}"),
            *("--checks", "all", "--phases", "examples,coverage,fuzzing,stateful", "--max-examples", EXAMPLES),
            *(
                "--continue-on-failure",
                "--output-sanitize",
                "false",
                "--report",
                "json",
                "--report-json-path",
                str(report),
            ),
        ],
        env=os.environ
        | {
            "SCHEMATHESIS_HOOKS": str(HERE / "hooks.py"),
            "FUZZ_FILES": str(files(folder / "files")),
            "FUZZ_ANSWERS": str(answers),
        },
        cwd=folder,
        capture_output=True,
        text=True,
    )
    said = done.stdout[-20_000:] + done.stderr[-2_000:]
    assert report.exists(), said
    schema = stack.rich.call("GET", "/api/v1/schema").json
    return said, Verdict(json.loads(report.read_text()), json.loads(answers.read_text()), schema, done.returncode)


def test_no_answer_is_outside_of_the_schema(stack: HubStack, receiver: Receiver, tmp_path: Path) -> None:
    said, verdict = run(stack, receiver, tmp_path)
    print(f"\n{verdict.text()}")
    problems = verdict.problems(at_least=AT_LEAST)
    assert not problems, "\n".join([said, "", verdict.text(), "", *problems])
    assert stack.rich.call("GET", KEYS).status == 200, "the run has lost its own key: what came after was refused"
    assert "Traceback" not in stack.log("web")


def test_the_books_balance_afterwards(stack: HubStack) -> None:
    for job in stack.open_jobs():
        stack.rich.cancel(str(job["id"]))
    stack.wait_until_all_have_ended(seconds=120)
    pending = "SELECT id FROM privacy_requests WHERE status IN ('pending', 'running')"
    eventually(lambda: not stack.rows(pending), "the end of the exports", seconds=120)
    stack.assert_the_books_balance()
