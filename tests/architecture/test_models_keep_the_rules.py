"""Every model keeps the rules for keys, files and secrets; one that breaks them stops every command."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.checks import CheckMessage
from django.db import models
from django.test.utils import isolate_apps

from hub.common.fields import BlindIndexField, EncryptedEmailField, EncryptedJSONField, EncryptedTextField
from hub.common.models import HubModel
from hub.model_checks import keys, sensitive, tables
from hub.model_checks.keys import check_keys
from hub.model_checks.media import check_media
from hub.model_checks.sensitive import check_sensitive_fields

BROKEN = {
    "hub.models.E001": ["broken.Counted", "broken.Linked", "broken.Tagged_tags"],
    "hub.models.E002": ["media.Thumbnail.content"],
    "hub.models.E003": ["broken.Person.email", "broken.Person.last_ip"],
}


@pytest.mark.parametrize("command", [("check",), ("makemigrations", "media", "--dry-run")])
def test_a_model_that_breaks_a_rule_stops_the_command_and_is_named(command: tuple[str, ...]) -> None:
    env = os.environ | {"DJANGO_SETTINGS_MODULE": "tests.architecture.broken.settings"}
    argv = [sys.executable, "manage.py", *command]
    done = subprocess.run(argv, cwd=settings.BASE_DIR, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stdout
    found = [line for line in done.stderr.splitlines() if "(hub.models." in line]
    expected = [(code, name) for code, names in BROKEN.items() for name in names]
    for code, name in expected:
        assert any(f"({code}) {name} " in line for line in found), (code, name)
    assert len(found) == len(expected)


def test_no_model_of_the_hub_breaks_one() -> None:
    assert [*check_keys(None), *check_media(None), *check_sensitive_fields(None)] == []


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch) -> Any:
    """An empty list of models, which is what the checks look at."""
    with isolate_apps("media", "users") as isolated:
        monkeypatch.setattr(tables, "apps", isolated)
        monkeypatch.setattr(sensitive, "EXCEPTIONS", {})
        yield isolated


def a_model(label: str, **fields: Any) -> None:
    """A model of that app, with a UUID as its key."""
    meta = type("Meta", (), {"app_label": label})
    type("Thing", (HubModel,), {"__module__": __name__, "Meta": meta, **fields})


def ids(found: list[CheckMessage]) -> list[str | None]:
    return [each.id for each in found]


@pytest.mark.parametrize(
    "field",
    [
        *(models.BinaryField(max_length=10), models.TextField(), models.JSONField(), models.CharField()),
        *(models.CharField(max_length=1025), models.FileField(max_length=2000), EncryptedTextField()),
        *(EncryptedJSONField(), ArrayField(models.CharField(max_length=5)), models.TextField(max_length=10)),
    ],
)
def test_media_has_no_place_for_a_file(registry: Any, field: Any) -> None:
    a_model("media", content=field)
    assert ids(check_media(None)) == ["hub.models.E002"]


@pytest.mark.parametrize(
    "field",
    [
        *(models.CharField(max_length=1024), models.URLField(), models.FileField(), BlindIndexField()),
        *(models.PositiveBigIntegerField(), models.DateTimeField(), models.UUIDField(), models.SlugField()),
    ],
)
def test_media_has_what_points_to_one(registry: Any, field: Any) -> None:
    a_model("media", pointer=field)
    assert check_media(None) == []


def test_other_apps_may_have_texts(registry: Any) -> None:
    a_model("users", content=models.TextField())
    assert check_media(None) == []


@pytest.mark.parametrize(
    ("name", "field"),
    [
        *[
            (name, models.TextField())
            for name in ("email", "login_ip", "access_tokens", "prompt", "webhook_url", "answers")
        ],
        *[(name, models.CharField(max_length=9)) for name in ("secret", "home_address", "password", "phone_number")],
        *[
            ("parameters", models.JSONField()),
            ("ips", ArrayField(models.TextField())),
            ("cookie", models.BinaryField()),
        ],
        *[("contact", models.EmailField()), ("seen_from", models.GenericIPAddressField())],
    ],
)
def test_what_sounds_sensitive_is_sealed(registry: Any, name: str, field: Any) -> None:
    a_model("users", **{name: field})
    assert ids(check_sensitive_fields(None)) == ["hub.models.E003"]


@pytest.mark.parametrize(
    ("name", "field"),
    [
        *[("email", EncryptedEmailField()), ("email_index", BlindIndexField()), ("prompt", EncryptedTextField())],
        *[("input_tokens", models.PositiveBigIntegerField()), ("token", models.UUIDField())],
        *[
            ("secret_until", models.DateTimeField()),
            ("description", models.TextField()),
            ("recipient", models.TextField()),
        ],
        ("secret_kind", models.CharField(max_length=9, choices=[("a", "A")])),
    ],
)
def test_what_is_sealed_or_cannot_be_read_is_let_be(registry: Any, name: str, field: Any) -> None:
    a_model("users", **{name: field})
    assert check_sensitive_fields(None) == []


def test_a_field_on_the_list_is_let_be_and_one_without_need_is_named(
    registry: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_model("users", secret=models.TextField())
    monkeypatch.setattr(sensitive, "EXCEPTIONS", {"users.Thing.secret": "of nobody", "users.Thing.gone": "was one"})
    [needless] = check_sensitive_fields(None)
    assert (needless.id, "users.Thing.gone" in needless.msg) == ("hub.models.W003", True)


def test_every_exception_is_of_a_model_that_is_there_and_says_why() -> None:
    labels = {model._meta.label for model in apps.get_models(include_auto_created=True)}
    assert keys.EXCEPTIONS.keys() <= labels
    for reason in [*keys.EXCEPTIONS.values(), *sensitive.EXCEPTIONS.values()]:
        assert len(reason) > 20


def test_a_check_of_one_app_looks_at_that_app_alone(registry: Any) -> None:
    a_model("users", secret=models.TextField())
    assert check_sensitive_fields([apps.get_app_config("media")]) == []
    assert ids(check_sensitive_fields([apps.get_app_config("users")])) == ["hub.models.E003"]
