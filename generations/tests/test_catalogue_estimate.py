"""The most a request can bill is never below what it does bill."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generations.catalogue import ModelSpec, Parameter
from generations.catalogue.loading import load
from generations.simulator import studio
from generations.simulator.models import model_named
from generations.simulator.orders import of_generate, of_interaction
from generations.simulator.usage import text_tokens
from usage.enums import Unit

CATALOGUE = load(Path(__file__).resolve().parents[1] / "catalogue.toml")
BY_TOKEN = [spec for spec in CATALOGUE.values() if Unit.INPUT_TOKEN in spec.bills]
INPUT = (Unit.INPUT_TOKEN, Unit.CACHED_TOKEN, Unit.AUDIO_TOKEN)


def values(parameter: Parameter) -> st.SearchStrategy[Any]:
    if parameter.enum:
        return st.sampled_from(parameter.enum)
    if parameter.type == "boolean":
        return st.booleans()
    low, high = parameter.minimum or 0, parameter.maximum or 1
    if parameter.type == "string":
        return st.text(
            st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=int(low), max_size=200
        )
    return st.integers(int(low), int(high)) if parameter.type == "integer" else st.floats(low, high)


def choices(spec: ModelSpec) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional={name: values(item) for name, item in spec.parameters.items()})


@given(data=st.data(), prompt=st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=300))
@pytest.mark.parametrize("spec", list(CATALOGUE.values()), ids=lambda spec: spec.id)
def test_every_valid_request_has_a_figure_for_every_unit(spec: ModelSpec, data: st.DataObject, prompt: str) -> None:
    parameters = spec.validate(data.draw(choices(spec)))

    most = spec.most(prompt, parameters)

    assert set(most.units) == set(spec.bills) - {Unit.CACHED_TOKEN, Unit.AUDIO_TOKEN}
    assert all(count > 0 for count in most.units.values())
    assert set(most.variants) == set(spec.variant_by)


@given(data=st.data(), prompt=st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=300))
@pytest.mark.parametrize("spec", BY_TOKEN, ids=lambda spec: spec.id)
def test_tokens_that_go_in_are_bounded_by_bytes(spec: ModelSpec, data: st.DataObject, prompt: str) -> None:
    parameters = spec.validate(data.draw(choices(spec)))
    texts = [prompt, str(parameters.get("system_instruction", ""))]

    most = spec.most(prompt, parameters).units[Unit.INPUT_TOKEN]

    assert most >= sum(map(text_tokens, texts))
    assert most >= sum(len(text.encode()) for text in texts)


@given(data=st.data(), prompt=st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=300))
@pytest.mark.parametrize("spec", [spec for spec in BY_TOKEN if spec.kind == "text"], ids=lambda spec: spec.id)
def test_a_text_never_bills_more_than_its_most(spec: ModelSpec, data: st.DataObject, prompt: str) -> None:
    parameters = spec.validate(data.draw(choices(spec)))
    config = {"max_output_tokens": parameters["max_output_tokens"]}
    system = {"parts": [{"text": parameters.get("system_instruction", "")}]}
    body = {
        "contents": [{"parts": [{"text": f"a fox {prompt}"}]}],
        "generation_config": config,
        "system_instruction": system,
    }

    billed = studio.make(of_generate(model_named(spec.id), body)).units

    assert fits(spec, f"a fox {prompt}", parameters, dict(billed))


@given(data=st.data())
@pytest.mark.parametrize("spec", [spec for spec in BY_TOKEN if spec.kind == "video"], ids=lambda spec: spec.id)
def test_an_omni_video_never_bills_more_than_its_most(spec: ModelSpec, data: st.DataObject) -> None:
    parameters = spec.validate(data.draw(choices(spec)))
    wanted = {"type": "video", "resolution": parameters["resolution"], "duration": f"{parameters['duration_seconds']}s"}

    billed = studio.make(of_interaction(model_named(spec.id), {"input": "a fox", "response_format": wanted})).units

    assert fits(spec, "a fox", parameters, dict(billed))
    assert spec.most("a fox", parameters).units[Unit.VIDEO_TOKEN] == billed["video_token"]


@given(data=st.data(), prompt=st.text(max_size=100), texts=st.lists(st.text(max_size=100), max_size=3))
@pytest.mark.parametrize("spec", list(CATALOGUE.values()), ids=lambda spec: spec.id)
def test_what_is_likely_is_never_more_than_the_most(
    spec: ModelSpec, data: st.DataObject, prompt: str, texts: list[str]
) -> None:
    parameters = spec.validate(data.draw(choices(spec)))
    most = spec.most(prompt, parameters).units

    likely = spec.likely(prompt, parameters, texts=texts, files=data.draw(st.integers(0, 6)))

    assert set(likely) == set(most)
    assert all(0 <= count <= most[unit] for unit, count in likely.items())


def fits(spec: ModelSpec, prompt: str, parameters: dict[str, Any], billed: dict[str, int]) -> bool:
    most = spec.most(prompt, parameters).units
    going_in = sum(billed.pop(unit, 0) for unit in INPUT)
    return going_in <= most[Unit.INPUT_TOKEN] and all(count <= most.get(unit, 0) for unit, count in billed.items())


@pytest.mark.parametrize(
    ("model", "parameters", "units", "variants"),
    [
        ("gemini-3.8-flash", {"max_output_tokens": 100}, {"input_token": 69, "output_token": 100}, {}),
        (
            "gemini-3.1-flash-image",
            {"image_size": "4K", "max_output_tokens": 4096},
            {"input_token": 69, "output_token": 4096, "image_token": 2520},
            {},
        ),
        ("imagen-4.0-generate-001", {"number_of_images": 4}, {"image": 4}, {}),
        (
            "gemini-omni-1.2-flash",
            {"duration_seconds": 10, "resolution": "1080p"},
            {"input_token": 69, "output_token": 2048, "video_token": 85710},
            {},
        ),
        (
            "veo-3.1-generate-001",
            {"duration_seconds": 6, "resolution": "4k"},
            {"video_second": 6},
            {"video_second": "4k"},
        ),
        ("lyria-3.5", {}, {"song": 1}, {}),
        ("lyria-002", {"seed": 1}, {"clip": 1}, {}),
    ],
)
def test_the_figures_are_those_of_the_parameters(
    model: str, parameters: dict[str, Any], units: dict[str, int], variants: dict[str, str]
) -> None:
    spec = CATALOGUE[model]

    most = spec.most("a fox", spec.validate(parameters))

    assert (most.units, most.variants) == (units, variants)


def test_an_answer_without_usage_counts_as_what_was_delivered() -> None:
    spec = CATALOGUE["gemini-3.8-flash"]
    likely = spec.likely("word " * 40, spec.validate({}), texts=["a word " * 10], files=0)
    assert likely == {"input_token": 50, "output_token": 18}

    pictures = CATALOGUE["imagen-4.0-generate-001"]
    assert pictures.likely("a fox", pictures.validate({"number_of_images": 4}), texts=[], files=2) == {"image": 2}


def test_a_job_older_than_a_parameter_goes_by_its_default() -> None:
    assert CATALOGUE["veo-3.1-generate-001"].most("a fox", {}).units == {"video_second": 8}
