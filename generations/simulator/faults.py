"""Faults on request: a marker in the prompt or a header makes one call go wrong in one way.

`[[fault:NAME key=value ...]]` anywhere in the prompt, or the header `x-simulator-fault: NAME key=value ...`. `times=N`
limits it to the first N calls with that very marker and prompt. Several markers are used in turn: the first that is not
used up.

| name            | billed | options (default)      | what the client sees                                            |
|-----------------|--------|------------------------|-----------------------------------------------------------------|
| 400 403 404 500 | no     |                        | that error                                                      |
| 503 504         |        |                        |                                                                 |
| 429             | no     | retry= seconds (1)     | that error; RetryInfo in its details, for interactions          |
|                 |        |                        | `Retry-After` in whole seconds instead                          |
| reset_before    | no     |                        | the connection is reset (RST) before the work                   |
| hang            | no     | seconds= (3600)        | nothing until it leaves or `seconds` have passed; then the      |
|                 | yes    | after=1                | connection closes. With after=1 the work was done               |
| blocked_prompt  | no     |                        | promptFeedback; a failed interaction without model output; 400  |
|                 |        |                        | for Imagen and lyria-002; a Veo operation that ends in error 3  |
| reset_after     | yes    |                        | the connection is reset (RST) after the work                    |
| truncated       | yes    |                        | half of the announced body, or of the stream, then a close      |
| bad_json        | yes    |                        | status 200 and a body that is not JSON                          |
| no_usage        | yes    |                        | the whole answer without its usage                              |
| slow            | yes    | seconds= (5)           | the whole answer, that late; a stream takes that long in all    |
| blocked_output  | text   |                        | finishReason SAFETY or IMAGE_SAFETY; a failed interaction whose |
|                 |        |                        | model output carries an error; for predictions as `filtered`    |
| filtered        | text   |                        | Imagen: raiFilteredReason alone (nothing without                |
|                 |        |                        | includeRaiReason); Veo: done without videos; lyria-002: 400;    |
|                 |        |                        | elsewhere as blocked_output                                     |
| fails_late      | no     |                        | a stream, interaction or operation that ends with an error;     |
|                 |        |                        | 500 where there is none of these                                |
| never_ends      | no     |                        | an operation that runs until it is cancelled; elsewhere as hang |
| file_not_active | yes    | polls= (2)             | files.get says PROCESSING that often; the download is refused   |
|                 |        |                        | (400, FAILED_PRECONDITION) meanwhile; without a file: nothing   |
| stream_cut      | sent   | after= pieces (1)      | streamGenerateContent: so many pieces, then a reset (RST);      |
|                 |        | usage=1                | elsewhere, as with the next three: nothing                      |
| stream_short    | sent   | after=, usage=         | the same, then a proper end, without a reason for it            |
| stream_error    | sent   | after=, usage=         | the same, then an error (500) as the last piece                 |
| stream_hang     | sent   | after=, usage=,        | the same, then nothing until it leaves or `seconds` have        |
|                 |        | seconds= (3600)        | passed; then the connection closes                              |

A stream has 4 pieces, or as many as `pieces=` says. "sent" means that what was sent is billed, as the last piece
counted it, whether it said so (usage=1) or not (usage=0). "text" means that text is billed with its usage, and images,
video and music are not. A long operation that was started under reset_after, truncated, bad_json or hang after=1 goes
on and is billed when it is done.
"""

from __future__ import annotations

import re
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from generations.simulator.errors import Refusal

REFUSALS = frozenset({"400", "403", "404", "429", "500", "503", "504"})
BEFORE = frozenset({"reset_before", "hang", "blocked_prompt"})
AFTER = frozenset({"reset_after", "truncated", "bad_json", "no_usage", "slow", "blocked_output", "filtered"})
LATE = frozenset({"fails_late", "never_ends", "file_not_active"})
BREAKS = frozenset({"stream_cut", "stream_short", "stream_error", "stream_hang"})
NAMES = REFUSALS | BEFORE | AFTER | LATE | BREAKS
OPTIONS = frozenset({"times", "retry", "seconds", "after", "polls", "pieces", "usage"})
FOREVER = 3600.0
MESSAGES = {
    400: "Request contains an invalid argument.",
    403: "The caller does not have permission.",
    404: "The model is not found. Call ListModels to see the available models.",
    429: "You exceeded your current quota. Please retry in {retry:g}s.",
    500: "An internal error has occurred. Please retry.",
    503: "The model is overloaded. Please try again later.",
    504: "The deadline expired before the request could complete.",
}
_MARKER = re.compile(r"\[\[fault:([^\]]*)\]\]")


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault as it was asked for; `text` is what was written, without the brackets."""

    name: str
    text: str
    options: Mapping[str, float] = field(default_factory=dict)

    def option(self, key: str, default: float) -> float:
        return self.options.get(key, default)

    @property
    def blocks_output(self) -> bool:
        return self.name in {"blocked_output", "filtered"}

    @property
    def breaks(self) -> bool:
        """Whether it lets a stream begin and breaks it off."""
        return self.name in BREAKS

    def refuse(self) -> None:
        """Raises the error that a fault with a number for a name stands for; any other does nothing."""
        if self.name not in REFUSALS:
            return
        status, retry = int(self.name), self.option("retry", 1)
        raise Refusal(status, MESSAGES[status].format(retry=retry), retry=retry if status == 429 else None)


class FaultBook:
    """Counts how often each (fault, prompt) was used; safe in threads."""

    def __init__(self) -> None:
        self._used: Counter[tuple[str, str]] = Counter()
        self._lock = threading.Lock()

    def choose(self, *, prompt: str, header: str) -> Fault | None:
        """The fault of this call, used once. Raises Refusal (400) for one that is unknown or malformed."""
        for fault in _written(prompt, header):
            with self._lock:
                if self._used[fault.text, prompt] < fault.option("times", float("inf")):
                    self._used[fault.text, prompt] += 1
                    return fault
        return None

    def reset(self) -> None:
        with self._lock:
            self._used.clear()


def _written(prompt: str, header: str) -> Iterator[Fault]:
    if header.strip():
        yield parse(header)
    for text in _MARKER.findall(prompt):
        yield parse(text)


def parse(text: str) -> Fault:
    """`"429 retry=3 times=1"` as a Fault; raises Refusal (400), so that a misspelt fault is not taken for none."""
    name, *pairs = text.split() or [""]
    try:
        options = {key: float(value) for key, value in (pair.split("=") for pair in pairs)}
    except ValueError:
        raise Refusal(400, f"Simulator: the options of the fault '{text}' must be key=number.") from None
    unknown = options.keys() - OPTIONS
    if name not in NAMES or unknown:
        raise Refusal(400, f"Simulator: unknown fault '{text}'.")
    return Fault(name=name, text=" ".join(text.split()), options=options)
