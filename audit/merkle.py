"""The Merkle tree of RFC 6962 with SHA-256: a leaf and a node are hashed apart, so that none can pass for the other."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256

HASH_BYTES = 32
_LEAF, _NODE, _SEAL = b"\x00", b"\x01", b"\x02"


def leaf_hash(content: bytes) -> bytes:
    """Of one entry in its canonical encoding."""
    return sha256(_LEAF + content).digest()


def seal_hash(header: bytes) -> bytes:
    """Of a seal's header in its canonical encoding; the next seal names it as `previous`."""
    return sha256(_SEAL + header).digest()


def root_of(leaves: Sequence[bytes]) -> bytes:
    """The root over the hashes of one leaf or more, in their order.

    Level by level, a node without a neighbour going up as it is: the same tree as RFC 6962 cuts from above at the
    largest power of two.
    """
    if not leaves:
        raise ValueError("A tree has at least one leaf.")
    level = list(leaves)
    while len(level) > 1:
        above = [sha256(_NODE + left + right).digest() for left, right in zip(level[::2], level[1::2], strict=False)]
        if len(level) % 2:
            above.append(level[-1])
        level = above
    return level[0]
