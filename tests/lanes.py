"""Which tests run beside which, with pytest-xdist: whole stacks one after another, and everything else beside them.

A stack is half a dozen processes that must meet deadlines. Left to itself, xdist hands out the files with the fewest
tests last: these are the stacks, and the machine then runs as many of them at once as there are workers.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest
from xdist.scheduler import LoadFileScheduling

from hub.env import BASE_DIR


class Lanes(LoadFileScheduling):
    """By file, as `--dist loadfile`. The first worker takes the stacks, the others the rest, and then what is left."""

    def _assign_work_unit(self, node: Any) -> None:
        is_for_stacks = node is self.nodes[0]
        scope = next((each for each in self.workqueue if drives_a_stack(each) == is_for_stacks), None)
        if scope is not None:
            self.workqueue.move_to_end(scope, last=False)
        super()._assign_work_unit(node)


@cache
def drives_a_stack(file: str) -> bool:
    """The controller collects nothing, so the mark is looked for in the text."""
    return "pytest.mark.stack" in (BASE_DIR / file).read_text(encoding="utf-8")


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Lanes | None:
    """In the place of `--dist loadfile`; any other way of dealing out is left as it is."""
    return Lanes(config, log) if config.getoption("dist") == "loadfile" else None
