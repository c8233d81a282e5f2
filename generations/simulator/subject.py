"""What a piece of work is about: the prompt and whatever else makes two pieces different."""

from __future__ import annotations

import hashlib
import random
import re
from dataclasses import dataclass
from functools import cached_property

MARKER = re.compile(r"\[\[fault:[^\]]*\]\]")


@dataclass(frozen=True)
class Subject:
    """Two equal subjects give the same bytes, two different ones never do."""

    prompt: str
    variation: str = ""

    @cached_property
    def digest(self) -> bytes:
        return hashlib.sha256(f"{self.variation}\x00{self.prompt}".encode("utf-8", "surrogatepass")).digest()

    @property
    def fingerprint(self) -> str:
        """Written into the files' own comment fields, so that no encoder can make two prompts look alike."""
        return self.digest.hex()

    @property
    def title(self) -> str:
        """The prompt without fault markers, on one line, at most 80 characters."""
        line = " ".join(MARKER.sub("", self.prompt).split())
        return line if len(line) <= 80 else line[:77].rstrip() + "..."

    def dice(self) -> random.Random:
        return random.Random(self.digest)
