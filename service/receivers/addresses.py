"""Addresses that no notice may be sent to: link-local ones, at which clouds hand out credentials."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from ipaddress import IPv4Address, IPv6Address

import httpx

_METADATA = frozenset(
    ipaddress.ip_address(address) for address in ("100.100.100.200", "168.63.129.16", "fd00:ec2::254")
)
_IPV4_IN_IPV6 = ipaddress.ip_network("64:ff9b::/96")


class Forbidden(httpx.RequestError):
    """The receiver's address is one that nothing is sent to."""


def is_forbidden(text: str) -> bool:
    """Whether an address is link-local, multicast or a cloud's metadata service, also written as IPv6.

    Examples
    --------
    >>> [is_forbidden(each) for each in ("169.254.169.254", "::ffff:169.254.169.254", "10.0.0.7", "::1")]
    [True, True, False, False]
    """
    address = _plain(ipaddress.ip_address(text.partition("%")[0]))
    return address.is_link_local or address.is_multicast or address in _METADATA


def _plain(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    if isinstance(address, IPv4Address):
        return address
    if address in _IPV4_IN_IPV6:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or address


def _is_written_forbidden(host: str) -> bool:
    try:
        # As `connect` reads it: 0xa9fea9fe and 169.254.43518 are addresses, too.
        text = host if ":" in host else socket.inet_ntoa(socket.inet_aton(host))
        return is_forbidden(text)
    except (OSError, ValueError):
        return False


class GuardedTransport(httpx.AsyncBaseTransport):
    """Connects to none but permitted addresses, whatever a host's name leads to by then.

    The name is looked up here and the address handed on, so that nobody can answer the second look-up
    otherwise than the first; certificates are held against the name all the same. A thread of its own looks
    names up: a resolver that hangs would else hold those that the whole process shares.

    Parameters
    ----------
    inner
        What connects.
    is_open
        Whether link-local and metadata addresses are permitted, too.
    looks_up
        Whether names are looked up here. Behind a proxy only the proxy knows what one leads to, and what is
        written as an address is looked at all the same.
    """

    def __init__(
        self, inner: httpx.AsyncBaseTransport, *, is_open: bool = False, looks_up: bool = True
    ) -> None:
        self._inner = inner
        self._is_open = is_open
        self._looks_up = looks_up
        self._resolver = ThreadPoolExecutor(max_workers=1, thread_name_prefix="resolver")

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Try the host's addresses in turn until one lets itself be connected to."""
        host = request.url.host
        if not self._looks_up:
            if not self._is_open and _is_written_forbidden(host):
                raise Forbidden("a link-local or metadata address", request=request)
            return await self._inner.handle_async_request(request)
        addresses = await self._addresses(host, request.url.port or 443)
        if not self._is_open and any(is_forbidden(address) for address in addresses):
            raise Forbidden("a link-local or metadata address", request=request)
        url = request.url
        extensions = {**request.extensions, "sni_hostname": host}
        for number, address in enumerate(addresses, start=1):
            there = httpx.Request(
                request.method,
                url.copy_with(host=address),
                headers=request.headers,
                stream=request.stream,
                extensions=extensions,
            )
            try:
                return await self._inner.handle_async_request(there)
            except (httpx.ConnectError, httpx.ConnectTimeout):
                if number == len(addresses):
                    raise
        raise httpx.ConnectError("no address", request=request)

    async def aclose(self) -> None:
        """Close all connections."""
        self._resolver.shutdown(wait=False, cancel_futures=True)
        await self._inner.aclose()

    async def _addresses(self, host: str, port: int) -> list[str]:
        look_up = partial(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
        try:
            found = await asyncio.get_running_loop().run_in_executor(self._resolver, look_up)
        except (OSError, UnicodeError) as error:
            # Of a name with a part that is too long, or empty, only its encoding complains.
            raise httpx.ConnectError("host not found") from error
        return list(dict.fromkeys(str(place[4][0]) for place in found))
