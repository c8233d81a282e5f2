"""Counts since a moment, and metrics as they are read."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest

from hub.common.redis import impatient_client
from hub.metrics.catalogue import COUNTED


@pytest.fixture
def no_metrics() -> Iterator[None]:
    """Redis holds none."""
    clear()
    yield
    clear()


def clear() -> None:
    for key in impatient_client().scan_iter("hub:metrics:*"):
        impatient_client().delete(key)


@pytest.fixture
def counted() -> Callable[..., float]:
    """How much this process has counted of a sample since the test began."""
    before = dict(values())

    def counted(name: str, **labels: str) -> float:
        key = (name, tuple(sorted(labels.items())))
        return dict(values()).get(key, 0.0) - before.get(key, 0.0)

    return counted


def values() -> Iterator[tuple[tuple[str, tuple[tuple[str, str], ...]], float]]:
    for family in COUNTED.collect():
        for sample in family.samples:
            yield (sample.name, tuple(sorted(sample.labels.items()))), sample.value


def value_in(text: str, sample: str) -> float | None:
    """The value of `name` or `name{label="value"}` in what /metrics says."""
    found = re.search(rf"^{re.escape(sample)} (\S+)$", text, re.MULTILINE)
    return float(found[1]) if found else None
