"""What the hub asks of a provider, and what it may hear back.

An adapter speaks to one provider's API and to nothing else: it reads no table, opens no transaction and decides no
retry. It turns a `ProviderRequest` into one HTTP attempt, and the answer into an `Outcome` or one `ProviderError`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, BinaryIO, Literal, Protocol
from uuid import UUID


class InputFile(Protocol):
    """A file that goes to the provider with the prompt. `open` starts at the first byte and the caller closes.

    `role` is "first_frame" or "last_frame" of a film, else "". `open` raises ProviderError when the file cannot be had.
    """

    @property
    def mime_type(self) -> str: ...

    @property
    def role(self) -> str: ...

    def open(self) -> BinaryIO: ...


@dataclass(frozen=True, slots=True)
class ProviderRequest:
    """One job for a provider.

    `parameters` are those of the catalogue, validated and complete with their defaults, under the names of our REST
    API. `attempt_id` travels in the header `x-hub-attempt`, so that a provider's record and our ledger can be matched.
    """

    attempt_id: UUID
    model: str
    kind: str
    prompt: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    inputs: tuple[InputFile, ...] = ()


@dataclass(frozen=True, slots=True)
class Output:
    """One thing that was made: exactly one of `text`, `data` and `uri` is set; `mime_type` goes with the last two.

    A `uri` is the provider's and only `Adapter.fetch` can read it.
    """

    text: str | None = None
    mime_type: str = ""
    data: bytes | None = None
    uri: str | None = None

    def __post_init__(self) -> None:
        if sum(value is not None for value in (self.text, self.data, self.uri)) != 1:
            raise ValueError("an output is exactly one of text, data and uri")


@dataclass(frozen=True, slots=True)
class Finished:
    """The work is done. `outputs` has at least one; `units` counts in `usage.enums.Unit`; None: no usage was given."""

    outputs: tuple[Output, ...]
    units: Mapping[str, int] | None
    provider_request_id: str = ""


@dataclass(frozen=True, slots=True)
class Pending:
    """The provider is at work. `operation` is all that `poll` needs, today or in another process tomorrow."""

    operation: str
    check_after_seconds: float


@dataclass(frozen=True, slots=True)
class Blocked:
    """The provider refused for safety: an outcome, no error. `charged` says whether it bills `units` all the same."""

    stage: Literal["prompt", "output"]
    reason: str
    units: Mapping[str, int] | None = None
    charged: bool = False
    provider_request_id: str = ""


Outcome = Finished | Pending | Blocked
# Takes a stretch of the text that is being written, never an empty one, and what the provider has counted until then
# (in `usage.enums.Unit`; None: it has not said). What it raises comes through as it is, and breaks the call off.
OnText = Callable[[str, Mapping[str, int] | None], None]


class Billed(StrEnum):
    """What a failed call may have cost: nothing for certain, or nobody on this side can know."""

    NO = "no"
    UNKNOWN = "unknown"


class ProviderError(Exception):
    """The one error that leaves an adapter. It pickles; its message may be shown to a user: no URL, no key, no prompt.

    `retryable` says whether the same call can succeed later; `retry_after` is the provider's own wish in seconds.
    Whether a retry is allowed also depends on `billed`, and is decided by the caller. For `start`, `billed` speaks of
    that call; for the others, which cost nothing, it speaks of the work that was started: UNKNOWN, except for
    `provider_operation_failed`.
    """

    def __init__(
        self,
        code: str,
        message: str,
        *,
        retryable: bool = False,
        retry_after: float | None = None,
        billed: Billed = Billed.NO,
        status: int | None = None,
    ) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message
        self.retryable = retryable
        self.retry_after = retry_after
        self.billed = billed
        self.status = status

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"


class Adapter(Protocol):
    """One provider's API. Every method makes at most one HTTP attempt at paid work and raises only ProviderError."""

    def prepare(self) -> None:
        """Load and open what calls need, so that the first one does not wait for it. Speaks to nobody."""
        ...

    def start(self, request: ProviderRequest, on_text: OnText | None = None) -> Outcome:
        """Ask for the work, once. A second call is a second paid request: callers record the attempt first.

        With `on_text`, text is handed over as it comes where the provider can stream it; the outcome is the same as
        without: the whole text, and all that was counted. Thoughts are not handed over. A ProviderError after the first
        piece says nothing of what was received before it: that, and what it costs, is the caller's to judge.
        """
        ...

    def poll(self, request: ProviderRequest, operation: str) -> Outcome:
        """Look at work that was started. Free, and may run any number of times, also after the work ended."""
        ...

    def fetch(self, output: Output, destination: BinaryIO) -> None:
        """Write the bytes of one output, `data` or `uri`, to `destination`, piece by piece.

        Raises `provider_file_not_ready` (retryable) while the provider prepares the file. After any error the
        destination may hold a part. What `destination.write` raises comes through as it is.
        """
        ...

    def cancel(self, request: ProviderRequest, operation: str) -> bool:
        """Ask the provider to stop. True when it agreed; False when it cannot (it ended, or there is no such call)."""
        ...

    def forget(self, request: ProviderRequest, operation: str) -> bool:
        """Delete what the provider keeps of this work. True when it is gone; False when it would not, or cannot."""
        ...
