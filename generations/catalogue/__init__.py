"""The models on offer, with their parameters and limits: data an operator may edit, read once and checked whole."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from django.conf import settings

from generations.catalogue.inputs import GivenFile, Inputs
from generations.catalogue.loading import CatalogueError, load
from generations.catalogue.parameters import Parameter, ParameterErrors
from generations.catalogue.spec import ModelSpec, Mounting

__all__ = ["CatalogueError", "GivenFile", "Inputs", "ModelSpec", "Mounting", "Parameter", "ParameterErrors", "models"]


def models() -> Mapping[str, ModelSpec]:
    """The catalogue of `settings.HUB_CATALOGUE` by model id. Raises CatalogueError for a file that cannot be used."""
    return _read(Path(settings.HUB_CATALOGUE))


@cache
def _read(path: Path) -> Mapping[str, ModelSpec]:
    return load(path)
