"""`manage.py neon_branches`: the project's branches on Neon; makes and removes them, always with an end."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from hub.neon.api import Branch, NeonApi, configured_api
from hub.neon.branches import MOST_DAYS, make, named, prunable, removable, why_kept
from hub.neon.errors import OperationFailed

DEFAULT_DAYS = 7
DRY = "Nothing was changed: pass --apply to do it."


class Command(BaseCommand):
    """Without --apply nothing is changed. The default branch, protected ones and those with children always stay."""

    help = (
        "Lists the branches of NEON_PROJECT_ID by age; with --create, --delete or --prune says what it would do, and "
        "does it with --apply. Every branch that is made has an end (--days)."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        """--create, --delete, --prune, --diff and what they take."""
        what = parser.add_mutually_exclusive_group()
        what.add_argument("--create", metavar="NAME", help="a branch with a compute; see --parent, --days")
        what.add_argument("--delete", metavar="NAME", help="the branch of that name or id, with its data")
        prune = "branches whose end is over, and preview/pr-N that are older than --days or named by --closed"
        what.add_argument("--prune", action="store_true", help=prune)
        diff = "print how the schema of a branch differs from that of its parent, as Markdown; see --database"
        what.add_argument("--diff", metavar="NAME", help=diff)
        parser.add_argument("--apply", action="store_true", help="do it")
        parser.add_argument("--parent", default="", metavar="NAME", help="default: the project's default branch")
        days = f"from 1 to {MOST_DAYS}; default: {DEFAULT_DAYS}"
        parser.add_argument("--days", type=_days, default=DEFAULT_DAYS, metavar="N", help=days)
        parser.add_argument("--schema-only", action="store_true", help="without a row of the parent's")
        closed = "a JSON list of the numbers of closed pull requests"
        parser.add_argument("--closed", type=_numbers, default=[], metavar="FILE", help=closed)
        parser.add_argument("--database", default="neondb", metavar="NAME", help="for --diff; default: neondb")
        parser.add_argument("--missing-ok", action="store_true", help="for --delete: one that is gone is no error")

    def handle(self, **options: Any) -> None:
        """Exits with 1 and one line when Neon, or a rule, refuses."""
        actions: dict[str, Callable[[NeonApi, dict[str, Any]], None]] = {
            "create": self._create,
            "delete": self._delete,
            "prune": self._prune,
            "diff": self._diff,
        }
        chosen = next((action for name, action in actions.items() if options[name]), self._list)
        with _explained(), configured_api() as api:
            chosen(api, options)

    def _list(self, api: NeonApi, options: dict[str, Any]) -> None:
        known = api.branches()
        for branch in known:
            reason = why_kept(branch, known)
            self.stdout.write(line(branch) + (f"  (stays: {reason})" if reason else ""))

    def _create(self, api: NeonApi, options: dict[str, Any]) -> None:
        name, parent, days = options["create"], options["parent"], options["days"]
        if not options["apply"]:
            known = api.branches()
            of = named(known, parent).name if parent else "the default branch"
            self.stdout.write(f"would create: {name} of {of}, for {days} days\n{DRY}")
            return
        made = make(api, name=name, parent=parent, days=days, schema_only=options["schema_only"])
        self.stdout.write(f"created: {line(made)}")

    def _delete(self, api: NeonApi, options: dict[str, Any]) -> None:
        name = options["delete"]
        if options["missing_ok"] and all(name not in (each.name, each.id) for each in api.branches()):
            self.stdout.write(f"{name} is gone already.")
            return
        self._remove(api, [(removable(api, name), "it was named")], apply=options["apply"])

    def _prune(self, api: NeonApi, options: dict[str, Any]) -> None:
        found = prunable(api.branches(), days=options["days"], closed=options["closed"])
        if not found:
            self.stdout.write("No branch is left over.")
            return
        self._remove(api, found, apply=options["apply"])

    def _remove(self, api: NeonApi, found: Iterable[tuple[Branch, str]], *, apply: bool) -> None:
        for branch, reason in found:
            if apply:
                api.delete_branch(branch.id)
            self.stdout.write(f"{'deleted' if apply else 'would delete'}: {line(branch)}: {reason}")
        if not apply:
            self.stdout.write(DRY)

    def _diff(self, api: NeonApi, options: dict[str, Any]) -> None:
        branch = named(api.branches(), options["diff"])
        difference = api.schema_difference(branch.id, base_id=branch.parent_id or None, database=options["database"])
        if difference.strip():
            # Four backticks: nothing in a schema ends the block.
            self.stdout.write(f"Schema of `{branch.name}` against its parent:\n\n````diff\n{difference.rstrip()}\n````")
        else:
            self.stdout.write(f"The schema of `{branch.name}` is that of its parent.")


def line(branch: Branch) -> str:
    """One branch for people."""
    days = (datetime.now(UTC) - branch.created_at).days
    end = f"ends {branch.expires_at:%Y-%m-%d %H:%M}" if branch.expires_at else "without an end"
    return f"{branch.name} ({branch.id}), {days} days old, {branch.bytes / 1e6:,.1f} MB, {end}"


@contextmanager
def _explained() -> Iterator[None]:
    try:
        yield
    except OperationFailed as error:
        raise CommandError(str(error)) from error


def _days(raw: str) -> int:
    days = int(raw) if raw.isascii() and raw.isdigit() else 0
    if not 1 <= days <= MOST_DAYS:
        raise argparse.ArgumentTypeError(f"{raw!r} is no number of days from 1 to {MOST_DAYS}")
    return days


def _numbers(raw: str) -> list[int]:
    try:
        found = json.loads(Path(raw).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise argparse.ArgumentTypeError(f"{raw} is no readable JSON") from error
    if not isinstance(found, list) or not all(type(each) is int for each in found):
        raise argparse.ArgumentTypeError(f"{raw} is no list of numbers")
    return found
