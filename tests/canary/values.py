"""The values that are driven through the hub: each is unique, so that wherever it is found it came from here."""

from __future__ import annotations

import base64
import ipaddress
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Value:
    """`kind` is what it is to the hub; `forms` are the bytes that give it away, each looked for in every spelling."""

    kind: str
    text: str = field(repr=False)
    forms: tuple[bytes, ...] = field(repr=False)


class Values:
    """All that were made or learned so far."""

    def __init__(self) -> None:
        self._made: dict[str, Value] = {}

    def __iter__(self) -> Iterator[Value]:
        return iter(list(self._made.values()))

    def __len__(self) -> int:
        return len(self._made)

    @property
    def kinds(self) -> set[str]:
        return {value.kind for value in self}

    def new(self, kind: str, shape: str = "{}") -> str:
        """A new one, in that shape: the unique part of it alone is looked for, so that no piece of it gets away."""
        core = f"cn{secrets.token_hex(9)}"
        return self._keep(Value(kind, shape.format(core), (core.encode(),)))

    def address(self, kind: str = "ip address") -> str:
        """An IPv6 address of documentation; also its network, which the rate limits know, and its 16 bytes."""
        address = ipaddress.IPv6Address(0x2001_0DB8 << 96 | secrets.randbits(96) | 0x1001_1001_1001_1001_1001_1001)
        network = ":".join(str(address).split(":")[:4]) + ":"
        forms = (str(address).encode(), address.exploded.encode(), address.packed, network.encode())
        return self._keep(Value(kind, str(address), forms))

    def learn(self, kind: str, text: str) -> str:
        """One that the hub or somebody else made: all of it is looked for, and of a webhook's secret its bytes too."""
        forms = [text.encode()]
        if text.startswith("whsec_"):
            bare = text.removeprefix("whsec_")
            forms = [bare.encode(), base64.b64decode(bare)]
        if text.startswith("hub_"):
            forms = [text.split("_", 2)[2].encode()]
        return self._keep(Value(kind, text, tuple(forms)))

    def _keep(self, value: Value) -> str:
        assert min(map(len, value.forms)) >= 8, f"a {value.kind} of {value.forms} could be there by chance"
        self._made.setdefault(value.text, value)
        return value.text
