"""What a client may ask for, and how a generation and a model are shown."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import PolymorphicProxySerializer, extend_schema_field
from rest_framework import serializers
from rest_framework.reverse import reverse

from generations.models import Generation, GenerationInput
from generations.selectors import Detail, Offer
from hub.api.examples import shown_as
from hub.api.pagination import CreatedQuery
from hub.api.serializers import (
    StrictCharField,
    StrictSerializer,
    StrictUUIDField,
    UsdField,
    UsdInputField,
    refuse_controls,
)
from media.api.serializers import FileSerializer
from media.models import Media
from usage.enums import Unit

LONGEST_MODEL = 100
LONGEST_TAG = 64
MOST_TAGS = 10
MOST_INPUTS = 16


@extend_schema_field({"type": "object", "additionalProperties": {}})
class ParametersField(serializers.DictField):
    """Parameters by name; what each may be is the model's affair."""

    default_error_messages = {"not_a_dict": "This must be a JSON object."}


class InputSerializer(StrictSerializer):
    """A file to work with."""

    media_id = StrictUUIDField(help_text="One of your files: uploaded, or made by another generation.")
    role = serializers.ChoiceField(
        choices=GenerationInput.Role.choices,
        required=False,
        help_text="Where the model knows roles (its `inputs.roles`); left out for all, they are given in order.",
    )


@shown_as(
    model="gemini-3.8-flash",
    prompt="Three sentences about the sea at night.",
    parameters={"max_output_tokens": 400},
)
class QuoteOrderSerializer(StrictSerializer):
    """What a client wants the price of."""

    model = StrictCharField(max_length=LONGEST_MODEL, help_text="A model's `id` from `GET /api/v1/models`.")
    prompt = StrictCharField(help_text="What to make; at most the model's `max_prompt_characters`.")
    parameters = ParametersField(required=False, help_text="The model's own parameters; left out, its defaults.")
    inputs = InputSerializer(  # type: ignore[call-arg]  # max_length is the list's
        many=True, max_length=MOST_INPUTS, required=False, help_text="Files for the model, in their order."
    )


@shown_as(
    model="gemini-3.8-flash",
    prompt="Three sentences about the sea at night.",
    parameters={"max_output_tokens": 400},
    tags=["campaign-7"],
    max_cost="0.05",
)
class OrderSerializer(QuoteOrderSerializer):
    """What a client asks for."""

    tags = serializers.ListField(
        child=StrictCharField(max_length=LONGEST_TAG, validators=[refuse_controls]),
        max_length=MOST_TAGS,
        required=False,
        help_text="Words of yours to find it again by.",
    )
    max_cost = UsdInputField(required=False, help_text="US dollars: refused when it can cost more.")
    quote_id = StrictUUIDField(required=False, help_text="A quote for this very request, to have its price.")


class GenerationQuery(CreatedQuery):
    """The query of the list of generations."""

    status = serializers.ChoiceField(choices=Generation.Status.choices, required=False)
    kind = serializers.ChoiceField(choices=Generation.Kind.choices, required=False)
    model = StrictCharField(max_length=LONGEST_MODEL, required=False)
    tag = StrictCharField(max_length=LONGEST_TAG, required=False, help_text="One of its tags, whole.")


class ErrorSerializer(serializers.Serializer[Any]):
    """Why a generation ended without a result."""

    code = serializers.CharField(source="error_code", help_text="Stable; never changes.")
    message = serializers.CharField(source="error_message")
    stage = serializers.CharField(source="error_stage", allow_blank=True, help_text="Where: `prompt`, `output`, ...")
    charged = serializers.BooleanField(help_text="Whether it cost something all the same.")
    retryable = serializers.BooleanField(help_text="Whether the same request may succeed later.")


class TextSerializer(serializers.Serializer[Any]):
    """A text that was made."""

    text = serializers.CharField()


