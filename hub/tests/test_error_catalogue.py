"""docs/ERRORS.md has every error of the source, with what it carries, and is what the command writes."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from rest_framework import exceptions

from hub.api import error_catalogue
from hub.api.error_catalogue import Contradiction, Entry, entries, error_classes, markdown
from hub.api.problems import TYPE_BASE
from hub.env import BASE_DIR
from hub.management.commands import document_errors
from hub.management.commands.document_errors import APPS, import_everything

SOURCES = [
    path
    for app in APPS
    for path in sorted((BASE_DIR / app).rglob("*.py"))
    if not {"tests", "simulator"} & set(path.relative_to(BASE_DIR).parts)
]
TREES = {path: ast.parse(path.read_text()) for path in SOURCES}


@pytest.fixture(scope="module")
def known() -> dict[str, Entry]:
    import_everything()
    return {entry.code: entry for entry in entries()}


def test_the_page_is_current() -> None:
    call_command("document_errors", "--check")


def test_a_page_that_is_not_current_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(document_errors, "PATH", tmp_path / "ERRORS.md")
    with pytest.raises(CommandError, match="document_errors"):
        call_command("document_errors", "--check")
    call_command("document_errors")
    call_command("document_errors", "--check")


def classes() -> Iterator[ast.ClassDef]:
    """The classes of the source that inherit from HubError, by name, however far down."""
    found = {node.name: node for tree in TREES.values() for node in ast.walk(tree) if isinstance(node, ast.ClassDef)}
    family = {"HubError"}
    while True:
        more = {
            name
            for name, node in found.items()
            if name not in family and any(isinstance(base, ast.Name) and base.id in family for base in node.bases)
        }
        if not more:
            break
        family |= more
    return (found[name] for name in family - {"HubError"})


def test_every_error_class_of_the_source_is_on_the_page(known: dict[str, Entry]) -> None:
    named = {
        str(ast.literal_eval(line.value))
        for node in classes()
        for line in node.body
        if isinstance(line, ast.Assign) and getattr(line.targets[0], "id", "") == "code"
    }
    assert len(named) > 20
    assert named <= set(known)
    page = (BASE_DIR / "docs" / "ERRORS.md").read_text()
    assert all(f"| `{code}` |" in page for code in known)


def test_every_entry_is_whole(known: dict[str, Entry]) -> None:
    for entry in known.values():
        assert entry.title, entry
        assert entry.meaning, entry
        assert entry.remedy, f"{entry.code}: set `remedy`, or one for {entry.status} in REMEDIES"
        assert entry.code.isidentifier(), entry
        assert 400 <= entry.status < 600, entry
    assert TYPE_BASE in markdown()


def calls() -> Iterator[tuple[str, str]]:
    """(name of the error class, name of a fact that is given where it is made)."""
    names = {node.name for node in classes()}
    for tree in TREES.values():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                name = getattr(node.func, "id", getattr(node.func, "attr", ""))
                if name in names:
                    yield from ((name, word.arg) for word in node.keywords if word.arg)


def test_every_fact_that_is_given_is_on_the_page(known: dict[str, Entry]) -> None:
    kinds = {kind.__name__: kind for kind in error_classes()}
    missing = {
        (name, fact)
        for name, fact in calls()
        if name in kinds and "__init__" not in vars(kinds[name]) and fact not in {"headers", "detail"}
        if fact not in kinds[name].fact_names
    }
    assert not missing, "add them to fact_names of their classes"


def test_every_header_that_an_error_sets_is_on_the_page(known: dict[str, Entry]) -> None:
    for node in classes():
        kind = next((kind for kind in error_classes() if kind.__name__ == node.name), None)
        set_here = {
            str(key.value)
            for inner in ast.walk(node)
            if isinstance(inner, ast.keyword) and inner.arg == "headers" and isinstance(inner.value, ast.Dict)
            for key in inner.value.keys
            if isinstance(key, ast.Constant)
        }
        if kind is not None:
            assert set_here <= set(known[kind.code].headers), f"add them to header_names of {node.name}"


def test_two_errors_with_one_code_and_two_statuses_are_a_mistake(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(error_catalogue, "FRAMEWORK_CODES", {exceptions.Throttled: ("not_found", "Twin")})
    with pytest.raises(Contradiction, match="not_found"):
        entries()
