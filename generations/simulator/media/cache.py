"""Files already made, so that a repeated prompt or a second download costs nothing; bounded in bytes."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable

LIMIT = 64 * 1024 * 1024

_lock = threading.Lock()
_kept: OrderedDict[Hashable, bytes] = OrderedDict()


def remembered(key: Hashable, make: Callable[[], bytes]) -> bytes:
    """What `make` gives, from memory when it was made before. Two threads may make the same file: it is the same."""
    with _lock:
        if key in _kept:
            _kept.move_to_end(key)
            return _kept[key]
    made = make()
    with _lock:
        _kept[key] = made
        while sum(map(len, _kept.values())) > LIMIT and len(_kept) > 1:
            _kept.popitem(last=False)
    return made
