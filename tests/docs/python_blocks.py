"""The Python of a page, run as one program; what each block prints is held against what is shown (see blocks.py)."""

from __future__ import annotations

import io
import re
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.docs.blocks import text_pattern

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class PythonBlock:
    """`shown` is "" for a block that prints nothing."""

    line: int
    source: str
    shown: str


def python_blocks_of(page: str) -> list[PythonBlock]:
    """In order."""
    fences = [(page.count("\n", 0, found.start()) + 2, *found.groups()) for found in _FENCE.finditer(page)]
    followers = [*fences[1:], (0, "", "")]
    return [
        PythonBlock(line, source, shown if follower == "text" else "")
        for (line, language, source), (_, follower, shown) in zip(fences, followers, strict=True)
        if language == "python"
    ]


def run_page(path: Path) -> None:
    """Fails at the first block that raises, or prints something else than is shown."""
    names: dict[str, Any] = {}
    for block in python_blocks_of(path.read_text(encoding="utf-8")):
        # So that a traceback names the line of the page.
        program = compile("\n" * (block.line - 1) + block.source, str(path), "exec")
        printed = io.StringIO()
        with redirect_stdout(printed):
            exec(program, names)  # noqa: S102 - the page is ours
        said = printed.getvalue().rstrip("\n") + "\n"
        assert text_pattern(block.shown).fullmatch(said), f"{path.name}:{block.line} printed\n{said}"