class GivenSerializer(serializers.Serializer[Any]):
    """A file that a generation works with. Deleted since, it is still named; its address then finds nothing."""

    media_id = serializers.UUIDField()
    role = serializers.ChoiceField(choices=GenerationInput.Role.choices, allow_blank=True, help_text="Empty: none.")
    kind = serializers.ChoiceField(choices=Media.Kind.choices, source="media.kind")
    mime_type = serializers.CharField(source="media.mime_type")
    url = serializers.SerializerMethodField(help_text="The bytes; needs the API key like every other address.")

    def get_url(self, given: GenerationInput) -> str:
        return reverse("media-content", args=[given.media_id], request=self.context["request"])


class LinksSerializer(serializers.Serializer[Any]):
    """Where to go from here."""

    self = serializers.URLField()
    cancel = serializers.URLField()
    events = serializers.URLField()


OUTPUTS = PolymorphicProxySerializer(
    component_name="Output", serializers=[TextSerializer, FileSerializer], resource_type_field_name=None, many=True
)


@shown_as(
    id="01a204d1-382c-7601-9a4a-659f913aebb6",
    kind="text",
    model="gemini-3.8-flash",
    status="succeeded",
    parameters={"max_output_tokens": 400},
    tags=["campaign-7"],
    prompt="Three sentences about the sea at night.",
    inputs=[],
    estimate_usd="0.0018",
    cost_usd="0.00034",
    usage={"input_token": 9, "output_token": 74},
    outputs=[{"text": "The sea keeps its own hours."}],
    error=None,
    attempts=1,
    queue_position=None,
    created_at="2026-11-22T19:41:00.120000Z",
    started_at="2026-11-22T19:41:00.180000Z",
    finished_at="2026-11-22T19:41:01.950000Z",
    texts_purged_at=None,
    links={
        "self": "https://hub.example.com/api/v1/generations/01a204d1-382c-7601-9a4a-659f913aebb6",
        "cancel": "https://hub.example.com/api/v1/generations/01a204d1-382c-7601-9a4a-659f913aebb6/cancel",
        "events": "https://hub.example.com/api/v1/generations/01a204d1-382c-7601-9a4a-659f913aebb6/events",
    },
)
class GenerationSerializer(serializers.Serializer[Any]):
    """One generation."""

    id = serializers.UUIDField(source="generation.id")
    kind = serializers.ChoiceField(choices=Generation.Kind.choices, source="generation.kind")
    model = serializers.CharField(source="generation.model")
    status = serializers.ChoiceField(choices=Generation.Status.choices, source="generation.status")
    parameters = serializers.DictField(source="generation.parameters", help_text="Complete with the model's defaults.")
    tags = serializers.ListField(child=serializers.CharField(), source="generation.tags")
    prompt = serializers.CharField(source="generation.prompt", help_text="Empty once `texts_purged_at` is set.")
    estimate_usd = UsdField(source="generation.estimate", help_text="The most that it can cost; this much is held.")
    cost_usd = UsdField(source="generation.cost", allow_null=True, help_text="Null until it has ended.")
    usage = serializers.DictField(
        child=serializers.IntegerField(),
        source="generation.units",
        help_text=f"How many of each unit: {', '.join(Unit.values)}.",
    )
    inputs = GivenSerializer(many=True, help_text="The files it works with.")
    outputs = serializers.SerializerMethodField()
    error = serializers.SerializerMethodField()
    attempts = serializers.IntegerField(source="generation.attempts_made", help_text="Calls made to the provider.")
    queue_position = serializers.IntegerField(
        allow_null=True,
        help_text="While it is queued, how many of its kind are to be begun before it (1000: that many or more), else "
        "null: all users' that wait for a worker and, when your concurrency share holds it back, also yours that it "
        "holds back and that are older.",
    )
    created_at = serializers.DateTimeField(source="generation.created_at")
    started_at = serializers.DateTimeField(source="generation.started_at", allow_null=True)
    finished_at = serializers.DateTimeField(source="generation.finished_at", allow_null=True)
    texts_purged_at = serializers.DateTimeField(
        source="generation.texts_purged_at",
        allow_null=True,
        help_text="Since when prompt, parameters and texts are empty, as they are kept for a while only; else null.",
    )
    links = serializers.SerializerMethodField()

    @extend_schema_field(OUTPUTS)
    def get_outputs(self, detail: Detail) -> list[dict[str, Any]]:
        texts = [{"text": text} for text in detail.generation.texts or ()]
        return [*texts, *FileSerializer(detail.files, many=True, context=self.context).data]

    @extend_schema_field(ErrorSerializer(allow_null=True))
    def get_error(self, detail: Detail) -> dict[str, Any] | None:
        return dict(ErrorSerializer(detail.generation).data) if detail.generation.error_code else None

    @extend_schema_field(LinksSerializer)
    def get_links(self, detail: Detail) -> dict[str, str]:
        names = {"self": "generation", "cancel": "generation-cancel", "events": "generation-events"}
        request = self.context["request"]
        return {link: reverse(name, args=[detail.generation.id], request=request) for link, name in names.items()}


