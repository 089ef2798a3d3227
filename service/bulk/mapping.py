"""What a line of a file is for the API: by its fields, or by what somebody says that they mean."""

from __future__ import annotations

import math
from collections.abc import Mapping as Named
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple, get_type_hints

import msgspec

from service.api.wire import ABOUT_UTTERANCE, AttributeValue, ReferenceIn, UtteranceIn
from service.errors import StartError

UTTERANCES, REFERENCES = "/v1/utterances", "/v1/references"


class Unusable(Exception):
    """A line cannot be sent; the message says why."""


class Mapped(NamedTuple):
    """A line as the API takes it.

    Parameters
    ----------
    utterance_id
        Whom it is about; None where that is not known.
    is_spoken
        Whether it has a hypothesis.
    """

    route: str
    body: bytes
    utterance_id: str | None
    is_spoken: bool


_NOTHING = msgspec.Raw(b"null")


class _Look(msgspec.Struct):
    """As much of a line in the API's own form as tells what it is."""

    utterance_id: Any = None
    hypothesis: msgspec.Raw = _NOTHING
    reference: msgspec.Raw = _NOTHING
    verdict: msgspec.Raw = _NOTHING
    spoken_at: msgspec.Raw = _NOTHING


_look = msgspec.json.Decoder(_Look).decode
_decode = msgspec.json.Decoder(dict[str, Any]).decode
_encode = msgspec.json.Encoder().encode
_KINDS = {
    **get_type_hints(UtteranceIn, include_extras=True),
    **get_type_hints(ReferenceIn, include_extras=True),
}
_SECTIONS: dict[str, Any] = {"attributes": AttributeValue, "audio": float}
_OF_A_REFERENCE = [name for name in ReferenceIn.__struct_fields__ if name not in ABOUT_UTTERANCE]


@dataclass(frozen=True, slots=True)
class Mapping:
    """How lines of a file are read.

    Without ``taken`` and ``given`` they are as the API takes them. With them, fields that the API does not
    know are left out.

    Parameters
    ----------
    taken
        Fields of the API, such as ``speaker_id`` or ``attributes.accent``, by the name that the file has.
    given
        Fields that are the same for every line, where they fit; they do not replace one that is there.
    only
        Fields of the file and what they must be; other lines are left out.
    begin, gap_s
        When the first line without a time was spoken, and how long after each the next one.

    Examples
    --------
    >>> mapping = Mapping(taken={"speaker_id": "who"}, given={"selection": "random", "probability": 1.0})
    >>> line = b'{"utterance_id": "u", "reference": "x", "hypothesis": "y", "who": 7, "spoken_at": "Z"}'
    >>> mapped = mapping.line(line, 0)
    >>> mapped.route, msgspec.json.decode(mapped.body)["speaker_id"]
    ('/v1/references', '7')
    """

    taken: Named[str, str] = field(default_factory=dict)
    given: Named[str, Any] = field(default_factory=dict)
    only: Named[str, str] = field(default_factory=dict)
    begin: datetime | None = None
    gap_s: float = 60.0

    @classmethod
    def of(
        cls,
        taken: Sequence[str],
        given: Sequence[str],
        only: Sequence[str],
        begin: datetime | None,
        gap_s: float,
    ) -> Mapping:
        """The mapping of ``NAME=VALUE`` pairs.

        Raises
        ------
        StartError
            If one is none, or names a field that the API does not have, or gives one what it never takes.
        """
        taken_, given_ = _pairs("--map", taken), _pairs("--set", given)
        for option, names in (("--map", taken_), ("--set", given_)):
            for name in names:
                _must_be_known(option, name)
        constants = {name: _constant(name, text) for name, text in given_.items()}
        return cls(taken_, constants, _pairs("--only", only), begin, gap_s)

    @property
    def _is_plain(self) -> bool:
        return not (self.taken or self.given or self.only or self.begin)

    def line(self, raw: bytes, spoken: int) -> Mapped | None:
        """The line for the API; None where it is left out.

        Parameters
        ----------
        spoken
            How many lines with a hypothesis came before.

        Raises
        ------
        Unusable
            If it is nothing that the API takes.
        """
        try:
            return self._as_it_is(raw) if self._is_plain else self._mapped(raw, spoken)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            raise Unusable("expected a JSON object in UTF-8") from None

    def _as_it_is(self, raw: bytes) -> Mapped:
        seen = _look(raw)
        is_reference = seen.reference != _NOTHING or seen.verdict != _NOTHING
        is_spoken = seen.hypothesis != _NOTHING
        _check(is_reference=is_reference, is_spoken=is_spoken, has_time=seen.spoken_at != _NOTHING)
        name = seen.utterance_id
        route = REFERENCES if is_reference else UTTERANCES
        return Mapped(route, raw, name if isinstance(name, str) else None, is_spoken)

    def _mapped(self, raw: bytes, spoken: int) -> Mapped | None:
        found = _decode(raw)
        if any(str(found.get(name)) != value for name, value in self.only.items()):
            return None
        fields = {name: value for name, value in found.items() if value is not None}
        for target, source in self.taken.items():
            if found.get(source) is not None:
                _put(fields, target, found[source])
        is_reference = "reference" in fields or "verdict" in fields
        is_spoken = "hypothesis" in fields
        for target, value in self.given.items():
            _put(fields, target, value, is_usual=True)
        if is_spoken and self.begin is not None and "spoken_at" not in fields:
            try:
                fields["spoken_at"] = self.begin + timedelta(seconds=self.gap_s * spoken)
            except OverflowError:
                raise Unusable("spoken_at: --begin and --gap lead too far into the future") from None
        _check(is_reference=is_reference, is_spoken=is_spoken, has_time="spoken_at" in fields)
        if self.taken or self.given:
            kind = ReferenceIn if is_reference else UtteranceIn
            names = kind.__struct_fields__ if is_spoken else _OF_A_REFERENCE
            if not is_spoken and "utterance_id" not in fields:
                names = (*names, "recording_id")
            fields = {name: fields[name] for name in names if name in fields}
        name = fields.get("utterance_id")
        route = REFERENCES if is_reference else UTTERANCES
        return Mapped(route, _encode(fields), name if isinstance(name, str) else None, is_spoken)


