"""A function that writes to a table writes the entry that goes with it, or it is said where that is, or why not."""

from __future__ import annotations

import ast

import pytest

from tests.trail.elsewhere import ELSEWHERE
from tests.trail.writers import functions, is_write, sources, unrecorded


def test_every_function_that_writes_records_it_or_says_why_not() -> None:
    found = set(unrecorded())
    assert found - set(ELSEWHERE) == set(), (
        "record it (audit.services.record), or say in tests/trail/elsewhere.py why not"
    )
    assert set(ELSEWHERE) - found == set(), "what is gone, or records now, needs no reason"
    assert all(ELSEWHERE.values())


def test_the_walk_sees_the_writers_that_there_are() -> None:
    """It would be green as well if it saw nothing."""
    writers = [
        f"{module}.{name}"
        for module, tree in sources()
        for name, function in functions(tree).items()
        if any(is_write(node) for node in ast.walk(function) if isinstance(node, ast.Call))
    ]
    assert len(writers) > 100
    assert {"users.services.revoke_api_key", "usage.services.quotas.set_quota", "audit.services.record"} <= set(writers)


@pytest.mark.parametrize(
    ("code", "is_one"),
    [
        ("User.objects.filter(id=1).update(status='x')", True),
        ("rows.delete()", True),
        ("user.save(update_fields=['password'])", True),
        ("Model.objects.bulk_create(rows, ignore_conflicts=True)", True),
        ("digest.update(piece)", False),
        ("redis_client().delete('key')", False),
        ("store.save(key, file)", False),
    ],
)
def test_a_write_is_told_from_what_only_has_its_name(code: str, is_one: bool) -> None:
    [call] = [node for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Call)][:1]
    assert is_write(call) is is_one
