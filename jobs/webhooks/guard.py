"""Where a webhook may lead. A person names the address and our server goes there, so it must not
become a way into our own network: every address that the name has is looked at, and the connection
goes to one that was, not to what the name may mean a moment later. Not for talking: see sending.py.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import urlsplit

from django.conf import settings

from ourvidz.errors import Refused

URL_LIMIT = 2000
Address = IPv4Address | IPv6Address


def checked_url(url: str) -> str:
    """Return an address that can be kept. Its name is looked up only when something is sent.

    Raises Refused where it is not https, carries a password, or plainly leads inside.
    """
    host = _host(url)
    try:
        address = ip_address(host)
    except ValueError:
        return url
    if not may_connect(address):
        raise Refused("webhook_private", field="url", host=host)
    return url


def checked_address(host: str, port: int) -> str:
    """Return the address to connect to. Raises Refused where the name leads inside, or nowhere."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise Refused("webhook_name", host=host) from error
    addresses = [str(sockaddr[0]).partition("%")[0] for *_rest, sockaddr in found]
    # All of them: a name that leads inside as well is no honest one.
    if not addresses or not all(may_connect(ip_address(one)) for one in addresses):
        raise Refused("webhook_private", host=host)
    return addresses[0]


def may_connect(address: Address) -> bool:
    """Say whether an address is on the public internet, or one that this installation allows."""
    allowed = [ip_network(net) for net in settings.WEBHOOK_ALLOWED_NETWORKS]
    if any(address in net for net in allowed if net.version == address.version):
        return True
    return all(_public(one) for one in (address, *_inside(address)))


def _public(address: Address) -> bool:
    special = address.is_multicast or address.is_reserved or address.is_unspecified
    if isinstance(address, IPv6Address):
        special = special or address.is_site_local or address.ipv4_mapped is not None
    return address.is_global and not special


def _inside(address: Address) -> Iterator[IPv4Address]:
    """Yield the IPv4 address that an IPv6 address leads on to (6to4). The other kinds, mapped,
    compatible, translated and Teredo, are reserved or private as a whole.
    """
    if isinstance(address, IPv6Address) and address.sixtofour:
        yield address.sixtofour


def _host(url: str) -> str:
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname or "", parts.port
    except ValueError:
        raise Refused("webhook_url", field="url") from None
    plain = url.isascii() and url.isprintable() and " " not in url and len(url) <= URL_LIMIT
    if not plain or parts.scheme != "https" or not host or parts.username is not None:
        raise Refused("webhook_url", field="url")
    if host == "localhost" or host.endswith(".localhost"):
        raise Refused("webhook_private", field="url", host=host)
    return host
