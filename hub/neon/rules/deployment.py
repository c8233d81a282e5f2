"""Section 4: where a schema change has been before it comes to production."""

from __future__ import annotations

from collections.abc import Iterator

from django.conf import settings
from django.core.management import get_commands, load_command_class

from hub.neon.gate.plan import GatedMigrate
from hub.neon.rules.automation import RULES_OF_BRANCHES
from hub.neon.rules.rule import Place, Rule, Verdict, unless
