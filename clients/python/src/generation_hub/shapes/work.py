"""Models, quotes, generations and files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from generation_hub.errors import NotSucceeded
from generation_hub.shapes.common import Policy, UnitPrice

ENDED = frozenset({"succeeded", "failed", "blocked", "canceled"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One parameter of a model; a limit that is None does not exist."""

    type: str
    minimum: float | None = None
    maximum: float | None = None
    enum: tuple[Any, ...] | None = None
    default: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class InputKind:
    """What a model takes of one kind of file."""

    kind: str
    mime_types: tuple[str, ...]
    maximum: int | None
    maximum_seconds: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """The files that a model takes."""

    maximum: int
    maximum_bytes: int
    roles: tuple[str, ...]
    kinds: tuple[InputKind, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """What one unit costs now."""

    unit: str
    variant: str
    usd: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A model on offer; without prices it cannot be used now."""

    id: str
    kind: str
    adapter: str
    parameters: Mapping[str, Parameter]
    inputs: Inputs | None
    max_prompt_characters: int
    prices: tuple[Price, ...]
    shutdown_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why something would be refused now."""

    code: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """A price without a generation, honoured until `expires_at`."""

    quote_id: str
    model: str
    kind: str
    parameters: Mapping[str, Any]
    amount_usd: Decimal
    """The most that it can cost."""
    units: Mapping[str, int]
    prices: Mapping[str, UnitPrice]
    policies: tuple[Policy, ...]
    admitted: bool
    reason: Reason | None
    expires_at: datetime

    @property
    def id(self) -> str:
        return self.quote_id


@dataclass(frozen=True, slots=True, kw_only=True)
class TextOutput:
    """A text that was made."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FileOutput:
    """A file that was made; `hub.media.download` fetches it."""

    media_id: str
    kind: str
    mime_type: str
    bytes: int
    width: int | None
    height: int | None
    duration_seconds: float | None
    url: str

    @property
    def id(self) -> str:
        return self.media_id


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenFile:
    """A file that a generation works with; deleted since, it is still named."""

    media_id: str
    role: str
    kind: str
    mime_type: str
    url: str

    @property
    def id(self) -> str:
        return self.media_id


@dataclass(frozen=True, slots=True, kw_only=True)
class GenerationError:
    """Why a generation ended without a result."""

    code: str
    message: str
    stage: str
    charged: bool
    retryable: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Links:
    """Where to go from a generation."""

    self: str
    cancel: str
    events: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Generation:
    """A job. Its prompt is no part of its repr, so that it does not end up in a log by chance."""

    id: str
    kind: str
    model: str
    status: str
    """queued, running, succeeded, failed, blocked (a safety refusal) or canceled."""
    parameters: Mapping[str, Any]
    tags: tuple[str, ...]
    prompt: str = field(repr=False)
    estimate_usd: Decimal
    cost_usd: Decimal | None
    usage: Mapping[str, int]
    inputs: tuple[GivenFile, ...] = ()
    outputs: tuple[TextOutput | FileOutput, ...]
    error: GenerationError | None
    attempts: int
    queue_position: int | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    texts_purged_at: datetime | None
    links: Links

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen to it."""
        return self.finished_at is not None or self.status in ENDED

    @property
    def succeeded(self) -> bool:
        return self.status == "succeeded"

    @property
    def text(self) -> str:
        """All texts that it made, one after the other."""
        return "".join(output.text for output in self.outputs if isinstance(output, TextOutput))

    @property
    def files(self) -> tuple[FileOutput, ...]:
        """All files that it made."""
        return tuple(output for output in self.outputs if isinstance(output, FileOutput))

    def check(self) -> Generation:
        """Itself when it succeeded; raises NotSucceeded, which carries it, when it did not."""
        if not self.succeeded:
            raise NotSucceeded(self)
        return self


@dataclass(frozen=True, slots=True, kw_only=True)
class Media:
    """A file of yours: uploaded, or made by a generation."""

    id: str
    source: str
    kind: str
    mime_type: str
    bytes: int
    sha256: str
    width: int | None
    height: int | None
    duration_seconds: float | None
    generation_id: str | None
    url: str
    created_at: datetime
    expires_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusChange:
    """A generation has a new status."""

    status: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Delta:
    """Some more of a text that is being made."""

    text: str
