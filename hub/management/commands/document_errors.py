"""`manage.py document_errors [--check]`: writes docs/ERRORS.md from the error classes and the endings of jobs."""

from __future__ import annotations

import pkgutil
from collections.abc import Iterator
from importlib import import_module
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from generations import endings
from hub.api import error_catalogue

APPS = ("hub", "audit", "users", "usage", "media", "generations")
# Programs, what is not the hub's own code, and what Django alone may import.
LEFT_OUT = frozenset({"tests", "migrations", "management", "simulator", "local", "__main__", "wsgi"})
PATH = settings.BASE_DIR / "docs" / "ERRORS.md"


class Command(BaseCommand):
    """A second run writes the same bytes."""

    help = "Writes docs/ERRORS.md, the list of every error code; --check only says whether it is current."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--check", action="store_true", help="write nothing; fail when the file is not current")

    def handle(self, *args: Any, **options: Any) -> None:
        import_everything()
        text = error_catalogue.markdown(endings.markdown())
        if not options["check"]:
            PATH.write_text(text, encoding="utf-8")
        elif not PATH.exists() or PATH.read_text(encoding="utf-8") != text:
            raise CommandError("docs/ERRORS.md is not current: run manage.py document_errors.")


def import_everything() -> None:
    """An error class is known once its module is; imports every module of the hub's own apps."""
    for app in APPS:
        for name in _modules(app):
            import_module(name)


def _modules(package: str) -> Iterator[str]:
    for module in pkgutil.iter_modules(import_module(package).__path__, prefix=f"{package}."):
        if module.name.rpartition(".")[2] in LEFT_OUT:
            continue
        yield module.name
        if module.ispkg:
            yield from _modules(module.name)
