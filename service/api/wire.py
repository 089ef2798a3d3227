"""What clients send, checked field by field. No message about a fault repeats a value."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Annotated, Any, Literal, TypeVar, get_args, get_type_hints

import msgspec
from msgspec import Meta

from service.errors import Refused
from service.recording_rows import MOST_UTTERANCES

MOST_CHARACTERS = 60_000
"""Longest hypothesis or reference: an hour of speech."""
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
FUTURE_S = 7_200.0
"""How far a client's clock may be ahead, if ours is an hour behind; the stream's time never goes back."""

NO_CONTROLS = r"^[^\x00-\x1f\x7f-\x9f]+$"
"""Of names, once for all of an object: see `Spoken`."""
_DESCRIBED = {"pattern": NO_CONTROLS}
Identifier = Annotated[str, Meta(min_length=1, max_length=128, extra_json_schema=_DESCRIBED)]
AttributeValue = Identifier
AttributeName = Annotated[str, Meta(min_length=1, max_length=64, extra_json_schema=_DESCRIBED)]
Transcript = Annotated[str, Meta(max_length=MOST_CHARACTERS)]
Probability = Annotated[float, Meta(ge=0, le=1)]
Moment = Annotated[datetime, Meta(tz=True)]


class Wire(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A submitted object: unknown fields are refused, so that a misspelt one is noticed."""


class Spoken(Wire, frozen=True, kw_only=True):
    """What can be said of an utterance besides its text."""

    utterance_id: Identifier | None = None
    recording_id: Identifier | None = None
    session_id: Identifier | None = None
    speaker_id: Identifier | None = None
    attributes: Annotated[dict[AttributeName, AttributeValue], Meta(max_length=32)] = {}
    confidence: Probability | None = None
    word_confidences: Annotated[list[Probability], Meta(max_length=50_000)] | None = None
    duration_s: Annotated[float, Meta(ge=0, le=864_000)] | None = None
    audio: Annotated[dict[AttributeName, float], Meta(max_length=16)] | None = None
    spoken_at: Moment | None = None

    def __post_init__(self) -> None:
        """Refuse what no type tells."""
        names = self._names()
        # Looking at all of them together is much cheaper, and nearly always enough.
        if not "".join(names).isprintable():
            _must_be_without_controls(self)
        if self.spoken_at is not None:
            _must_be_plausible("spoken_at", self.spoken_at)

    def _names(self) -> list[str]:
        names = [*self.attributes, *self.attributes.values(), *(self.audio or ())]
        ids = (self.utterance_id, self.recording_id, self.session_id, self.speaker_id)
        names += [name for name in ids if name is not None]
        return names


class UtteranceIn(Spoken, frozen=True, kw_only=True):
    """One final transcript."""

    utterance_id: Identifier
    hypothesis: Transcript


class ReferenceIn(Spoken, frozen=True, kw_only=True):
    """What a human says was spoken: a reference text, or the verdict that the hypothesis is correct.

    With ``hypothesis`` it brings its utterance along. With ``recording_id`` in place of ``utterance_id`` it
    is of all utterances of a recording, or of a passage.
    """

    reference: Transcript | None = None
    verdict: Literal["correct"] | None = None
    hypothesis: Transcript | None = None
    corrected_at: Moment | None = None
    reference_kind: Literal["verbatim", "edited", "read_script"] = "verbatim"
    selection: Literal["random", "requested", "volunteered"] = "volunteered"
    probability: Annotated[float, Meta(gt=0, le=1)] | None = None
    passage: bool = False
    utterances: Annotated[int, Meta(ge=1, le=MOST_UTTERANCES)] | None = None

    def __post_init__(self) -> None:
        """Refuse what does not fit together."""
        super().__post_init__()
        if self.corrected_at is not None:
            _must_be_plausible("corrected_at", self.corrected_at)
        if (self.reference is None) == (self.verdict is None):
            raise ValueError("expected exactly one of reference and verdict")
        if self.selection == "volunteered" and self.probability is not None:
            raise ValueError("probability belongs to the selections random and requested")
        if self.selection != "volunteered" and self.probability is None:
            raise ValueError("probability is needed for the selections random and requested")
        self._must_be_of_one()
        if self.hypothesis is None:
            for name in ABOUT_UTTERANCE:
                if name == "recording_id" and self.utterance_id is None:
                    continue
                if getattr(self, name) not in (None, {}):
                    raise ValueError(f"{name} is only taken together with hypothesis")

    def _must_be_of_one(self) -> None:
        if self.utterance_id is not None:
            if self.passage or self.utterances is not None:
                raise ValueError("passage and utterances belong to references by recording_id")
        elif self.hypothesis is not None:
            raise ValueError("utterance_id: this field is required with a hypothesis")
        elif self.recording_id is None:
            raise ValueError("expected utterance_id or recording_id")
        elif self.passage and self.reference is None:
            raise ValueError("passage: expected a reference, which says what passage it is")

    def utterance(self) -> UtteranceIn | None:
        """The utterance that came along."""
        if self.hypothesis is None or self.utterance_id is None:
            return None
        about = {name: getattr(self, name) for name in ABOUT_UTTERANCE}
        return UtteranceIn(utterance_id=self.utterance_id, hypothesis=self.hypothesis, **about)


