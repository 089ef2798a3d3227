"""Sockets to listen on, and what they are called."""

from __future__ import annotations

import socket

from service.config import split_address
from service.errors import StartError

BACKLOG = 512
"""Clients that wait to be let in,"""
AT_ONCE = 64
"""and how many are let in before one that is open can be closed for them."""


def bind(key: str, address: str) -> socket.socket:
    """A listening socket.

    Raises
    ------
    StartError
        If it is no address or not this machine's, or the port is in use.
    """
    try:
        host, port = split_address(address)
        family, kind, protocol, _, place = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        bound = socket.socket(family, kind, protocol)
    except UnicodeError:
        raise StartError(f"{key}: {address}: its host is no name that could be looked up") from None
    except ValueError as error:
        raise StartError(f"{key}: {error}") from None
    except OSError as error:
        raise StartError(f"{key}: {address}: {error.strerror}") from None
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(place)
        bound.listen(BACKLOG)
    except OSError as error:
        bound.close()
        hint = f"; stop what listens there or set {key} to another port" if "in use" in str(error) else ""
        raise StartError(f"{key}: {address}: {error.strerror}{hint}") from None
    return bound


def name_of(bound: socket.socket) -> str:
    """``host:port`` of a bound socket."""
    host, port, *_ = bound.getsockname()
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
