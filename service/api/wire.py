"""What clients send, checked field by field. No message about a fault repeats a value."""

from __future__ import annotations

import json
import re
import time
from datetime import UTC, datetime
from functools import cache
from typing import Annotated, Any, Literal, TypeVar

import msgspec
from msgspec import Meta

from service.api.expected import NO_CONTROLS
from service.api.invalid import WHOLE, required, unknown_field, wrong
from service.errors import Refused
from service.store.rows.recordings import MOST_UTTERANCES

MOST_CHARACTERS = 60_000
"""Longest hypothesis or reference: an hour of speech."""
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
FUTURE_S = 7_200.0
"""How far a client's clock may be ahead, if ours is an hour behind; the stream's time never goes back."""

_DESCRIBED = {"pattern": NO_CONTROLS}
"""Of names, looked at once for all of an object: see `Spoken`."""
Identifier = Annotated[str, Meta(min_length=1, max_length=128, extra_json_schema=_DESCRIBED)]
AttributeValue = Identifier
AttributeName = Annotated[str, Meta(min_length=1, max_length=64, extra_json_schema=_DESCRIBED)]
Transcript = Annotated[str, Meta(max_length=MOST_CHARACTERS)]
Probability = Annotated[float, Meta(ge=0, le=1)]
Seconds = Annotated[float, Meta(ge=0, le=864_000)]
Attributes = Annotated[dict[AttributeName, AttributeValue], Meta(max_length=32)]
Audio = Annotated[dict[AttributeName, float], Meta(max_length=16)]
Moment = Annotated[datetime, Meta(tz=True)]


class Wire(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A submitted object: unknown fields are refused, so that a misspelt one is noticed."""


class Spoken(Wire, frozen=True, kw_only=True):
    """What can be said of an utterance besides its text."""

    utterance_id: Identifier | None = None
    recording_id: Identifier | None = None
    session_id: Identifier | None = None
    speaker_id: Identifier | None = None
    attributes: Attributes = {}
    confidence: Probability | None = None
    word_confidences: Annotated[list[Probability], Meta(max_length=50_000)] | None = None
    duration_s: Seconds | None = None
    audio: Audio | None = None
    spoken_at: Moment | None = None

    def __post_init__(self) -> None:
        """Refuse what no type tells."""
        names = self._names()
        # Looking at all of them together is much cheaper, and nearly always enough.
        if not "".join(names).isprintable():
            _must_be_without_controls(self)
        if self.spoken_at is not None:
            must_be_plausible("spoken_at", self.spoken_at)
        if self.audio is not None:
            must_begin_within(self.audio)

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
            must_be_plausible("corrected_at", self.corrected_at)
        if (self.reference is None) == (self.verdict is None):
            raise ValueError("expected exactly one of reference and verdict")
        if self.selection == "volunteered" and self.probability is not None:
            raise ValueError("probability: belongs to the selections random and requested")
        if self.selection != "volunteered" and self.probability is None:
            raise ValueError("probability: needed for the selections random and requested")
        self._must_be_of_one()
        if self.hypothesis is None:
            for name in ABOUT_UTTERANCE:
                if name == "recording_id" and self.utterance_id is None:
                    continue
                if getattr(self, name) not in (None, {}):
                    raise ValueError(f"{name}: only taken together with hypothesis")

    def _must_be_of_one(self) -> None:
        if self.utterance_id is not None:
            if self.passage or self.utterances is not None:
                raise ValueError("utterance_id: passage and utterances belong to references by recording_id")
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


def parse(kind: type[W], body: bytes, what: str = "the body") -> W:
    """The object in a JSON body, or in a line of one.

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
        raise _unreadable(error, what) from None
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
        raise Refused(422, "expected only finite numbers", WHOLE) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _unreadable(error, "the body") from None


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


@cache
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


def must_be_plausible(name: str, value: datetime) -> None:
    """Let a time pass at which something can have been spoken or corrected.

    Raises
    ------
    ValueError
        For any other; the message begins with the name.
    """
    if value < EARLIEST or value.timestamp() > time.time() + FUTURE_S:
        raise ValueError(f"{name}: expected a time between 2000 and two hours from now")


def must_begin_within(audio: Audio) -> None:
    """Let what is said of the sound pass if it begins within its recording.

    Raises
    ------
    ValueError
        If not; the message begins with the name.
    """
    if audio.get("start_s", 0.0) < 0:
        raise ValueError("audio.start_s: expected seconds since the recording began, from 0 on")


def _must_be_without_controls(sent: Spoken) -> None:
    for name in ("utterance_id", "recording_id", "session_id", "speaker_id", "attributes", "audio"):
        value = getattr(sent, name)
        names = [value] if isinstance(value, str) else [*(value or {})]
        if name == "attributes":
            names += value.values()
        if not all(re.fullmatch(NO_CONTROLS, each) for each in names):
            what = "control characters, line separators and marks of direction"
            raise ValueError(f"{name}: {what} are not allowed")


def _unreadable(error: Exception, what: str) -> Refused:
    if isinstance(error, RecursionError):
        return Refused(400, f"{what} is nested too deeply")
    at = re.search(r"\(byte \d+\)", str(error))
    return Refused(400, f"{what} is not valid JSON in UTF-8{f' {at[0]}' if at else ''}")


def _refusal(kind: type[Wire], fault: str) -> Refused:
    """What msgspec says of a fault, without the values and names that it repeats."""
    said, _, place = fault.rpartition(" - at ") if " - at `" in fault else (fault, "", "")
    missing = re.fullmatch(r"Object missing required field `(\w+)`", said)
    if missing is not None:
        return required(missing[1], schema(kind))
    if said.startswith("Object contains unknown field"):
        return unknown_field(kind.__struct_fields__)
    steps = re.findall(r"\w+|\.\.\.", place.replace("`key` in ", ""))
    if steps:
        return wrong([int(step) if step.isdecimal() else step for step in steps], schema(kind))
    if said.startswith("Expected `object`"):
        return Refused(422, "expected a JSON object", WHOLE)
    path = said.partition(":")[0].split(".")
    return Refused(422, said, "#/" + "/".join(path) if path[0] in kind.__struct_fields__ else WHOLE)


_DECODERS: dict[type[Wire], msgspec.json.Decoder[Any]] = {
    kind: msgspec.json.Decoder(kind) for kind in (UtteranceIn, ReferenceIn)
}
