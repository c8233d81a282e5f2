"""What is on offer: the catalogue, with the prices of this moment."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.utils import timezone

from generations import catalogue
from tests.rest import Caller, assert_problem
from usage.models import ModelPrice

MODELS = "/api/v1/models"


def offered(caller: Caller) -> dict[str, Any]:
    return {each["id"]: each for each in caller.get(MODELS).json()["results"]}


def test_it_lists_the_whole_catalogue_on_one_page(caller: Caller, prices: None) -> None:
    body = caller.get(MODELS).json()
    assert body["next"] is None
    assert [each["id"] for each in body["results"]] == list(catalogue.models())


def test_it_shows_parameters_with_their_limits(caller: Caller, prices: None) -> None:
    veo = offered(caller)["veo-3.1-generate-001"]
    spec = catalogue.models()["veo-3.1-generate-001"]
    assert (veo["kind"], veo["adapter"]) == ("video", "vertex")
    assert veo["parameters"] == {name: parameter.public() for name, parameter in spec.parameters.items()}
    assert veo["max_prompt_characters"] == spec.max_prompt_characters


def test_it_shows_which_files_a_model_takes(caller: Caller, prices: None) -> None:
    models = offered(caller)
    assert models["imagen-4.0-generate-001"]["inputs"] is None
    veo = models["veo-3.1-generate-001"]["inputs"]
    assert (veo["maximum"], veo["roles"]) == (2, ["first_frame", "last_frame"])
    assert veo["kinds"] == [
        {"kind": "image", "mime_types": ["image/png", "image/jpeg"], "maximum": None, "maximum_seconds": None}
    ]
    assert [each["kind"] for each in models["gemini-3.8-flash"]["inputs"]["kinds"]] == ["image", "video", "audio"]


def test_it_shows_the_prices_in_force_as_decimal_strings(caller: Caller, prices: None) -> None:
    shown = offered(caller)["veo-3.1-generate-001"]["prices"]
    now = timezone.now()
    rows = ModelPrice.objects.in_force(now).filter(model="veo-3.1-generate-001")
    assert {(each["unit"], each["variant"]) for each in shown} == {(row.unit, row.variant) for row in rows}
    assert {each["variant"]: each["usd"] for each in shown}["4k"] == "0.60"


def test_it_shows_a_model_without_prices_as_such(caller: Caller) -> None:
    assert all(each["prices"] == [] for each in offered(caller).values())


def test_it_leaves_out_what_is_shut_down(caller: Caller, settings: Any, tmp_path: Any) -> None:
    table = '[models."lyria-002"]\n'
    text = settings.HUB_CATALOGUE.read_text()
    settings.HUB_CATALOGUE = tmp_path / "catalogue.toml"
    settings.HUB_CATALOGUE.write_text(text.replace(table, table + "shutdown_at = 2020-01-01T00:00:00Z\n"))
    assert "lyria-002" not in offered(caller)


def test_it_takes_two_queries(caller: Caller, prices: None, django_assert_max_num_queries: Callable[..., Any]) -> None:
    caller.get(MODELS)
    with django_assert_max_num_queries(2):
        caller.get(MODELS)


def test_it_takes_no_parameter(caller: Caller) -> None:
    assert_problem(caller.get(f"{MODELS}?kind=text"), 422, "invalid_request")
