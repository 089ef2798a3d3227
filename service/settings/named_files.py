"""Files that the configuration names, but for those of receivers: usable or not, and changed or not."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

from service.api.tokens import read_tokens
from service.config import Config
from service.listeners.tls import server_context
from service.privacy import load_key
from service.settings.lexicon import read_terms
from service.telemetry.tracing import spans_of


def must_be_usable(config: Config) -> None:
    """Find what the next start would stumble over.

    Raises
    ------
    ConfigError, StartError
        If one of the files cannot be used.
    """
    read_tokens(config)
    read_terms(config)
    if config.tls is not None:
        server_context(config.tls)
    if config.privacy.key_file is not None:
        load_key(config.privacy.key_file, may_create=False)
    spans = spans_of(config)
    if spans is not None:
        spans.close()


def contents(config: Config) -> dict[str, bytes]:
    """A digest of what the files hold, by the key of the configuration that names them."""
    found: dict[str, bytes] = {}
    for key, path in _named(config):
        try:
            held = hashlib.sha256(path.read_bytes()).digest()
        except OSError:
            held = b""
        found[key] = found.get(key, b"") + held
    return found


def _named(config: Config) -> Iterator[tuple[str, Path]]:
    tls = config.tls
    named = [
        ("api_token_file", config.api_token_file),
        *(("api_tokens", each.token_file) for each in config.api_tokens),
        *(("tls", path) for path in (tls and (tls.cert_file, tls.key_file, tls.client_ca_file)) or ()),
        ("critical_terms_file", config.critical_terms_file),
        ("privacy", config.privacy.key_file),
        ("tracing", config.tracing.authorization_file),
    ]
    return ((key, path) for key, path in named if path is not None)
