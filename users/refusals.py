"""How many refused credentials one address may send: each is a row in the trail, and rows without bound are none."""

from __future__ import annotations

from ipaddress import IPv6Address, ip_address, ip_network

from django.conf import settings

from hub.common.keyring import blind_index
from hub.common.rate_limit import Bucket, LimiterAway, RateLimited, take

PURPOSE = "rate_limits.address"
# What one subscriber is given of IPv6: whoever has it has all of its addresses.
IPV6_BITS = 64
TOO_MANY = "Too many refused API keys came from this address lately. A valid key from it still works."


def count_refusal(*, ip: str | None) -> None:
    """Counts one for the address, None when it is unknown; raises RateLimited when it was one too many.

    While Redis is away nothing is counted: the trail is worth more than the room it takes.
    """
    if settings.RATE_LIMIT_REFUSED is None:
        return
    try:
        taken = take([Bucket("refused", address_stand_in(ip), settings.RATE_LIMIT_REFUSED)])
    except LimiterAway:
        return
    if not taken.is_admitted:
        raise RateLimited(taken, TOO_MANY)


def address_stand_in(ip: str | None) -> str:
    """What a bucket is named by: no address is kept in the plain, not even for a minute."""
    return blind_index(_network(ip) if ip else "unknown", purpose=PURPOSE).hex()


def _network(ip: str) -> str:
    address = ip_address(ip)
    if not isinstance(address, IPv6Address):
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(ip_network((int(address), IPV6_BITS), strict=False))
