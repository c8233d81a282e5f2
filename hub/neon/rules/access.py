"""Section 6: who may touch the tables, and how."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from hub.neon.rules.asking import trees
from hub.neon.rules.rule import Place, Rule, Verdict, unless
from hub.neon.sql_by_hand import violations

APPS = ("audit", "users", "usage", "media", "generations")
VIEWS = "api"
DOORS = (VIEWS, "management/commands")
# What a caller sends, and the calls that check it: `parsed(...)`, and a serializer by the keyword `data`.
SENT = ("data", "query_params")
# Where it is made a mapping of before it is checked.
FORMS = {"media/api/views.py": "a form may name a field twice, which is refused before it is parsed"}


def sql_by_hand_is_listed(place: Place) -> Verdict:
    """6.1"""
    return unless(violations(place.root))


def doors_know_no_tables(place: Place) -> Verdict:
    """6.2"""
    return unless(
        f"{where}:{node.lineno} reads a table."
        for where, tree in _doors(place.root, *DOORS)
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and node.attr == "objects"
    )


def bodies_are_validated(place: Place) -> Verdict:
    """6.3"""
    return unless(_unchecked(place.root))


def _doors(root: Path, *kinds: str) -> Iterator[tuple[str, ast.Module]]:
    for app in APPS:
        for kind in kinds:
            yield from trees(root, f"{app}/{kind}/*.py")


def _unchecked(root: Path) -> Iterator[str]:
    for where, tree in _doors(root, VIEWS):
        if where in FORMS:
            continue
        checked = {id(node) for call in ast.walk(tree) if isinstance(call, ast.Call) for node in _checked_by(call)}
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and _is_sent(node) and id(node) not in checked:
                yield f"{where}:{node.lineno} takes what was sent without a serializer."


def _checked_by(call: ast.Call) -> Iterator[ast.AST]:
    if isinstance(call.func, ast.Name) and call.func.id.startswith("parsed"):
        yield from (node for argument in call.args for node in ast.walk(argument))
    yield from (keyword.value for keyword in call.keywords if keyword.arg == "data")


def _is_sent(node: ast.Attribute) -> bool:
    return node.attr in SENT and isinstance(node.value, ast.Name) and node.value.id == "request"


RULES = (
    Rule("6.1", sql_by_hand_is_listed, "Say it with the ORM; where it cannot, list the place and why."),
    Rule("6.2", doors_know_no_tables, "Put the query into a selector or a service, and call that."),
    Rule("6.3", bodies_are_validated, "Pass it through parsed(Shape, ...) of hub.api.views, with a StrictSerializer."),
)
