"""The files that a generation works with: found, fitted to the model, tied to the job, and opened for the provider."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO, cast
from uuid import UUID

from generations.catalogue import GivenFile, ModelSpec
from generations.errors import InvalidInputs, UnknownMedia
from generations.models import Generation, GenerationInput
from generations.providers.base import ProviderError
from hub.common.errors import NotFound, ServiceUnavailable
from media import stores
from media.models import Media


@dataclass(frozen=True, slots=True)
class Input:
    """A file as the client names it; `role` is "" where none was given."""

    media_id: UUID
    role: str = ""


@dataclass(frozen=True, slots=True)
class Taken:
    """A file that a job will work with, in the role it has there."""

    media: Media
    role: str

    @property
    def given(self) -> GivenFile:
        """What the catalogue wants to know of it."""
        return given_file(self.media, self.role)


@dataclass(frozen=True, slots=True)
class StoredInput:
    """A file on its way to the provider."""

    mime_type: str
    role: str
    storage: str
    key: str

    def open(self) -> BinaryIO:
        """From its first byte. Raises ProviderError: nothing was asked of the provider yet, so nothing is billed."""
        try:
            return cast(BinaryIO, stores.opened(self.storage, self.key))
        except NotFound as error:
            raise ProviderError("input_gone", "A file that the generation works with is gone from storage.") from error
        except ServiceUnavailable as error:
            message = "A file that the generation works with could not be read."
            raise ProviderError("input_unavailable", message, retryable=True) from error


def take(*, owner_id: UUID, spec: ModelSpec, inputs: Sequence[Input]) -> tuple[Taken, ...]:
    """The files in their order, each in its role; one query, or none without inputs.

    Raises UnknownMedia for what is not there or not the owner's, InvalidInputs for what the model does not take.
    """
    if not inputs:
        return ()
    found = Media.objects.filter(owner_id=owner_id, deleted_at=None).in_bulk([each.media_id for each in inputs])
    _require_all(inputs, found)
    roles = _roles(spec, inputs)
    taken = tuple(Taken(found[each.media_id], role) for each, role in zip(inputs, roles, strict=True))
    problems = spec.inputs.problems([each.given for each in taken])
    if problems:
        raise InvalidInputs(errors=[{"field": name, "message": problem} for name, problem in problems.items()])
    return taken


def attach(generation: Generation, taken: Sequence[Taken]) -> None:
    """Ties the files to the job; runs inside the transaction that writes it.

    Raises UnknownMedia when one was deleted since `take`: who deletes takes the same lock, so one of the two waits.
    """
    if not taken:
        return
    ids = {each.media.id for each in taken}
    rows = Media.objects.select_for_update(no_key=True).filter(id__in=ids, deleted_at=None).order_by("id")
    _require_all([Input(each.media.id) for each in taken], dict.fromkeys(rows.values_list("id", flat=True)))
    GenerationInput.objects.bulk_create(
        GenerationInput(generation=generation, media=each.media, position=position, role=each.role)
        for position, each in enumerate(taken)
    )


def stored_inputs(generation: Generation) -> tuple[StoredInput, ...]:
    """For the provider, in their order; one query."""
    return tuple(
        StoredInput(each.media.mime_type, each.role, each.media.storage, each.media.key) for each in _rows(generation)
    )


def given_files(generation: Generation) -> list[GivenFile]:
    """For the count of what it bills; one query."""
    return [given_file(each.media, each.role) for each in _rows(generation)]


def given_file(media: Media, role: str = "") -> GivenFile:
    """What the catalogue wants to know of a file."""
    return GivenFile(
        kind=media.kind,
        mime_type=media.mime_type,
        bytes=media.bytes,
        width=media.width,
        height=media.height,
        seconds=media.duration_seconds,
        role=role,
    )


def _rows(generation: Generation) -> Iterable[GenerationInput]:
    return generation.inputs.select_related("media").order_by("position")


def _roles(spec: ModelSpec, inputs: Sequence[Input]) -> list[str]:
    """Those that were given; where the model has roles and none was given at all, its own in their order."""
    if any(each.role for each in inputs):
        return [each.role for each in inputs]
    return [*spec.inputs.roles, *([""] * len(inputs))][: len(inputs)]


def _require_all(inputs: Sequence[Input], found: Mapping[UUID, Any]) -> None:
    missing = [
        {"field": f"inputs.{position}.media_id", "message": "There is no such media, or it is not yours."}
        for position, each in enumerate(inputs)
        if each.media_id not in found
    ]
    if missing:
        raise UnknownMedia(errors=missing)
