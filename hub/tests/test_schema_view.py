"""The schema as it is served: one document in two notations, made once."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from django.test import Client
from drf_spectacular.generators import SchemaGenerator

SCHEMA = "/api/v1/schema"
YAML = "application/vnd.oai.openapi"


def test_it_is_json_and_on_request_the_same_in_yaml() -> None:
    plain, other = Client().get(SCHEMA), Client().get(SCHEMA, headers={"Accept": YAML})
    assert plain["Content-Type"] == "application/json"
    assert other["Content-Type"] == f"{YAML}; charset=utf-8"
    assert other["Content-Disposition"] == 'inline; filename="openapi.yaml"'
    assert yaml.safe_load(other.content) == plain.json()


def test_it_is_not_made_again_for_the_next_one(monkeypatch: pytest.MonkeyPatch) -> None:
    first = Client().get(SCHEMA).content

    def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError("made again")

    monkeypatch.setattr(SchemaGenerator, "get_schema", refuse)
    assert Client().get(SCHEMA).content == first


def test_a_form_that_there_is_not_is_refused() -> None:
    assert Client().get(SCHEMA, headers={"Accept": "text/csv"}).status_code == 406
