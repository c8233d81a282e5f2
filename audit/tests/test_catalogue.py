"""docs/AUDIT.md says of every action what happened, who did it, to what, and what is in its data."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from audit.actions import Action
from hub.env import BASE_DIR

APPS = ("hub", "audit", "users", "usage", "media", "generations")
NOT_DATA = {"action", "actor_id", "actor_label", "target", "subject_id", "ip"}


def table() -> dict[str, list[str]]:
    text = (BASE_DIR / "docs" / "AUDIT.md").read_text().partition("## The actions")[2]
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line.startswith("| `")
    ]
    assert len({row[0] for row in rows}) == len(rows)
    return {row[0].strip("`"): row[1:] for row in rows}


def sources() -> Iterator[Path]:
    for app in APPS:
        yield from (path for path in (BASE_DIR / app).rglob("*.py") if not {"tests", "migrations"} & set(path.parts))


def recorded() -> Iterator[tuple[str, set[str], Path]]:
    """Each call that names an action in full, with the names of the data that it gives."""
    for path in sources():
        for call in ast.walk(ast.parse(path.read_text())):
            if not isinstance(call, ast.Call):
                continue
            given = [*call.args, *(word.value for word in call.keywords if word.arg == "action")]
            actions = [
                arg.attr
                for arg in given
                if isinstance(arg, ast.Attribute) and isinstance(arg.value, ast.Name) and arg.value.id == "Action"
            ]
            for name in set(actions) & set(Action.names):
                yield name, {word.arg for word in call.keywords if word.arg} - NOT_DATA, path


def test_every_action_is_described_and_nothing_else_is() -> None:
    described = table()
    assert set(described) == set(Action.values)
    for action, (what, who, target, _) in described.items():
        assert what, action
        assert who, action
        assert target == "none" or re.match(r"`\w+`", target), action


def named() -> set[str]:
    """The actions that some source names, whether in the call itself or in a table that it looks them up in."""
    pattern = re.compile(r"\bAction\.([A-Z_]+)\b")
    return {name for path in sources() for name in pattern.findall(path.read_text())}


def test_every_action_is_in_use() -> None:
    assert named() == set(Action.names)


def test_no_action_is_recorded_with_data_that_is_not_described() -> None:
    described, calls = table(), list(recorded())
    assert len(calls) >= 20
    for name, data, path in calls:
        action = Action[name].value
        names = set(re.findall(r"`(\w+)`", described[action][3]))
        assert data <= names, f"{path}: {action} has {sorted(data - names)}, which docs/AUDIT.md does not name"
