"""Whom a client of the API trusts, and what it shows of itself."""

from __future__ import annotations

import ssl
from pathlib import Path

from service.errors import StartError


def client_context(ca_file: Path | None, client_cert: Path | None) -> ssl.SSLContext:
    """TLS as a client.

    Parameters
    ----------
    ca_file
        PEM with the certificates that may vouch for the service, in place of the machine's.
    client_cert
        PEM with our certificate and its key.

    Raises
    ------
    StartError
        If a file cannot be used.
    """
    try:
        context = ssl.create_default_context(cafile=ca_file)
        if client_cert is not None:
            context.load_cert_chain(client_cert, password="")
    except (OSError, ssl.SSLError) as error:
        raise StartError(f"--ca-file or --client-cert: cannot be used: {error}") from None
    return context