class ParameterSerializer(serializers.Serializer[Any]):
    """One parameter of a model; a limit that is not there does not exist."""

    type = serializers.ChoiceField(choices=["integer", "number", "string", "boolean"])
    minimum = serializers.FloatField(required=False, help_text="Of a number its value, of a string its length.")
    maximum = serializers.FloatField(required=False)
    enum = serializers.ListField(required=False, help_text="The only values.")
    default = serializers.JSONField(required=False, help_text="What is taken when nothing is given.")


class PriceSerializer(serializers.Serializer[Any]):
    """What one unit costs now."""

    unit = serializers.ChoiceField(choices=Unit.choices)
    variant = serializers.CharField(allow_blank=True, help_text="Which sort of the unit; empty: the plain one.")
    usd = UsdField(source="price")


class InputKindSerializer(serializers.Serializer[Any]):
    """What a model takes of one kind of file."""

    kind = serializers.ChoiceField(choices=Media.Kind.choices)
    mime_types = serializers.ListField(child=serializers.CharField())
    maximum = serializers.IntegerField(allow_null=True, help_text="Files of this kind; null: no bound of its own.")
    maximum_seconds = serializers.IntegerField(allow_null=True)


class InputsSerializer(serializers.Serializer[Any]):
    """The files that a model takes."""

    maximum = serializers.IntegerField(help_text="Files in all.")
    maximum_bytes = serializers.IntegerField(help_text="Of all of them together.")
    roles = serializers.ListField(child=serializers.ChoiceField(choices=GenerationInput.Role.choices))
    kinds = InputKindSerializer(many=True)


@shown_as(
    id="veo-3.1-lite-generate-001",
    kind="video",
    adapter="vertex",
    parameters={"duration_seconds": {"type": "integer", "enum": [4, 6, 8], "default": 8}},
    inputs={
        "maximum": 2,
        "maximum_bytes": 14000000,
        "roles": ["first_frame", "last_frame"],
        "kinds": [{"kind": "image", "mime_types": ["image/png"], "maximum": None, "maximum_seconds": None}],
    },
    max_prompt_characters=4000,
    prices=[{"unit": "video_second", "variant": "720p", "usd": "0.05"}],
    shutdown_at=None,
)
class ModelSerializer(serializers.Serializer[Any]):
    """One model on offer."""

    id = serializers.CharField(source="spec.id")
    kind = serializers.ChoiceField(choices=Generation.Kind.choices, source="spec.kind")
    adapter = serializers.CharField(source="spec.adapter")
    parameters = serializers.SerializerMethodField()
    inputs = serializers.SerializerMethodField(help_text="The files that may go with the prompt; null: none.")
    max_prompt_characters = serializers.IntegerField(source="spec.max_prompt_characters")
    prices = PriceSerializer(many=True, help_text="Without any, the model cannot be used now.")
    shutdown_at = serializers.DateTimeField(source="spec.shutdown_at", allow_null=True)

    @extend_schema_field(InputsSerializer(allow_null=True))
    def get_inputs(self, offer: Offer) -> dict[str, Any] | None:
        return offer.spec.inputs.public()

    @extend_schema_field(serializers.DictField(child=ParameterSerializer()))
    def get_parameters(self, offer: Offer) -> dict[str, Any]:
        return {name: parameter.public() for name, parameter in offer.spec.parameters.items()}
