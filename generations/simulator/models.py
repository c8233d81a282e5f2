"""The models the simulator knows and what each of them does."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from generations.simulator.errors import Refusal


class Maker(StrEnum):
    """What makes the answer; it decides the routes, the files and the billing."""

    TEXT = "text"
    IMAGE = "image"
    OMNI = "omni"
    SONG = "song"
    CLIP = "clip"
    IMAGEN = "imagen"
    VEO = "veo"
    LYRIA2 = "lyria2"


KINDS = {
    Maker.TEXT: "text",
    Maker.IMAGE: "image",
    Maker.IMAGEN: "image",
    Maker.OMNI: "video",
    Maker.VEO: "video",
    Maker.SONG: "music",
    Maker.CLIP: "music",
    Maker.LYRIA2: "music",
}
METHODS = {
    Maker.TEXT: ("generateContent", "streamGenerateContent", "countTokens", "createInteraction"),
    Maker.IMAGE: ("generateContent", "streamGenerateContent", "countTokens", "createInteraction"),
    Maker.OMNI: ("createInteraction",),
    Maker.SONG: ("generateContent", "createInteraction"),
    Maker.CLIP: ("generateContent", "createInteraction"),
    Maker.IMAGEN: ("predict",),
    Maker.VEO: ("predictLongRunning",),
    Maker.LYRIA2: ("predict",),
}
ELSEWHERE = "{id} is only supported in the Interactions API and cannot be called directly via {method}."


@dataclass(frozen=True, slots=True)
class Model:
    id: str
    maker: Maker
    thinks: bool = False
    input_limit: int = 1_048_576
    output_limit: int = 65_536

    @property
    def kind(self) -> str:
        return KINDS[self.maker]

    def must_support(self, method: str) -> None:
        """Raises Refusal as Google does: 400 for a model of the other API, else 404."""
        supported = METHODS[self.maker]
        if method in supported:
            return
        if supported == ("createInteraction",):
            raise Refusal(400, ELSEWHERE.format(id=self.id, method=method))
        raise Refusal(404, f"models/{self.id} is not supported for {method}. Call ListModels to see the models.")

    def as_json(self, *, enterprise: bool) -> dict[str, Any]:
        if enterprise:
            return {"name": f"publishers/google/models/{self.id}", "versionId": "default", "launchStage": "GA"}
        return {
            "name": f"models/{self.id}",
            "version": "001",
            "displayName": self.id.replace("-", " ").title(),
            "description": f"A simulated model that makes {self.kind}.",
            "inputTokenLimit": self.input_limit,
            "outputTokenLimit": self.output_limit,
            "supportedGenerationMethods": list(METHODS[self.maker]),
        }


NAMES = {
    Maker.TEXT: """
        gemini-4-argon gemini-4-carbon gemini-4-hydrogen gemini-3.8-flash gemini-3.7-flash gemini-3.6-flash
        gemini-3.5-flash gemini-3.5-flash-lite gemini-3.1-pro-preview gemini-3.1-pro-preview-customtools
        gemini-3.1-flash-lite gemini-3-flash-preview gemini-2.5-pro gemini-2.5-flash gemini-2.5-flash-lite
        gemini-pro-latest gemini-flash-latest gemini-flash-lite-latest""",
    Maker.IMAGE: """
        gemini-3-pro-image gemini-3.1-flash-image gemini-3.1-flash-lite-image gemini-2.5-flash-image
        gemini-nano-banana-2.1 nano-banana-pro-preview""",
    Maker.OMNI: "gemini-omni-1.2-flash gemini-omni-1.1-flash gemini-omni-flash-preview",
    Maker.SONG: "lyria-3.5 lyria-3-pro-preview",
    Maker.CLIP: "lyria-3-clip-preview",
    Maker.IMAGEN: "imagen-4.0-generate-001 imagen-4.0-fast-generate-001 imagen-4.0-ultra-generate-001",
    Maker.VEO: """
        veo-3.1-generate-001 veo-3.1-fast-generate-001 veo-3.1-lite-generate-001 veo-3.1-generate-preview
        veo-3.1-fast-generate-preview""",
    Maker.LYRIA2: "lyria-002",
}


def _thinks(name: str, maker: Maker) -> bool:
    return (
        maker is Maker.OMNI or (maker is Maker.TEXT and "lite" not in name) or (maker is Maker.IMAGE and "pro" in name)
    )


MODELS = {
    name: Model(name, maker, thinks=_thinks(name, maker)) for maker, names in NAMES.items() for name in names.split()
}


def model_named(name: str) -> Model:
    """Takes a plain id as well as `models/...` and `publishers/google/models/...`; raises Refusal (404)."""
    id = name.rpartition("/")[2]
    if id not in MODELS:
        raise Refusal(404, f"models/{id} is not found. Call ListModels to see the available models.")
    return MODELS[id]