ABOUT_UTTERANCE = tuple(name for name in Spoken.__struct_fields__ if name != "utterance_id")
W = TypeVar("W", bound=Wire)


def parse(kind: type[W], body: bytes) -> W:
    """The object in a JSON body.

    Raises
    ------
    Refused
        400 if it is not JSON, 422 if a field is missing or wrong; the detail names the field and what was
        expected, and never what was sent.
    """
    decoder: msgspec.json.Decoder[W] = _DECODERS[kind]
    try:
        return decoder.decode(body)
    except msgspec.ValidationError as error:
        fault = str(error)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _unreadable(error) from None
    raise _refusal(kind, fault)


def parse_any(body: bytes) -> Any:
    """Whatever a JSON body holds.

    Raises
    ------
    Refused
        400 if it is not JSON, 422 for a number that no computer holds.
    """
    try:
        return msgspec.json.decode(body)
    except msgspec.ValidationError:
        raise Refused(422, "expected only finite numbers", "#/") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _unreadable(error) from None


def made(kind: type[W], fields: dict[str, Any]) -> W:
    """The object of these fields, checked as if it had been sent.

    Raises
    ------
    Refused
        422 as `parse` does.
    """
    try:
        return msgspec.convert(fields, kind)
    except msgspec.ValidationError as error:
        fault = str(error)
    raise _refusal(kind, fault)


def schema(kind: type[Wire]) -> dict[str, Any]:
    """The JSON schema of a kind of object.

    >>> schema(UtteranceIn)["required"]
    ['utterance_id', 'hypothesis']
    """
    found: dict[str, Any] = msgspec.json.schema(kind)["$defs"][kind.__name__]
    return found


def sent_id(body: bytes) -> str | None:
    """The utterance_id of a refused line, if it has a proper one, so that the sender can find the line."""
    try:
        value = json.loads(body)["utterance_id"]
    except (ValueError, LookupError, TypeError, RecursionError):
        return None
    return value if isinstance(value, str) and 1 <= len(value) <= 128 and value.isprintable() else None


def _must_be_without_controls(sent: Spoken) -> None:
    for name in ("utterance_id", "recording_id", "session_id", "speaker_id", "attributes", "audio"):
        value = getattr(sent, name)
        names = [value] if isinstance(value, str) else [*(value or {})]
        if name == "attributes":
            names += value.values()
        if not all(re.fullmatch(NO_CONTROLS, each) for each in names):
            raise ValueError(f"{name}: control characters are not allowed")


def _must_be_plausible(name: str, value: datetime) -> None:
    if value < EARLIEST or value.timestamp() > time.time() + FUTURE_S:
        raise ValueError(f"{name}: expected a time between 2000 and two hours from now")


def _unreadable(error: Exception) -> Refused:
    if isinstance(error, RecursionError):
        return Refused(400, "the body is nested too deeply")
    return Refused(400, "the body is not valid JSON in UTF-8")


def _refusal(kind: type[Wire], fault: str) -> Refused:
    """What msgspec says of a fault, without the values and names that it repeats."""
    said, _, place = fault.rpartition(" - at ") if " - at `" in fault else (fault, "", "")
    field = place.replace("`key` in ", "").strip("`").removeprefix("$").removeprefix(".")
    pointer = "#/" + re.sub(r"\[(\w+|\.\.\.)\]", r"/\1", field)
    missing = re.fullmatch(r"Object missing required field `(\w+)`", said)
    if missing is not None:
        return Refused(422, f"{missing[1]}: this field is required", f"#/{missing[1]}")
    if said.startswith("Object contains unknown field"):
        known = ", ".join(kind.__struct_fields__)
        return Refused(422, f"unknown field; known are {known}", "#/...")
    if not field:
        detail = "expected a JSON object" if said.startswith("Expected `object`") else said
        name = detail.partition(":")[0]
        return Refused(422, detail, f"#/{name}" if name in kind.__struct_fields__ else "#/")
    return Refused(422, f"{field}: {_expected(kind, field, said)}", pointer)


def _expected(kind: type[Wire], field: str, said: str) -> str:
    if said.startswith("Invalid enum value"):
        return f"expected one of {', '.join(_choices(get_type_hints(kind)[field]))}"
    if "timezone" in said:
        return "the time needs its timezone, as in 2026-01-31T08:00:00Z"
    if "RFC3339" in said or "datetime" in said:
        return "expected a time such as 2026-01-31T08:00:00Z"
    if said == "Number out of range":
        return "expected a finite number"
    return _TYPES.sub(_in_words, said[:1].lower() + said[1:])


def _choices(hint: Any) -> Iterator[str]:
    for part in get_args(hint):
        yield from [part] if isinstance(part, str) else _choices(part)


def _in_words(found: re.Match[str]) -> str:
    return " or ".join(_WORDS.get(name, name) for name in found[1].split(" | "))


_TYPES = re.compile("`([a-z |]+)`")
_WORDS = {
    "str": "a string",
    "float": "a number",
    "int": "a number",
    "bool": "a boolean",
    "array": "an array",
    "object": "an object",
}
_DECODERS: dict[type[Wire], msgspec.json.Decoder[Any]] = {
    kind: msgspec.json.Decoder(kind) for kind in (UtteranceIn, ReferenceIn)
}
