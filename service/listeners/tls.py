"""What the API shows and asks for where it speaks TLS."""

from __future__ import annotations

import ssl
from pathlib import Path

from service.config import Tls
from service.errors import ConfigError


def server_context(settings: Tls) -> ssl.SSLContext:
    """TLS 1.2 or newer with the service's certificate; with ``client_ca_file``, only for clients with one.

    Raises
    ------
    ConfigError
        If a file cannot be read, is no PEM, has a key with a passphrase, or does not fit the other one.
    """
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    # Said here, since what the machine's OpenSSL is set to goes before Python's default.
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    _must_be_readable("tls.cert_file", settings.cert_file)
    _must_be_readable("tls.key_file", settings.key_file)
    try:
        # Without a passphrase here, OpenSSL would ask the terminal for one.
        context.load_cert_chain(settings.cert_file, settings.key_file, password="")
    except ssl.SSLError as error:
        raise ConfigError(
            f"tls: cert_file {settings.cert_file} and key_file {settings.key_file}: expected a certificate "
            f"with its chain and its key without a passphrase, both as PEM: {error.reason or 'unreadable'}"
        ) from None
    if settings.client_ca_file is not None:
        _must_be_readable("tls.client_ca_file", settings.client_ca_file)
        try:
            context.load_verify_locations(settings.client_ca_file)
        except ssl.SSLError as error:
            raise ConfigError(
                f"tls.client_ca_file: {settings.client_ca_file}: expected certificates as PEM: {error.reason}"
            ) from None
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def _must_be_readable(key: str, path: Path) -> None:
    try:
        path.read_bytes()
    except OSError as error:
        raise ConfigError(f"{key}: {path} cannot be read: {error.strerror}") from None
