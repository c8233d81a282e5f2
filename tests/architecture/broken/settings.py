"""The hub's settings with the app that breaks the rules."""

from __future__ import annotations

from hub.settings import *  # noqa: F403

INSTALLED_APPS = [*INSTALLED_APPS, "tests.architecture.broken"]  # noqa: F405
