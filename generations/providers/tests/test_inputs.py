"""Files go to every model that takes them, over HTTP through the real SDK, and never bill more than was held for."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import pytest
from PIL import Image

from generations.catalogue import GivenFile, ModelSpec
from generations.catalogue.loading import load
from generations.providers.base import Finished, ProviderError
from generations.providers.tests.conftest import ROOT, Simulator, job, told
from generations.services.inputs import StoredInput
from media.sniffing import sniffed
from media.verifying import verified
from tests.files import film, mp3, picture, wav
from usage.enums import Unit

pytestmark = pytest.mark.filterwarnings("ignore:The generate_images method is deprecated")
CATALOGUE = load(Path(ROOT) / "generations" / "catalogue.toml")
TAKERS = [spec for spec in CATALOGUE.values() if spec.inputs.rules]
INPUT = (Unit.INPUT_TOKEN, Unit.CACHED_TOKEN, Unit.AUDIO_TOKEN)
MADE: dict[str, list[Callable[[], bytes]]] = {
    "image": [
        lambda: picture("PNG", width=20, height=20),
        lambda: picture("JPEG", width=1600, height=900),
        lambda: picture("PNG", width=400, height=3000),
        lambda: picture("JPEG", width=961, height=541),
    ],
    "video": [lambda: film(seconds=3)],
    "audio": [lambda: wav(seconds=2.2), lambda: mp3(seconds=5)],
}


@dataclass(frozen=True)
class Held:
    content: bytes
    role: str = ""

    @property
    def mime_type(self) -> str:
        return str(sniffed(self.content[:16]))

    def open(self) -> BinaryIO:
        return io.BytesIO(self.content)

    @property
    def given(self) -> GivenFile:
        mime_type, found = verified(io.BytesIO(self.content))
        kind = mime_type.partition("/")[0]
        return GivenFile(
            kind, mime_type, len(self.content), found.width, found.height, found.duration_seconds, self.role
        )


def files_for(spec: ModelSpec) -> list[Held]:
    """As many as the model takes, of every kind that it takes."""
    made: list[Held] = []
    for kind, rule in spec.inputs.rules.items():
        made += [Held(make()) for make in MADE[kind][: rule.maximum]]
    made = made[: spec.inputs.maximum]
    roles = [*spec.inputs.roles, *[""] * len(made)]
    return [Held(each.content, role) for each, role in zip(made, roles, strict=False)]


@pytest.mark.parametrize("spec", TAKERS, ids=lambda spec: spec.id)
def test_every_model_that_takes_files_answers_within_what_was_held(spec: ModelSpec, simulator: Simulator) -> None:
    files = files_for(spec)
    given = [each.given for each in files]
    assert spec.inputs.problems(given) == {}
    sent = job(spec.id, told(), inputs=tuple(files))

    outcome = sent.run()

    assert isinstance(outcome, Finished)
    billed = dict(outcome.units or {})
    call = simulator.call_of(sent.request.attempt_id)
    assert billed == {unit: count for unit, count in call["units"].items() if count}
    most = spec.most(sent.request.prompt, sent.request.parameters, given).units
    going_in = sum(billed.pop(unit, 0) for unit in INPUT)
    assert going_in <= most.get(Unit.INPUT_TOKEN, 0)
    assert all(count <= most[unit] for unit, count in billed.items())
    if Unit.INPUT_TOKEN in spec.bills:
        plain = spec.most(sent.request.prompt, sent.request.parameters).units[Unit.INPUT_TOKEN]
        assert most[Unit.INPUT_TOKEN] > plain
        assert going_in > len(sent.request.prompt) / 4 + 258


@pytest.mark.parametrize("size", [(1, 1), (384, 384), (385, 384), (768, 768), (769, 1), (50, 5000), (7680, 4320)])
def test_no_picture_has_more_tiles_than_were_held_for(size: tuple[int, int], simulator: Simulator) -> None:
    target = io.BytesIO()
    Image.new("1", size).save(target, "PNG")
    file = Held(target.getvalue())
    spec = CATALOGUE["gemini-2.5-pro"]
    sent = job(spec.id, told(), inputs=(file,))
    outcome = sent.run()
    assert isinstance(outcome, Finished)
    most = spec.most(sent.request.prompt, sent.request.parameters, [file.given]).units[Unit.INPUT_TOKEN]
    assert (outcome.units or {})[Unit.INPUT_TOKEN] <= most


@pytest.mark.parametrize("model", ["gemini-3.1-flash-image", "veo-3.1-generate-001", "gemini-omni-1.2-flash"])
def test_another_picture_makes_another_result(model: str, simulator: Simulator) -> None:
    spec, prompt = CATALOGUE[model], told()
    made = []
    for content in (picture("PNG"), picture("PNG", width=33), None):
        role = spec.inputs.roles[0] if spec.inputs.roles else ""
        sent = job(model, prompt, inputs=() if content is None else (Held(content, role),))
        outcome = sent.run()
        assert isinstance(outcome, Finished)
        target = io.BytesIO()
        sent.adapter.fetch(next(each for each in outcome.outputs if each.text is None), target)
        made.append(target.getvalue())
    assert len(set(made)) == 3


def test_the_frames_of_a_film_go_where_they_belong(simulator: Simulator) -> None:
    first, last = Held(picture("PNG"), "first_frame"), Held(picture("JPEG"), "last_frame")
    assert isinstance(job("veo-3.1-generate-001", told(), inputs=(last, first)).run(), Finished)
    with pytest.raises(ProviderError) as caught:
        job("veo-3.1-generate-001", told(), inputs=(last,)).run()
    assert caught.value.code == "provider_invalid_request"


@pytest.mark.parametrize("model", ["gemini-3.8-flash", "veo-3.1-generate-001", "lyria-3.5"])
def test_a_file_that_is_gone_asks_nothing_of_the_provider(
    model: str, simulator: Simulator, settings: Any, tmp_path: Path
) -> None:
    settings.MEDIA_ROOT = tmp_path
    gone = StoredInput("image/png", "first_frame" if "veo" in model else "", "file", "uploads/00/gone.png")
    sent = job(model, told(), inputs=(gone,))
    with pytest.raises(ProviderError) as caught:
        sent.run()
    assert (caught.value.code, caught.value.retryable, caught.value.billed) == ("input_gone", False, "no")
    assert simulator.calls_of(sent.request.attempt_id) == []
