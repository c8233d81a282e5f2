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
_turns = itertools.cycle(range(3))
_files = itertools.cycle(sorted(Path(os.environ["FUZZ_FILES"]).iterdir()))


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: Any) -> None:
    """Every third submission that the schema allows asks for its events.

    Every second upload is of a file that can be opened, which chance does not make.
    """
    if case.method != "POST" or not _may_change(case):
        return
    if case.operation.path == SUBMIT and next(_turns) == 0:
        case.headers = {"Accept": STREAM}
    if case.operation.path == UPLOAD and (file := next(_files)).stat().st_size:
        case.body = {**case.body, "file": file.read_bytes()}


def _may_change(case: Any) -> bool:
    """A changed case is judged anew, and a header of digits alone is then taken for a number where a text belongs."""
    is_allowed = case.meta is None or case.meta.generation.mode.is_positive
    return bool(is_allowed and isinstance(case.body, dict) and not case.headers)


@schemathesis.hook
def after_call(context: Any, case: Any, response: Any) -> None:
    with _lock:
        _answers[f"{case.method} {case.operation.path}"][response.status_code] += 1


@atexit.register
def _write() -> None:
    Path(os.environ["FUZZ_ANSWERS"]).write_text(json.dumps(_answers))
