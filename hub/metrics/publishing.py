"""Hands what this process has counted to Redis, from a thread of its own."""

from __future__ import annotations

import atexit
import logging
import os
import threading
from collections.abc import Iterable

import redis

from hub.common.ids import uuid7
from hub.metrics import catalogue, store
from hub.metrics.connections import open_connections
from hub.metrics.pool import POOL
from hub.metrics.store import Sample

logger = logging.getLogger(__name__)
PUBLISH_SECONDS = 3.0
# A process that does nothing tells that it lives every so many times.
HEARTBEAT = 5
# Its counting in the database is no reason to count again.
CLOCK = "clock"
Key = tuple[str, tuple[tuple[str, str], ...]]


class Publisher:
    """One process of a kind (web, worker, clock). What Redis did not take is handed over with the next."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.name = f"{kind}:{uuid7()}"
        self._told: dict[Key, float] = {}
        self._gauges: list[Sample] = []
        self._unchanged = 0
        self._is_away = False
        self._lock = threading.Lock()
        self._stopped = threading.Event()

    def run(self) -> None:
        """Publishes every PUBLISH_SECONDS until `stop`."""
        while not self._stopped.wait(PUBLISH_SECONDS):
            self.publish()

    def stop(self) -> None:
        """Hands over what is left and says good-bye; a second call does nothing."""
        if self._stopped.is_set():
            return
        self._stopped.set()
        self.publish()
        try:
            store.forget_process(self.name)
        except redis.RedisError as error:
            logger.info("the last of the metrics stay here: %s", type(error).__name__)

    def publish(self) -> None:
        """Once; a Redis that is away is said once."""
        with self._lock:
            try:
                self._publish()
                self._is_away = False
            except redis.RedisError as error:
                if not self._is_away:
                    logger.warning("metrics wait for Redis: %s", type(error).__name__)
                self._is_away = True

    def _publish(self) -> None:
        counted = self._counted()
        new = {key: value - self._told.get(key, 0.0) for key, value in counted.items()}
        new = {key: value for key, value in new.items() if value}
        if new:
            samples = [
                Sample(name, {**dict(labels), "process": self.kind}, value) for (name, labels), value in new.items()
            ]
            store.add(samples, has_asked=self.kind != CLOCK and _has_queries(new))
            self._told = counted
        self._tell_of_process()

    def _tell_of_process(self) -> None:
        gauges = self._looked_at()
        self._unchanged = self._unchanged + 1 if gauges == self._gauges else 0
        if self._unchanged % HEARTBEAT == 0:
            store.tell_of_process(self.name, gauges)
            self._gauges = gauges

    def _looked_at(self) -> list[Sample]:
        values = (1, POOL.size, POOL.in_use, POOL.waiting, open_connections())
        of_this = {"process": self.kind}
        gauges = zip(catalogue.OF_PROCESSES, values, strict=True)
        return [Sample(gauge.name, of_this, value) for gauge, value in gauges]

    @staticmethod
    def _counted() -> dict[Key, float]:
        families = catalogue.COUNTED.collect()
        samples = (sample for family in families for sample in family.samples)
        return {
            (sample.name, tuple(sorted(sample.labels.items()))): sample.value
            for sample in samples
            if not sample.name.endswith("_created")
        }


def _has_queries(new: Iterable[Key]) -> bool:
    return any(name == "hub_db_queries_total" for name, _ in new)


_running: dict[int, Publisher] = {}


def start(kind: str) -> Publisher:
    """Begins to publish for this process, until it ends. A second call gives the same; a fork needs one of its own."""
    if os.getpid() not in _running:
        publisher = Publisher(kind)
        threading.Thread(target=publisher.run, name="metrics", daemon=True).start()
        atexit.register(publisher.stop)
        _running[os.getpid()] = publisher
    return _running[os.getpid()]
