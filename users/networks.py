"""From which addresses a key may be used. Pure functions over networks in CIDR notation."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

# Nobody calls from there.
NOWHERE = "::/128"
Network = IPv4Network | IPv6Network


def normalise_network(value: str) -> str:
    """The one spelling of a network; a plain address is a network of one. Raises ValueError, also for host bits."""
    network = ip_network(value)
    if network.version == 6 and IPv6Address(network.network_address).scope_id:
        raise ValueError(f"{value!r} names an interface")
    return str(network)


def allows(networks: Iterable[str], ip: str | None) -> bool:
    """Whether the address is in one of them; an unknown address (None) is in none. IPv4 within IPv6 is IPv4."""
    if ip is None:
        return False
    address = ip_address(ip)
    if isinstance(address, IPv6Address):
        address = address.ipv4_mapped or address
    return any(address in ip_network(network) for network in networks)


def is_within(inner: str, networks: Iterable[str]) -> bool:
    """Whether every address of `inner` is in one of the networks."""
    small = ip_network(inner)
    return any(_contains(ip_network(network), small) for network in networks)


def _contains(large: Network, small: Network) -> bool:
    if isinstance(large, IPv4Network) and isinstance(small, IPv4Network):
        return small.subnet_of(large)
    if isinstance(large, IPv6Network) and isinstance(small, IPv6Network):
        return small.subnet_of(large)
    return False
