"""CloudEvents 1.0 around a payload, in the JSON format (also as a batch) and as headers.

Source: github.com/cloudevents/spec, ``spec.md``, ``formats/json-format.md`` and the HTTP protocol binding.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import unquote

import msgspec

from service.providers.reading import Node, text_at

PREFIX = "ce-"
JSON_TYPES = ("application/json", "text/json")


@dataclass(frozen=True, slots=True)
class Event:
    """An event with its data.

    Attributes
    ----------
    name
        Made of ``source`` and ``id``, which together are one event's alone.
    time
        When it happened, if it says so.
    """

    envelope: Node
    data: Node
    name: str
    time: datetime | None


def unwrap(envelope: Node) -> Event:
    """Read an event of the JSON format.

    Raises
    ------
    Refused
        422 if it is no such event, or its data is not JSON.
    """
    if envelope["specversion"].text() != "1.0":
        raise envelope["specversion"].wrong("1.0")
    for name in ("id", "source", "type"):
        if not envelope[name].text():
            raise envelope[name].wrong("a string that is not empty")
    kind = (text_at(envelope, "datacontenttype") or JSON_TYPES[0]).partition(";")[0].strip().lower()
    if kind not in JSON_TYPES and not kind.endswith("+json"):
        raise envelope["datacontenttype"].wrong("a media type of JSON")
    return Event(
        envelope,
        _decoded(envelope["data_base64"]) if "data_base64" in envelope else envelope["data"],
        f"cloudevents:{envelope['source'].text()}:{envelope['id'].text()}",
        _time(envelope),
    )


def from_headers(headers: Iterable[tuple[str, str]], data: Any) -> Node:
    """The event of the binary mode: attributes in headers ``ce-``, percent-encoded, and data as the body.

    >>> from_headers([("ce-source", "/ward%207"), ("host", "a")], {"text": ""}).value
    {'source': '/ward 7', 'data': {'text': ''}}
    """
    said = {key.removeprefix(PREFIX): unquote(value) for key, value in headers if key.startswith(PREFIX)}
    return Node({**said, "data": data})


def _decoded(encoded: Node) -> Node:
    try:
        value = msgspec.json.decode(base64.b64decode(encoded.text(), validate=True))
    except (ValueError, msgspec.DecodeError, RecursionError):
        raise encoded.wrong("base64 of JSON") from None
    return Node(value, encoded.parent, "data")


def _time(envelope: Node) -> datetime | None:
    text = text_at(envelope, "time")
    if text is None:
        return None
    try:
        time = datetime.fromisoformat(text.upper())
    except ValueError:
        time = None
    if time is None or time.tzinfo is None:
        raise envelope["time"].wrong("a time with its timezone, such as 2026-01-31T08:00:00Z")
    return time
