"""Ways to ask: system checks, commands that only look, and the sources as Python reads them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

from django.core.checks import run_checks
from django.core.management import CommandError, call_command

from hub.neon.rules.rule import Verdict, unless

MOST_LINES = 40


def findings_of_checks(*ids: str) -> Verdict:
    """What Django's system checks with these ids find."""
    found = run_checks(include_deployment_checks=False, databases=None)
    return unless(f"{each.obj}: {each.msg}" if each.obj else each.msg for each in found if each.id in ids)


def refusal_of(command: str, *arguments: str) -> Verdict:
    """What a command that only looks says when it exits with 1."""
    said = StringIO()
    try:
        call_command(command, *arguments, stdout=said, stderr=said)
    except CommandError as error:
        lines = [line.strip() for line in said.getvalue().splitlines() if line.strip()]
        return unless([str(error), *lines[:MOST_LINES]])
    return unless([])


def trees(root: Path, pattern: str) -> Iterator[tuple[str, ast.Module]]:
    """The sources that match, each by its path in the tree."""
    for path in sorted(root.glob(pattern)):
        yield str(path.relative_to(root)), ast.parse(path.read_text(encoding="utf-8"))
