"""What a caller says beside an engine's payload: in the query, or in headers ``X-Werwatch-*``."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl

import msgspec
from starlette.types import Scope

from service.api.expected import NO_CONTROLS
from service.api.invalid import WHOLE, wrong
from service.api.wire import Moment, must_be_plausible
from service.errors import Refused
from service.providers import READERS

PREFIX = b"x-werwatch-"
NAMES = ("utterance_id", "recording_id", "session_id", "speaker_id")
NAME: Mapping[str, Any] = {"type": "string", "minLength": 1, "maxLength": 128, "pattern": NO_CONTROLS}
FIELDS: dict[str, Mapping[str, Any]] = {
    **dict.fromkeys(NAMES, NAME),
    "started_at": {"type": "string", "format": "date-time"},
    "is_final": {"type": "boolean"},
    "only_channel": NAME,
}
"""What can be said besides attributes, as OpenAPI describes it."""
FIELDS_OF_EVENTS = {**FIELDS, "provider": {"type": "string", "enum": [*READERS]}}
"""The same where the engine is not in the path."""


@dataclass(frozen=True, slots=True)
class Beside:
    """What was said, and None or nothing where nothing was.

    Attributes
    ----------
    names
        Values of `NAMES`.
    started_at
        When the audio began; the start of each result is added.
    is_final
        False: nothing is kept. True: what cannot say whether it is final is final.
    only_channel
        Results of other channels are ignored.
    provider
        Which engine's payloads an event carries.
    """

    names: dict[str, str] = field(default_factory=dict)
    attributes: dict[str, str] = field(default_factory=dict)
    started_at: datetime | None = None
    is_final: bool | None = None
    only_channel: str | None = None
    provider: str | None = None


def said_beside(scope: Scope, declared: Collection[str], fields: Mapping[str, Mapping[str, Any]]) -> Beside:
    """Read the query and the headers; where both say something, the query counts.

    Raises
    ------
    Refused
        422 for what is neither a field nor a declared attribute, so that a misspelt one is noticed, and for a
        value that none of them can have.
    """
    said = said_of(scope, (*declared, *fields))
    for name, value in said.items():
        if not (len(value) <= NAME["maxLength"] and re.fullmatch(NO_CONTROLS, value)):
            raise wrong([name], {"properties": {name: fields.get(name, NAME)}})
    started_at, is_final = said.pop("started_at", None), said.pop("is_final", None)
    return Beside(
        names={name: said.pop(name) for name in NAMES if name in said},
        only_channel=said.pop("only_channel", None),
        provider=said.pop("provider", None),
        attributes=said,
        started_at=None if started_at is None else _moment(started_at),
        is_final=None if is_final is None else truth("is_final", is_final),
    )


def said_of(scope: Scope, names: Collection[str]) -> dict[str, str]:
    """What the query and the headers say of these names; where both say something, the query counts.

    Raises
    ------
    Refused
        422 for another name, or one that is said twice in one place.
    """
    return _known(_headers(scope), names, folds=True) | said_in_query(scope, names)


def said_in_query(scope: Scope, names: Collection[str]) -> dict[str, str]:
    """What the query says of these names.

    Raises
    ------
    Refused
        422 as `said_of` does.
    """
    return _known(_query(scope), names, folds=False)


def parameters(declared: Collection[str], fields: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    """What OpenAPI says of the query: the fields, and the attributes that the configuration declares."""
    attributes = dict.fromkeys(sorted(declared), NAME)
    return [
        {"name": name, "in": "query", "required": False, "schema": schema}
        for name, schema in {**attributes, **fields}.items()
    ]


def _known(pairs: Iterator[tuple[str, str]], names: Collection[str], *, folds: bool) -> dict[str, str]:
    known = {name.lower() if folds else name: name for name in names}
    said: dict[str, str] = {}
    for key, value in pairs:
        if key not in known:
            where = "headers X-Werwatch-*" if folds else "query parameters"
            told = f"known are {', '.join(sorted(known))}" if known else "this route takes none"
            raise Refused(422, f"{where}: {told}", WHOLE)
        if known[key] in said:
            raise Refused(422, f"{known[key]}: expected once", f"#/{known[key]}")
        said[known[key]] = value
    return said


def _headers(scope: Scope) -> Iterator[tuple[str, str]]:
    for key, value in scope["headers"]:
        if key.startswith(PREFIX):
            try:
                name = key.removeprefix(PREFIX).decode("ascii").replace("-", "_")
                yield name, value.decode()
            except UnicodeDecodeError:
                raise Refused(422, "headers X-Werwatch-*: expected UTF-8", WHOLE) from None


def _query(scope: Scope) -> Iterator[tuple[str, str]]:
    text = scope["query_string"].decode("latin-1")
    try:
        yield from parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=100)
    except ValueError:
        raise Refused(422, "query parameters: expected at most 100, in UTF-8", WHOLE) from None


def _moment(text: str) -> datetime:
    try:
        moment = msgspec.convert(text, Moment)
    except msgspec.ValidationError:
        raise wrong(["started_at"], {"properties": FIELDS}) from None
    try:
        must_be_plausible("started_at", moment)
    except ValueError as error:
        raise Refused(422, str(error), "#/started_at") from None
    return moment


def truth(name: str, text: str) -> bool:
    """A truth value that was said beside a body.

    Raises
    ------
    Refused
        422 if it is none.
    """
    if text not in ("true", "false"):
        raise Refused(422, f"{name}: expected true or false", f"#/{name}")
    return text == "true"
