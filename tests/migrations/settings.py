"""The hub's settings with django-migration-linter, for `make migrations`.

It looks at the SQL of each migration for what the release before cannot live with. The gate of `manage.py migrate` is the
lock; this is said earlier, before a migration is merged.
"""

from __future__ import annotations

from typing import Any

from hub.settings import *  # noqa: F403

INSTALLED_APPS = [*INSTALLED_APPS, "django_migration_linter"]  # noqa: F405
LOGGING["loggers"]["django_migration_linter"] = {"level": "WARNING"}  # noqa: F405

# The baseline: what the linter refuses and was released nevertheless. A test fails for a name that needs no place here.
IGNORED = {
    "0002_uploads": "its unique key of idempotency is partial, and no row had a key before it",
    "0007_key_caps": "its unique constraint is weaker than the one that it takes the place of",
    "0006_no_second_indexes": "the keys of files were unique before: the rule is made anew without its second index",
    "0010_second_email_index": "its unique constraint is on a copy of a column that was unique already",
    "0012_one_open_attempt": "its unique constraint was there before, and was lost",
}
MIGRATION_LINTER_OPTIONS: dict[str, Any] = {
    "ignore_name": list(IGNORED),
    "no_cache": True,
    "quiet": ["ok", "ignore"],
}
