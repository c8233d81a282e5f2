"""A text that is being written, handed on to those who follow it and kept until its call has ended."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from types import TracebackType

from django.conf import settings

from generations.live import feed
from generations.live.feed import Received
from generations.providers.base import Billed, ProviderError
from generations.services import lease
from generations.services.lease import Job

# Pieces that come closer together than this are told together: nobody reads so fast, and Redis has fewer to keep.
PAUSE_SECONDS = 0.02


class Pieces:
    """The pieces of one call. A context manager: when it is left, everything that was taken has been told.

    A thread of its own does the telling, so that a Redis that is slow or hangs does not keep the provider waiting. It
    is made with the first piece: a call that streams nothing costs nothing.
    """

    def __init__(self, job: Job) -> None:
        self._job = job
        self._began_at = self._heard_at = time.monotonic()
        self._texts: list[str] = []
        self._units: Mapping[str, int] | None = None
        self._told = 0
        self._over = False
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    def take(self, text: str, units: Mapping[str, int] | None) -> None:
        """The next piece; see generations.providers.base.OnText.

        Raises LeaseLost, and does not take it, when the job has another worker; ProviderError when the text does not
        come to an end.
        """
        self._require_the_lease()
        with self._changed:
            self._texts.append(text)
            self._units = units if units is not None else self._units
            self._changed.notify()
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="text-teller", daemon=True)
            self._thread.start()
        self._require_an_end()

    @property
    def received(self) -> Received:
        """All that was taken until now."""
        with self._changed:
            return Received(tuple(self._texts), self._units)

    def __enter__(self) -> Pieces:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        with self._changed:
            self._over = True
            self._changed.notify()
        if self._thread is not None:
            self._thread.join()

    def _require_the_lease(self) -> None:
        """After a silence in which the lease could have run out this process may have been stopped meanwhile, and what
        it hears now must not get among the pieces of the worker that came after it."""
        silence = time.monotonic() - self._heard_at
        if silence > settings.LEASE_SECONDS:
            lease.confirm(self._job)
        self._heard_at = time.monotonic()

    def _require_an_end(self) -> None:
        """A trickle keeps every timeout of the connection from running out."""
        if time.monotonic() - self._began_at > settings.OPERATION_DEADLINE_SECONDS:
            message = "The provider did not come to an end in time."
            raise ProviderError("provider_timeout", message, retryable=True, billed=Billed.UNKNOWN)

    def _run(self) -> None:
        while self._has_more():
            with self._changed:
                text, units = "".join(self._texts[self._told :]), self._units
                self._told = len(self._texts)
            feed.add_text(generation_id=self._job.generation.id, text=text, units=units)
            with self._changed:
                self._changed.wait_for(lambda: self._over, timeout=PAUSE_SECONDS)

    def _has_more(self) -> bool:
        """Waits for the next piece; False when all are told and there will be no other."""
        with self._changed:
            self._changed.wait_for(lambda: self._over or self._told < len(self._texts))
            return self._told < len(self._texts)
