"""Which IP addresses are public, by our own list: ipaddress.is_global calls several reserved ones public. Pure."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network
from typing import Final

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

# IANA special-purpose registries (RFC 6890 and successors), and what ipaddress.is_global wrongly calls public:
# multicast, the AS112 and AMT anycast blocks, 6to4 relays and the virtual address of Azure's platform services.
_V4_CLOSED_TEXT: Final = """
    0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24 192.0.2.0/24
    192.31.196.0/24 192.52.193.0/24 192.88.99.0/24 192.168.0.0/16 192.175.48.0/24 198.18.0.0/15 198.51.100.0/24
    203.0.113.0/24 224.0.0.0/4 240.0.0.0/4 168.63.129.16/32
"""
_V4_CLOSED: Final = tuple(IPv4Network(text) for text in _V4_CLOSED_TEXT.split())
# For IPv6 the short list is what is open: global unicast, less the blocks with a special meaning or an embedded IPv4.
_V6_OPEN: Final = IPv6Network("2000::/3")
_V6_CLOSED_TEXT: Final = "2001::/23 2001:db8::/32 2002::/16 3fff::/20 2620:4f:8000::/48"
_V6_CLOSED: Final = tuple(IPv6Network(text) for text in _V6_CLOSED_TEXT.split())


def is_public(address: Address) -> bool:
    """Whether an address belongs to the public internet."""
    if isinstance(address, IPv4Address):
        return not any(address in net for net in _V4_CLOSED)
    return address in _V6_OPEN and not any(address in net for net in _V6_CLOSED)


def parse_networks(text: str) -> tuple[Network, ...]:
    """Networks of a setting such as "127.0.0.0/8, ::1/128"; one address means itself. ValueError says which part."""
    networks: list[Network] = []
    for part in text.replace(";", ",").split(","):
        if not (name := part.strip()):
            continue
        try:
            networks.append(ip_network(name))
        except ValueError as error:
            message = f"{name!r} is not a network ({error}); write it like 10.0.0.0/8 or ::1/128, with commas between"
            raise ValueError(message) from None
    return tuple(networks)