def _must_be_known(option: str, name: str) -> None:
    section, point, key = name.partition(".")
    if section not in _KINDS or bool(point) != bool(key) or (key and section not in _SECTIONS):
        raise StartError(f"{option}: the API has no {name}; it has {', '.join(sorted(_KINDS))}")


def _constant(name: str, text: str) -> Any:
    """The value that a text stands for, a number where the API takes numbers."""
    section, _, key = name.partition(".")
    try:
        meant = msgspec.convert(text, _SECTIONS[section] if key else _KINDS[section], strict=False)
    except msgspec.ValidationError:
        meant = None
    if meant is None or (isinstance(meant, float) and not math.isfinite(meant)):
        raise StartError(f"--set: {name}: the API takes no {text!r} there")
    return meant if isinstance(meant, int | float) else text


def _pairs(option: str, pairs: Sequence[str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for pair in pairs:
        name, separator, value = pair.partition("=")
        if not separator or not name:
            raise StartError(f"{option}: expected NAME=VALUE, got {pair}")
        if name in found:
            raise StartError(f"{option}: {name} is there twice; give it once")
        found[name] = value
    return found


def _put(fields: dict[str, Any], target: str, value: Any, *, is_usual: bool = False) -> None:
    section, _, name = target.partition(".")
    if name:
        fields[section] = {**fields[section]} if isinstance(fields.get(section), dict) else {}
        fields, target = fields[section], name
    is_name = bool(name and section == "attributes") or section.endswith("_id")
    if not (is_usual and target in fields):
        fields[target] = str(value) if is_name else value


def _check(*, is_reference: bool, is_spoken: bool, has_time: bool) -> None:
    if not is_reference and not is_spoken:
        raise Unusable("expected a hypothesis, a reference or a verdict")
    if is_spoken and not has_time:
        raise Unusable(
            "spoken_at: this field is required in a history; --begin gives lines without one a time"
        )
