"""What the adapters share about what was made."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from typing import BinaryIO

from generations.providers.answers import OUTPUT_REFUSED, PROMPT_REFUSED
from generations.providers.base import Blocked, Output, ProviderError
from generations.providers.errors import bad_answer


def text_and_files(texts: Sequence[str], files: Sequence[Output]) -> tuple[Output, ...]:
    """One text, pieced together, before the files."""
    text = "".join(texts)
    return (*((Output(text=text),) if text else ()), *files)


def inline(encoded: str, mime_type: str) -> Output:
    """An output whose bytes came base64-encoded within the answer."""
    try:
        data = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        raise bad_answer() from None
    if not data:
        raise bad_answer()
    return Output(data=data, mime_type=mime_type)


def write_inline(output: Output, destination: BinaryIO) -> bool:
    """Writes an output that came with the answer; False when its bytes are elsewhere."""
    if output.data is None:
        return False
    destination.write(output.data)
    return True


def refusal(error: ProviderError) -> Blocked:
    """A refusal for safety that came as an error answer; raises any other error again."""
    if error.code == PROMPT_REFUSED:
        return Blocked("prompt", "SAFETY")
    if error.code == OUTPUT_REFUSED:
        return Blocked("output", "SAFETY")
    raise error
