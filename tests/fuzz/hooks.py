"""What schemathesis does beside: sends real files, and notes how each operation was answered.

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

UPLOAD = "/api/v1/media"

_answers: defaultdict[str, Counter[int]] = defaultdict(Counter)
_lock = threading.Lock()
_files = itertools.cycle(sorted(Path(os.environ["FUZZ_FILES"]).iterdir()))


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: Any) -> None:
    """Every second upload that the schema allows is of a file that can be opened, which chance does not make."""
    if case.operation.path == UPLOAD and case.method == "POST" and _is_allowed(case) and isinstance(case.body, dict):
        with _lock:
            file = next(_files)
        if file.stat().st_size:
            case.body = {**case.body, "file": file.read_bytes()}


def _is_allowed(case: Any) -> bool:
    """By all of its parts: a header that is meant to be wrong may look right on the wire, such as 0 for a text."""
    if case.meta is None:
        return True
    return all(part.mode.is_positive for part in (case.meta.generation, *case.meta.components.values()))


@schemathesis.hook
def after_call(context: Any, case: Any, response: Any) -> None:
    with _lock:
        _answers[f"{case.method} {case.operation.path}"][response.status_code] += 1


@atexit.register
def _write() -> None:
    Path(os.environ["FUZZ_ANSWERS"]).write_text(json.dumps(_answers))
