"""The text that Prometheus reads, put together from Redis. It asks the database nothing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from itertools import product

from django.conf import settings
from django.utils.module_loading import import_string
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from hub.metrics import catalogue, figures, store
from hub.metrics.store import Sample

Source = Callable[[], Iterable[Sample]]


def text() -> bytes:
    """Every metric as it stands. Raises redis.RedisError."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Snapshot())
    return generate_latest(registry)


class _Snapshot(Collector):
    def collect(self) -> Iterator[Metric]:
        yield from _totals()
        yield from _gauges([*store.of_processes(), *_from_sources(), *figures.read(ages=AGES)])


AGES = (catalogue.OLDEST_JOB, catalogue.SEAL_LAG)


def _totals() -> Iterator[Metric]:
    by_name = defaultdict(list)
    for sample in _with_zeros(store.totals()):
        by_name[sample.name].append(sample)
    for family in catalogue.COUNTED.collect():
        metric = Metric(family.name, family.documentation, family.type)
        for name in _sample_names(family):
            for sample in _ordered(by_name[name]):
                metric.add_sample(sample.name, dict(sample.labels), sample.value)
        yield metric


def _with_zeros(samples: list[Sample]) -> Iterator[Sample]:
    yield from samples
    told = {(sample.name, tuple(sorted(sample.labels.items()))) for sample in samples}
    families = (family for counter in catalogue.FROM_ZERO for family in counter.collect())
    for family in families:
        for local, process in product(family.samples, catalogue.PROCESS_KINDS):
            labels = {**local.labels, "process": process}
            if local.name.endswith("_total") and (local.name, tuple(sorted(labels.items()))) not in told:
                yield Sample(local.name, labels, 0)


def _sample_names(family: Metric) -> tuple[str, ...]:
    suffixes = ("_bucket", "_count", "_sum") if family.type == "histogram" else ("_total",)
    return tuple(family.name + suffix for suffix in suffixes)


def _ordered(samples: list[Sample]) -> list[Sample]:
    return sorted(samples, key=lambda each: ([(k, v) for k, v in each.labels.items() if k != "le"], _le(each)))


def _le(sample: Sample) -> float:
    return float(sample.labels.get("le", 0))


def _from_sources() -> Iterator[Sample]:
    for path in settings.METRICS_SOURCES:
        source: Source = import_string(path)
        yield from source()


def _gauges(samples: Iterable[Sample]) -> Iterator[Metric]:
    sums: dict[str, dict[tuple[tuple[str, str], ...], float]] = defaultdict(lambda: defaultdict(float))
    for sample in samples:
        sums[sample.name][tuple(sorted(sample.labels.items()))] += sample.value
    for gauge in catalogue.GAUGES.values():
        metric = Metric(gauge.name, gauge.meaning, "gauge")
        for labels, value in sorted(sums[gauge.name].items()):
            metric.add_sample(gauge.name, dict(labels), value)
        yield metric
