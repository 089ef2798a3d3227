"""What clients send, checked field by field. No message about a fault repeats a value."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from typing import Annotated, Any, Literal, TypeVar

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from service.errors import Refused

MOST_CHARACTERS = 60_000
"""Longest hypothesis or reference: an hour of speech."""
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
FUTURE_S = 7_200.0
"""How far a client's clock may be ahead, if ours is an hour behind; the stream's time never goes back."""

NO_CONTROLS = r"^[^\x00-\x1f\x7f-\x9f]+$"
Identifier = Annotated[str, Field(min_length=1, max_length=128, pattern=NO_CONTROLS)]
AttributeValue = Annotated[str, Field(min_length=1, max_length=128, pattern=NO_CONTROLS)]
AttributeName = Annotated[str, Field(min_length=1, max_length=64, pattern=NO_CONTROLS)]
Transcript = Annotated[str, Field(max_length=MOST_CHARACTERS)]
Probability = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]


def _plausible(value: datetime) -> datetime:
    if value < EARLIEST or value.timestamp() > time.time() + FUTURE_S:
        raise ValueError("expected a time between 2000 and two hours from now")
    return value


Moment = Annotated[AwareDatetime, AfterValidator(_plausible)]


class Wire(BaseModel):
    """A submitted object: unknown fields are refused, so that a misspelt one is noticed."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)


class Spoken(Wire):
    """What can be said of an utterance besides its text."""

    recording_id: Identifier | None = None
    session_id: Identifier | None = None
    speaker_id: Identifier | None = None
    attributes: Annotated[dict[AttributeName, AttributeValue], Field(max_length=32)] = {}
    confidence: Probability | None = None
    word_confidences: Annotated[list[Probability], Field(max_length=50_000, fail_fast=True)] | None = None
    duration_s: Annotated[float, Field(ge=0, le=864_000)] | None = None
    audio: Annotated[dict[AttributeName, float], Field(max_length=16)] | None = None
    spoken_at: Moment | None = None


class UtteranceIn(Spoken):
    """One final transcript."""

    utterance_id: Identifier
    hypothesis: Transcript


class ReferenceIn(Spoken):
    """What a human says was spoken: a reference text, or the verdict that the hypothesis is correct.

    With ``hypothesis`` it brings its utterance along.
    """

    utterance_id: Identifier
    reference: Transcript | None = None
    verdict: Literal["correct"] | None = None
    hypothesis: Transcript | None = None
    corrected_at: Moment | None = None
    reference_kind: Literal["verbatim", "edited", "read_script"] = "verbatim"
    selection: Literal["random", "requested", "volunteered"] = "volunteered"
    probability: Annotated[float, Field(gt=0, le=1, allow_inf_nan=False)] | None = None

    @model_validator(mode="after")
    def _is_consistent(self) -> ReferenceIn:
        if (self.reference is None) == (self.verdict is None):
            raise ValueError("expected exactly one of reference and verdict")
        if self.selection == "volunteered" and self.probability is not None:
            raise ValueError("probability belongs to the selections random and requested")
        if self.selection != "volunteered" and self.probability is None:
            raise ValueError("probability is needed for the selections random and requested")
        if self.hypothesis is None:
            for name in Spoken.model_fields:
                if getattr(self, name) not in (None, {}):
                    raise ValueError(f"{name} is only taken together with hypothesis")
        return self

    def utterance(self) -> UtteranceIn | None:
        """The utterance that came along."""
        if self.hypothesis is None:
            return None
        fields = {name: getattr(self, name) for name in Spoken.model_fields}
        return UtteranceIn.model_construct(
            utterance_id=self.utterance_id, hypothesis=self.hypothesis, **fields
        )


W = TypeVar("W", bound=Wire)


def parse(kind: type[W], body: bytes) -> W:
    """The object in a JSON body.

    Raises
    ------
    Refused
        400 if it is not JSON, 422 if a field is missing or wrong; the detail names the field and what was
        expected, and never what was sent.
    """
    try:
        return kind.model_validate_json(body)
    except ValidationError as error:
        fault = error.errors(include_url=False, include_input=False)[0]
    except RecursionError:
        raise Refused(400, "the body is nested too deeply") from None
    if fault["type"] == "json_invalid":
        raise Refused(400, "the body is not valid JSON in UTF-8")
    location = [
        part if part in kind.model_fields or isinstance(part, int) else "..." for part in fault["loc"]
    ]
    pointer = "#/" + "/".join(str(part) for part in location)
    raise Refused(422, _say(kind, fault, location), pointer)


def sent_id(body: bytes) -> str | None:
    """The utterance_id of a refused line, if it has a proper one, so that the sender can find the line."""
    try:
        value = json.loads(body)["utterance_id"]
    except (ValueError, LookupError, TypeError, RecursionError):
        return None
    return value if isinstance(value, str) and 1 <= len(value) <= 128 and value.isprintable() else None


def _say(kind: type[Wire], fault: Any, location: list[Any]) -> str:
    field = ".".join(str(part) for part in location)
    match fault["type"]:
        case "missing":
            return f"{field}: this field is required"
        case "extra_forbidden":
            return f"unknown field; known are {', '.join(kind.model_fields)}"
        case "string_pattern_mismatch":
            return f"{field}: control characters are not allowed"
        case "model_type" | "model_attributes_type":
            return "expected a JSON object"
        case _:
            message = str(fault["msg"]).removeprefix("Value error, ")
            return f"{field}: {message}" if field else message
