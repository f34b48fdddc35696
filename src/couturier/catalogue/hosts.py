"""Connects to public hosts only: what a name leads to is looked at before anything is sent."""

import ipaddress
import socket
from collections.abc import Iterable
from typing import Any

from couturier.catalogue.readers.rows import load_extra

_NAT64 = ipaddress.ip_network("64:ff9b::/96")

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class RefusedHostError(Exception):
    """A host that leads to this machine, its network or nowhere public."""


def find_addresses(host: str, port: int, *, allowed: Iterable[str]) -> list[str]:
    """Find the addresses of a host, all of which must be public.

    Args:
        host: A name or an address.
        port: The port that is asked for.
        allowed: Hosts, or hosts with ports as in "shop.local:8080", that may be anywhere.

    Raises:
        RefusedHostError: one of its addresses is private, loopback, link-local or reserved.
        OSError: the name leads nowhere.
    """
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    known = {one.strip().casefold() for one in allowed}
    if {host.casefold(), f"{host.casefold()}:{port}"} & known:
        return addresses
    for address in addresses:
        if not is_public(ipaddress.ip_address(address.split("%", 1)[0])):
            raise RefusedHostError(f"{host} leads to {address}, which is not a public address")
    return addresses


def is_public(address: Address) -> bool:
    """Say whether an address belongs to the public internet, also those written inside others."""
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if inner is None and address in _NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(inner)
    return address.is_global and not address.is_multicast


def open_client(allowed: tuple[str, ...], **options: Any) -> Any:
    """Open an httpx client that connects to public hosts only.

    The address that was looked at is the one connected to, so that a name cannot lead elsewhere
    the second time; redirects connect the same way. No proxies: they would look names up again.

    Raises:
        MissingExtraError: httpx is not installed.
    """
    httpx = load_extra("httpx", extra="download")
    httpcore = load_extra("httpcore", extra="download")

    class Guarded(httpcore.SyncBackend):  # type: ignore[misc, name-defined]
        """Looks at a host's addresses before it connects."""

        def connect_tcp(self, host: str, port: int, *arguments: Any, **named: Any) -> Any:
            """Connect to the first address that answers."""
            try:
                addresses = find_addresses(host, port, allowed=allowed)
            except OSError as fault:
                raise httpcore.ConnectError(f"{host}: {fault.strerror or fault}") from fault
            for address in addresses[:-1]:
                try:
                    return super().connect_tcp(address, port, *arguments, **named)
                except (httpcore.ConnectError, httpcore.ConnectTimeout):
                    continue
            return super().connect_tcp(addresses[-1], port, *arguments, **named)

    transport = httpx.HTTPTransport(trust_env=False)
    transport._pool = httpcore.ConnectionPool(
        ssl_context=httpx.create_ssl_context(), network_backend=Guarded(), max_connections=32
    )
    return httpx.Client(transport=transport, trust_env=False, follow_redirects=True, **options)
