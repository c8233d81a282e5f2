"""Whether a pull request with a migration describes its data change: called by the workflow, needs nothing but Python.

    data_change.py EVENT CHANGED

EVENT is the path of GitHub's event as JSON, CHANGED that of a list of the files that differ, one a line. Exit status 0
when there is no migration or every question of the template's section is answered, else 1 and a line for each that is
not.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

MIGRATION = re.compile(r"(^|/)migrations/\d{4}_\w+\.py$")
SECTION = re.compile(r"^##[ \t]+Data change[ \t]*$(.*?)(?=^##[ \t]|\Z)", re.MULTILINE | re.DOTALL | re.IGNORECASE)
COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
QUESTIONS = (
    "What changes in the database",
    "Why the code that runs now can go on beside it",
    "What it locks, and for how long at our size",
    "How it goes back, and what is lost then",
)
SHORTEST = 3


def problems(body: str, changed: Sequence[str]) -> list[str]:
    """What is missing; nothing when no migration differs."""
    migrations = [path for path in changed if MIGRATION.search(path)]
    if not migrations:
        return []
    section = SECTION.search(COMMENT.sub("", body.replace("\r\n", "\n")))
    if section is None:
        return [f'{migrations[0]} needs a section "## Data change" in the description: take it from the template.']
    return [f'"{question}:" has no answer.' for question in QUESTIONS if not _is_answered(section.group(1), question)]


def _is_answered(section: str, question: str) -> bool:
    """Behind the colon, or in the lines below it up to the next item."""
    found = re.search(rf"^[-*][ \t]+{re.escape(question)}:(.*?)(?=^[-*][ \t]|\Z)", section, re.MULTILINE | re.DOTALL)
    return found is not None and len(re.findall(r"\w", found.group(1))) >= SHORTEST


def body_of(event: Any) -> str:
    """The pull request's description, "" when there is none; raises ValueError for another event."""
    try:
        return event["pull_request"]["body"] or ""
    except (KeyError, TypeError) as error:
        raise ValueError("the event is of no pull request") from error


def main(argv: Sequence[str]) -> int:
    """Prints to stderr."""
    if len(argv) != 2:
        print("usage: data_change.py EVENT CHANGED", file=sys.stderr)
        return 1
    try:
        event, changed = (Path(path).read_text(encoding="utf-8") for path in argv)
        found = problems(body_of(json.loads(event)), changed.splitlines())
    except (OSError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    for problem in found:
        print(f"error: {problem}", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
