"""Every code that a generation can end with is met by a real job: over REST, through a real worker, at a provider that
misbehaves, is misconfigured or is not there. Nothing stays held, and the code is shown as docs/ERRORS.md says.

A code that comes gets a line in FAULTS when a fault of the simulator brings it about, else in ENDS with a function that
submits the job. Jobs of BEFORE are submitted while no worker runs; those of LAST when the rest has ended.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from generations.endings import BLOCKED, ENDINGS
from hub.env import BASE_DIR
from tests.files import picture
from tests.stack import HubStack
from tests.stack.client import GENERATIONS

pytestmark = pytest.mark.stack

TEXT, OMNI, SONG = "gemini-3.5-flash-lite", "gemini-omni-1.2-flash", "lyria-3.5"
IMAGEN, MISDESCRIBED = "imagen-4.0-generate-001", "gemini-2.5-pro"
FILM = {"duration_seconds": 3, "resolution": "360p"}
# code -> (fault of the simulator, model, parameters)
FAULTS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "blocked_prompt": ("blocked_prompt", TEXT, {}),
    "blocked_output": ("blocked_output", TEXT, {}),
    "provider_invalid_request": ("400", TEXT, {}),
    "provider_denied": ("403", TEXT, {}),
    "provider_model_unavailable": ("404", TEXT, {}),
    "provider_rate_limited": ("429 retry=0", TEXT, {}),
    "provider_unavailable": ("503", TEXT, {}),
    "provider_error": ("500", TEXT, {}),
    "provider_timeout": ("504", TEXT, {}),
    "provider_operation_failed": ("fails_late", OMNI, FILM),
    "operation_timeout": ("never_ends", OMNI, FILM),
    "outcome_unknown": ("reset_after", SONG, {}),
}


def of_a_file(stack: HubStack, spoil: Callable[[Path], None]) -> str:
    """A job whose file is spoiled in storage before a worker can read it."""
    head = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
    sent = stack.rich.send(head + picture() + b"\r\n--x--\r\n", "multipart/form-data; boundary=x", "/api/v1/media")
    assert sent.status == 201, sent.body
    order = {"model": TEXT, "prompt": "What is this?", "inputs": [{"media_id": sent.json["id"]}]}
    job = stack.rich.call("POST", GENERATIONS, order)
    assert job.status == 202, job.body
    key = stack.value("SELECT key FROM media WHERE id = %s", sent.json["id"])
    spoil(stack.media_root / key)
    return str(job.json["id"])


def replace_by_a_folder(path: Path) -> None:
    """What a disk does that answers with something else than the file."""
    path.unlink()
    path.mkdir()


def without_credentials(stack: HubStack) -> str:
    """The operator has taken the key away."""
    stack.kill("worker")
    stack.env["GEMINI_API_KEY"] = ""
    stack.start("worker")
    return stack.rich.submit(TEXT, "Nobody hears this.")


def of_a_listener(stack: HubStack) -> str:
    """A job whose client follows it on the connection that it was submitted on."""
    order = {"model": TEXT, "prompt": "[[fault:stream_cut after=2 pieces=8]] A fox."}
    followed = stack.rich.call("POST", GENERATIONS, order, Accept="text/event-stream")
    assert followed.status == 200, followed.body
    assert b"event: delta" in followed.body
    return followed.headers["location"].rpartition("/")[2]


BEFORE: dict[str, Callable[[HubStack], str]] = {
    "input_gone": lambda stack: of_a_file(stack, Path.unlink),
    "input_unavailable": lambda stack: of_a_file(stack, replace_by_a_folder),
}
ENDS: dict[str, Callable[[HubStack], str]] = {
    "stream_broken": of_a_listener,
    # Vertex is at a port where nothing listens.
    "provider_unreachable": lambda stack: stack.rich.submit(IMAGEN, "A fox."),
    # The catalogue says that the temperature is a text, and the SDK knows better.
    "provider_request_unsupported": lambda stack: stack.rich.submit(MISDESCRIBED, "A fox.", temperature="warm"),
}
LAST: dict[str, Callable[[HubStack], str]] = {"provider_not_configured": without_credentials}


@pytest.fixture(scope="module")
def misdescribed(catalogue: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A catalogue in which one model has a parameter of the wrong type."""
    head, table, rest = catalogue.read_text().partition(f'[models."{MISDESCRIBED}"]')
    assert table
    before, name, after = rest.partition("temperature = {")
    assert name
    path = tmp_path_factory.mktemp("misdescribed") / "catalogue.toml"
    path.write_text(f'{head}{table}{before}temperature = {{ type = "string" }}{after.partition("}")[2]}')
    return path


