"""schemathesis calls every operation of the served schema, on a running hub, with what it allows and what it does not.

All of its checks are on: no 500, no answer outside of the schema, nothing accepted that the schema forbids, nothing
without a key, no method that is not there. It follows the schema's links from what it made to what can be done with it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.stack import HubStack

pytestmark = [pytest.mark.stack, pytest.mark.timeout(3600)]

CONFIG = Path(__file__).with_name("schemathesis.toml")
# Of each operation and each scenario, beside those that follow from the schema by rule. `make fuzz` sets many.
EXAMPLES = os.environ.get("FUZZ_EXAMPLES", "3")
AT_LEAST = int(os.environ.get("FUZZ_AT_LEAST", "300"))
PICTURE = "imagen-4.0-generate-001"
KEYS = "/api/v1/api-keys"


@pytest.fixture(scope="module")
def stack(new_stack: Callable[..., HubStack]) -> HubStack:
    """With one job of each end, a file to read, and a key to revoke."""
    stack = new_stack()
    # The newest, which is where the link from the list of keys leads to: or the run might revoke its own.
    assert stack.rich.call("POST", KEYS, {"name": "spare", "scopes": ["usage:read"]}).status == 201
    stack.wait_for(stack.rich.submit(PICTURE, "A lighthouse."), "succeeded")
    stack.wait_for(stack.rich.submit(PICTURE, "[[fault:400]]"), "failed")
    return stack


def run(stack: HubStack, reports: Path) -> tuple[subprocess.CompletedProcess[str], dict[str, Any]]:
    """What schemathesis said, and its report."""
    done = subprocess.run(
        [
            *(sys.executable, "-m", "schemathesis.cli", "--config-file", str(CONFIG)),
            *("run", f"{stack.base_url}/api/v1/schema", "--header", f"Authorization: Bearer {stack.rich.api_key}"),
            *("--checks", "all", "--phases", "examples,coverage,fuzzing,stateful", "--max-examples", EXAMPLES),
            *("--continue-on-failure", "--report", "json", "--report-json-path", str(reports / "report.json")),
        ],
        # Where it keeps what it found: nothing of it belongs beside the source.
        cwd=reports,
        capture_output=True,
        text=True,
    )
    path = reports / "report.json"
    return done, json.loads(path.read_text()) if path.exists() else {}


def test_no_answer_is_outside_of_the_schema(stack: HubStack, tmp_path: Path) -> None:
    done, report = run(stack, tmp_path)
    assert done.returncode == 0, done.stdout[-20_000:] + done.stderr[-2_000:]
    assert stack.rich.call("GET", KEYS).status == 200, "the run has lost its own key: what came after was refused"
    cases = report["test_cases"]["generated"] - report["test_cases"]["without_checks"]
    print(f"\nschemathesis: {cases} examples, all checks, no failure")
    assert cases >= AT_LEAST, "too few: raise FUZZ_EXAMPLES"
    assert "Traceback" not in stack.log("web")


def test_the_books_balance_afterwards(stack: HubStack) -> None:
    stack.wait_until_all_have_ended(seconds=300)
    stack.assert_the_books_balance()
