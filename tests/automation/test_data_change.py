"""A pull request with a migration describes its data change, or the check says what is missing."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from hub.env import BASE_DIR

SCRIPT = BASE_DIR / ".github" / "scripts" / "data_change.py"
TEMPLATE = (BASE_DIR / ".github" / "pull_request_template.md").read_text()
MIGRATION = "usage/migrations/0042_add_something.py"
QUESTIONS = [line.removeprefix("- ") for line in TEMPLATE.splitlines() if line.startswith("- ")]
ANSWER = " A new nullable column."


def check(tmp_path: Path, body: str | None, *changed: str, event: str | None = None) -> tuple[int, list[str]]:
    """Exit status and what was said, as the workflow calls it."""
    (tmp_path / "event.json").write_text(event or json.dumps({"pull_request": {"body": body}}))
    (tmp_path / "changed.txt").write_text("".join(f"{path}\n" for path in changed))
    done = subprocess.run(
        [sys.executable, "-I", SCRIPT, tmp_path / "event.json", tmp_path / "changed.txt"],
        capture_output=True,
        text=True,
    )
    return done.returncode, done.stderr.splitlines()


def answered(*but: str) -> str:
    """The template with an answer to every question but those."""
    body = TEMPLATE
    for question in QUESTIONS:
        if question not in but:
            body = body.replace(question, question + ANSWER)
    return body


def test_the_template_asks_what_the_check_wants() -> None:
    assert len(QUESTIONS) == 4
    assert "## Data change" in TEMPLATE


def test_a_described_migration_passes(tmp_path: Path) -> None:
    assert check(tmp_path, answered(), "usage/models.py", MIGRATION) == (0, [])
    assert check(tmp_path, answered().replace("\n", "\r\n"), MIGRATION) == (0, [])


def test_answers_may_stand_below_the_questions(tmp_path: Path) -> None:
    body = answered().replace(ANSWER, "\n  A new nullable\n  column.")
    assert check(tmp_path, body, MIGRATION) == (0, [])


@pytest.mark.parametrize("missing", QUESTIONS)
def test_a_question_without_an_answer_is_named(tmp_path: Path, missing: str) -> None:
    assert check(tmp_path, answered(missing), MIGRATION) == (1, [f'error: "{missing}" has no answer.'])


def test_the_template_as_it_is_passes_for_nobody_with_a_migration(tmp_path: Path) -> None:
    status, said = check(tmp_path, TEMPLATE, MIGRATION)
    assert (status, len(said)) == (1, 4)


@pytest.mark.parametrize("body", [None, "", "Adds a column.", "### Data change\n- What changes in the database: all"])
def test_a_description_without_the_section_is_refused(tmp_path: Path, body: str | None) -> None:
    status, said = check(tmp_path, body, MIGRATION)
    assert (status, len(said), MIGRATION in said[0]) == (1, 1, True)


@pytest.mark.parametrize("hidden", ["<!-- {} -->", "<!-- {}"])
def test_what_is_commented_out_is_no_answer(tmp_path: Path, hidden: str) -> None:
    body = answered().replace(ANSWER, " " + hidden.format("A new nullable column."))
    assert check(tmp_path, body, MIGRATION)[0] == 1


@pytest.mark.parametrize("answer", ["", " -", " ...", " ?!"])
def test_marks_are_no_answer(tmp_path: Path, answer: str) -> None:
    assert check(tmp_path, answered().replace(ANSWER, answer), MIGRATION)[0] == 1


def test_answers_in_another_section_are_none(tmp_path: Path) -> None:
    body = TEMPLATE + "\n## Notes\n" + "".join(f"- {question}{ANSWER}\n" for question in QUESTIONS)
    assert check(tmp_path, body, MIGRATION)[0] == 1


@pytest.mark.parametrize(
    "path", ["usage/models.py", "usage/migrations/__init__.py", "docs/migrations/0001_how.md", "migrations.py"]
)
def test_what_is_no_migration_needs_no_description(tmp_path: Path, path: str) -> None:
    assert check(tmp_path, None, path) == (0, [])


@pytest.mark.parametrize("event", ["", "nonsense", "[]", "{}", '{"pull_request": null}'])
def test_an_event_that_is_none_is_one_line(tmp_path: Path, event: str) -> None:
    status, said = check(tmp_path, None, MIGRATION, event=event or " ")
    assert (status, len(said)) == (1, 1)
    assert said[0].startswith("error: ")


def test_what_stands_in_a_description_is_never_run(tmp_path: Path) -> None:
    trap = f"$(touch {tmp_path / 'ran'}) `touch {tmp_path / 'ran'}`; touch {tmp_path / 'ran'}"
    assert check(tmp_path, trap, MIGRATION)[0] == 1
    assert not (tmp_path / "ran").exists()