@pytest.fixture(scope="module")
def jobs(new_stack: Callable[..., HubStack], misdescribed: Path) -> tuple[HubStack, dict[str, str]]:
    """A job for each code, all ended."""
    stack = new_stack(
        running=("simulator", "clock", "web"),
        HUB_CATALOGUE=str(misdescribed),
        VERTEX_BASE_URL="http://127.0.0.1:1",
        OPERATION_DEADLINE_SECONDS="3",
    )
    made = {code: submit(stack) for code, submit in BEFORE.items()}
    stack.start("worker")
    for code, (fault, model, parameters) in FAULTS.items():
        made[code] = stack.rich.submit(model, f"[[fault:{fault}]] A fox, {code}.", **parameters)
    made |= {code: submit(stack) for code, submit in ENDS.items()}
    stack.wait_until_all_have_ended()
    made |= {code: submit(stack) for code, submit in LAST.items()}
    stack.wait_until_all_have_ended()
    return stack, made


def test_every_documented_ending_has_a_job_and_none_is_made_up() -> None:
    assert {*FAULTS, *BEFORE, *ENDS, *LAST} == set(ENDINGS)


@pytest.mark.parametrize("code", ENDINGS)
def test_a_job_ends_with_it(jobs: tuple[HubStack, dict[str, str]], code: str) -> None:
    stack, made = jobs
    ending, shown = ENDINGS[code], stack.rich.generation(made[code])
    assert shown["error"], shown
    is_charged = ending.charged != "no"
    assert (shown["status"], shown["error"]["code"]) == (ending.status, code)
    assert (shown["error"]["retryable"], shown["error"]["charged"]) == (ending.is_retryable, is_charged)
    assert (Decimal(shown["cost_usd"]) > 0) == is_charged
    assert shown["error"]["message"]
    assert bool(shown["outputs"]) == ending.has_text
    assert (ending.status == BLOCKED) == code.startswith("blocked_")


def test_nothing_stays_held(jobs: tuple[HubStack, dict[str, str]]) -> None:
    stack, _ = jobs
    assert stack.held() == 0


# Codes of the provider's errors that no client sees, and what becomes of them.
INNER = {
    "provider_prompt_refused": "blocked_prompt",
    "provider_output_refused": "blocked_output",
    "provider_bad_answer": "outcome_unknown: work may have been done",
    "provider_connection_lost": "outcome_unknown: work may have been done",
    "provider_operation_lost": "outcome_unknown: the work was begun",
    "provider_operation_canceled": "outcome_unknown: the work was begun",
    "provider_unsupported_output": "outcome_unknown: the work was done",
    "provider_file_failed": "outcome_unknown: the work was done",
    "provider_file_not_ready": "asked for again",
    "storage_unavailable": "outcome_unknown: the work was done",
}
MAKERS = {"ProviderError", "Failure"}


def codes_of_the_source() -> Iterator[str]:
    """The first argument, or `code`, of every error and failure; the messages and statuses that stand for codes."""
    for part in ("providers", "services"):
        for path in (BASE_DIR / "generations" / part).glob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                yield from _codes(node)


def _codes(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Call) and getattr(node.func, "id", "") in MAKERS:
        found = [word.value for word in node.keywords if word.arg == "code"] or node.args[:1]
        yield from (str(each.value) for each in found if isinstance(each, ast.Constant))
    elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.startswith("provider_"):
        yield node.value


def test_every_code_of_the_source_is_documented_or_becomes_another() -> None:
    found = {code for code in codes_of_the_source() if code.isidentifier()} - {"provider_request_id"}
    assert {"outcome_unknown", "provider_denied", "input_gone"} <= found
    assert found <= {*ENDINGS, *INNER}, "add them to generations/endings.py, or say here what becomes of them"
    assert set(INNER) <= found
    assert not set(INNER) & set(ENDINGS)
