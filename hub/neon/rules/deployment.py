"""Section 4: where a schema change has been before it comes to production, and what production may not share."""

from __future__ import annotations

from collections.abc import Iterator

from django.conf import settings
from django.core.management import get_commands
from django.db import migrations
from django.db.migrations import Migration
from django.db.migrations.state import ModelState, ProjectState

from hub.local.secrets import KID
from hub.neon.checks import NEON
from hub.neon.gate.plan import judge
from hub.neon.gate.steps import Danger
from hub.neon.rules.automation import RULES_OF_BRANCHES
from hub.neon.rules.rule import Place, Rule, Verdict, unless

# What `make test` must do with the migrations before anybody merges them.
SHADOW = "schema_drift --check"
RINGS = ("FIELD_ENCRYPTION_KEYS", "FIELD_INDEX_KEYS", "API_KEY_PEPPERS", "AUDIT_SIGNING_KEYS", "BACKUP_KEYS")


def gate_stands_before_migrate(place: Place) -> Verdict:
    """4.2"""
    return unless(_ways_round_the_gate(place))


def _ways_round_the_gate(place: Place) -> Iterator[str]:
    if (owner := get_commands()["migrate"]) != "hub":
        yield f"The command migrate is that of {owner}, without the gate."
    state = ProjectState()
    state.add_model(ModelState("users", "doomed", []))
    drop = type("Migration", (Migration,), {"operations": [migrations.DeleteModel("Doomed")]})("0001_drop", "users")
    steps = judge([(drop, False)], state, connection=place.connection)
    if not any(step.danger is Danger.DESTROY for step in steps):
        yield "The gate lets a table be dropped."


def migrations_meet_a_shadow(place: Place) -> Verdict:
    """4.3"""
    return unless([] if SHADOW in place.text("Makefile") else [f"make test does not run {SHADOW}."])


def production_has_its_own_secrets(place: Place) -> Verdict:
    """4.4"""
    return unless(_shared())


def _shared() -> Iterator[str]:
    host = str(settings.DATABASES["default"].get("HOST", ""))
    if settings.DEVELOPMENT:
        if host.endswith(NEON):
            yield "This is a development stack (DEBUG), and its database is on Neon."
        return
    yield from (f"{name} has {KID}, the key of a development stack." for name in RINGS if _is_made(name))


def _is_made(name: str) -> bool:
    return any(key.startswith(f"{KID}:") for key in getattr(settings, name))


RULES = (
    *RULES_OF_BRANCHES,
    Rule("4.2", gate_stands_before_migrate, "hub must come after Django's own apps; look at hub/neon/gate."),
    Rule(
        "4.3", migrations_meet_a_shadow, f"Let the target `migrations` of the Makefile run {SHADOW}.", of_sources=True
    ),
    Rule("4.4", production_has_its_own_secrets, "Make new secrets for production (docs/CONFIGURATION.md)."),
)
