"""Finds every function that writes to a table, and whether the entry that goes with it is written nearby."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping

from hub.env import BASE_DIR

APPS = ("hub", "audit", "users", "usage", "media", "generations")
# Not the hub's own tables: tests, migrations, and what stands in for Google or speaks to it.
LEFT_OUT = {"tests", "migrations", "simulator", "providers", "local"}
# A write of Django's ORM is told from others of that name by its arguments: `digest.update(chunk)` has no keyword,
# `redis.delete(key)` has an argument.
KEYWORDS_ONLY = {"create", "update", "get_or_create", "update_or_create"}
NO_POSITIONAL = {"delete", "save"}
ANYHOW = {"bulk_create", "bulk_update", "_raw_delete", "put_under", "mark_purged", "remove_purged"}
RECORDS = {"record", "note_refusal", "run_audited"}


def sources() -> Iterator[tuple[str, ast.Module]]:
    """(module, its syntax) of the hub's own code."""
    for app in APPS:
        for path in sorted((BASE_DIR / app).rglob("*.py")):
            inside = path.relative_to(BASE_DIR)
            if not LEFT_OUT & set(inside.parts):
                yield str(inside.with_suffix("")).replace("/", "."), ast.parse(path.read_text())


def functions(tree: ast.Module) -> Mapping[str, ast.AST]:
    """By name; methods of one name in a module are taken together."""
    found: dict[str, ast.Module] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            found.setdefault(node.name, ast.Module([], [])).body.append(node)
    return found


def is_write(call: ast.Call) -> bool:
    """Whether it looks like one of Django's."""
    if not isinstance(call.func, ast.Attribute):
        return False
    name, positional, keywords = call.func.attr, bool(call.args), bool(call.keywords)
    if name in KEYWORDS_ONLY:
        return keywords and (not positional or _text(call.func).startswith("models.QuerySet"))
    return (
        (name in NO_POSITIONAL and not positional) or name in ANYHOW or _text(call.func).startswith("QuerySet.update")
    )


def _text(node: ast.AST) -> str:
    return ast.unparse(node)


def called(function: ast.AST) -> set[str]:
    """The last names of everything that it calls or hands on."""
    names = {
        node.func.attr
        for node in ast.walk(function)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    }
    return names | {node.id for node in ast.walk(function) if isinstance(node, ast.Name)}


def unrecorded() -> Iterator[str]:
    """`module.function` of each that writes where neither it, nor who calls it there or is called by it, records."""
    for module, tree in sources():
        of = functions(tree)
        calls = {name: called(function) & set(of) | (called(function) & RECORDS) for name, function in of.items()}
        for name, function in of.items():
            writes = any(is_write(node) for node in ast.walk(function) if isinstance(node, ast.Call))
            if writes and not any(_reaches(each, calls) for each in {name, *_callers(name, calls)}):
                yield f"{module}.{name}"


def _reaches(name: str, calls: Mapping[str, set[str]]) -> bool:
    seen, todo = set[str](), [name]
    while todo:
        each = todo.pop()
        if each in seen:
            continue
        seen.add(each)
        if RECORDS & calls.get(each, set()):
            return True
        todo += calls.get(each, ())
    return False


def _callers(name: str, calls: Mapping[str, set[str]]) -> set[str]:
    found, todo = set[str](), [name]
    while todo:
        each = todo.pop()
        new = {caller for caller, names in calls.items() if each in names} - found
        found |= new
        todo += new
    return found
