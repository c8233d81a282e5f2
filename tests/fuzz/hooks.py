"""What schemathesis does beside: sends real files, asks for events, and notes how each operation was answered.

It loads this file by itself (SCHEMATHESIS_HOOKS), in a process without Django. FUZZ_FILES is a directory of files to
upload; FUZZ_ANSWERS is where `{"METHOD /path": {"status": times}}` is written when the process ends.
"""

from __future__ import annotations

import atexit
import itertools
import json
import os
import threading
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import schemathesis

UPLOAD, SUBMIT = "/api/v1/media", "/api/v1/generations"
STREAM = "text/event-stream"

_answers: defaultdict[str, Counter[int]] = defaultdict(Counter)
_lock = threading.Lock()
_turns = itertools.cycle((True, False))
_files = itertools.cycle(sorted(Path(os.environ["FUZZ_FILES"]).iterdir()))


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: Any) -> None:
    """A submission asks for its events, every second time; an upload is of a file that can be opened.

    Of those that the schema allows, without headers: chance makes no such file, and the schema knows no Accept.
    """
    if case.method != "POST" or not _may_change(case):
        return
    if case.operation.path == SUBMIT and next(_turns):
        case.headers = {"Accept": STREAM}
    if case.operation.path == UPLOAD and isinstance(case.body, dict):
        case.body = {**case.body, "file": next(_files).read_bytes()}


def _may_change(case: Any) -> bool:
    """A changed case is judged anew, by what is on the wire, where not every header looks as it was meant."""
    is_allowed = case.meta is None or case.meta.generation.mode.is_positive
    return bool(is_allowed and not case.headers)


@schemathesis.hook
def after_call(context: Any, case: Any, response: Any) -> None:
    with _lock:
        _answers[f"{case.method} {case.operation.path}"][response.status_code] += 1


@atexit.register
def _write() -> None:
    Path(os.environ["FUZZ_ANSWERS"]).write_text(json.dumps(_answers))
