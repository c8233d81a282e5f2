"""What the tree of the sources says, read as text; nothing of it is imported."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

# Not ours, or made by a run.
SKIPPED = {".git", ".venv", "var", "static", "node_modules", "__pycache__"}
TEXTS = {".py", ".md", ".toml", ".yml", ".yaml", ".json", ".txt", ".html", ".service", ".example", ".sql", ""}
LARGEST_BYTES = 2_000_000
SECRETS = {
    "a password of Neon's": re.compile(r"\bnpg_[A-Za-z0-9]{10,}"),
    "a key of Neon's API": re.compile(r"\bnapi_[A-Za-z0-9]{20,}"),
    "a key of Google's": re.compile(r"\bAIza(?!NotAKey)[A-Za-z0-9_\-]{35}\b"),
    "a database on Neon with a password": re.compile(
        r"postgres(?:ql)?://[^\s:/@]+:(?!PASSWORD@)[^\s@.<>{}]{8,}@[^\s/]+\.neon\.tech"
    ),
}


def files(root: Path, *suffixes: str) -> Iterator[Path]:
    """Every text file of the tree, or those with one of the suffixes, in a steady order."""
    for path in sorted(root.iterdir()):
        if path.is_dir() and path.name not in SKIPPED and not path.name.startswith(".mypy"):
            yield from files(path, *suffixes)
        elif path.is_file() and path.suffix in (suffixes or TEXTS) and path.stat().st_size <= LARGEST_BYTES:
            yield path


def secrets_in(root: Path) -> Iterator[str]:
    """Each secret that stands in a file, by place; `.env` itself is the operator's, and must not be in git."""
    for path in files(root):
        if path.name == ".env":
            continue
        text = path.read_text(encoding="utf-8", errors="replace")
        for what, pattern in SECRETS.items():
            for found in pattern.finditer(text):
                line = text.count("\n", 0, found.start()) + 1
                yield f"{path.relative_to(root)}:{line} has {what}."
