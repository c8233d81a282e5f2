"""django-migration-linter finds what the release before cannot live with, and its baseline holds nothing needless."""

from __future__ import annotations

from typing import Any

import pytest
from django.conf import settings
from django_migration_linter import MigrationLinter

from tests.migrations.settings import IGNORED

pytestmark = pytest.mark.django_db


def linted(**which: Any) -> MigrationLinter:
    linter = MigrationLinter(str(settings.BASE_DIR), database="default", no_cache=True, no_output=True, **which)
    linter.lint_all_migrations()
    return linter


def test_a_column_that_is_dropped_is_found(settings: Any) -> None:
    settings.MIGRATION_MODULES = {"hub": "hub.neon.tests.shop_migrations"}
    linter = linted(include_apps=["hub"])
    assert (linter.nb_total - linter.nb_ignored, linter.nb_erroneous, linter.has_errors) == (3, 1, True)


def test_what_is_released_passes_with_its_baseline(settings: Any) -> None:
    linter = linted(ignore_name=list(IGNORED))
    assert linter.nb_total > 40
    assert not linter.has_errors


def test_every_name_of_the_baseline_needs_to_be_there_and_says_why() -> None:
    assert linted(include_name=list(IGNORED)).nb_erroneous == len(IGNORED)
    assert min(len(reason) for reason in IGNORED.values()) > 20
