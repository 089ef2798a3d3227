"""Which distributed trace a request belongs to, for whoever keeps traces."""

from __future__ import annotations

import re

from msgspec.structs import replace
from starlette.types import Scope

from service.api.headers import header
from service.records import Record, Reference, Utterance

_SAMPLED = re.compile("(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f][13579bdf]")


def trace_id(scope: Scope) -> str | None:
    """The trace's id, 32 hexadecimal digits; None where there is none, or none that was kept.

    The header is that of W3C's Trace Context. Anything else that stands in it is ignored.

    Examples
    --------
    >>> parent = b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    >>> trace_id({"headers": [(b"traceparent", parent)]})
    '4bf92f3577b34da6a3ce929d0e0e4736'
    >>> trace_id({"headers": [(b"traceparent", parent[:-1] + b"0")]}) is None
    True
    """
    found = _SAMPLED.fullmatch(header(scope, b"traceparent"))
    return None if found is None else found[1]


def in_trace(record: Record, trace: str | None) -> Record:
    """The record, with its utterance, or the one that it brings along, in a trace."""
    if trace is None:
        return record
    if isinstance(record, Utterance):
        return replace(record, trace=trace)
    if isinstance(record, Reference) and record.utterance is not None:
        return replace(record, utterance=replace(record.utterance, trace=trace))
    return record
