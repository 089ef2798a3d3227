"""One of the two files that are scored, read by its format."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import msgspec

from detectors.recordings.readings import Part
from service.errors import Refused, StartError, WerwatchError
from service.formats import READERS
from service.formats.lines import Damaged, lines_of
from service.formats.segment import Segment

TEXT, NDJSON = "txt", "ndjson"
REFERENCE, HYPOTHESIS = "reference", "hypothesis"
GZIP = b"\x1f\x8b"
FORMATS = (TEXT, NDJSON, *READERS)
_ENDINGS = {".text": TEXT, ".jsonl": NDJSON, ".webvtt": "vtt"} | {f".{name}": name for name in FORMATS}
_SPEAKER, _LABEL, _RECORDING = "speaker", "label", "recording"


class CannotScore(WerwatchError):
    """Two files do not fit together, or one of them cannot be read."""


class Naming(StrEnum):
    """By what the parts of a file are told apart."""

    PLACE = "their order"
    ID = "utterance_id"
    TIME = "recording, channel and time"
    NOTHING = "nothing, so that the file is one recording"


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A part of a file with the groups that it belongs to, by their names.

    Attributes
    ----------
    name
        Its utterance_id, or what else it is called; of a reference for a whole recording that one's id.
    reference, hypothesis
        None where the file does not say it. ``wording`` is the reference with its alternatives.
    is_confirmed
        Whether the reference is that the hypothesis is correct.
    of_recording
        Whether it is a reference for a whole recording.
    recording, spoken_at
        Of an utterance: the recording that it is of, and when it was spoken there.
    """

    line: int
    name: str
    reference: str | None = None
    hypothesis: str | None = None
    wording: tuple[Part, ...] = ()
    groups: Mapping[str, tuple[str, ...]] = {}
    segment: Segment | None = None
    is_confirmed: bool = False
    of_recording: bool = False
    recording: str | None = None
    spoken_at: datetime | None = None


class Side(msgspec.Struct, frozen=True):
    """A file as its rows."""

    path: Path
    naming: Naming
    rows: list[Row]


def read_side(path: Path, format_name: str | None, role: str) -> Side:
    """Read a file as references or hypotheses.

    Parameters
    ----------
    format_name
        One of `FORMATS`; None tells it by the ending of the file's name, before ``.gz``.
    role
        ``reference`` or ``hypothesis``: what a text without further words is.

    Raises
    ------
    StartError
        Where the file cannot be read, or its format is unknown.
    CannotScore
        Where it is damaged, or a line of it is not as the format has it.
    """
    option = "--ref-format" if role == REFERENCE else "--hyp-format"
    if format_name not in (None, *FORMATS):
        raise StartError(f"{option}: there is no format {format_name}; known are {', '.join(FORMATS)}")
    body = _bytes_of(path)
    name = format_name or _format_of(path, option)
    try:
        if name == NDJSON:
            return Side(path, Naming.ID, _rows_of_ndjson(body))
        segments = _lines_of_text(body) if name == TEXT else READERS[name](body)
    except Refused as error:
        raise CannotScore(f"{path}: {error}") from None
    naming = {TEXT: Naming.PLACE, "trn": Naming.ID, "stm": Naming.TIME, "ctm": Naming.TIME}.get(name)
    return Side(path, naming or Naming.NOTHING, [_row(segment, role) for segment in segments])


def _format_of(path: Path, option: str) -> str:
    endings = [ending.lower() for ending in path.suffixes]
    if endings[-1:] == [".gz"]:
        endings.pop()
    if not endings or endings[-1] not in _ENDINGS:
        known = ", ".join(FORMATS)
        raise StartError(f"{path}: its name does not end in a known format; say with {option} which: {known}")
    return _ENDINGS[endings[-1]]


def _bytes_of(path: Path) -> bytes:
    try:
        body = path.read_bytes()
    except OSError as error:
        raise StartError(f"{path}: cannot be read: {error.strerror}") from None
    try:
        return gzip.decompress(body) if body.startswith(GZIP) or path.suffix == ".gz" else body
    except (OSError, EOFError, zlib.error):
        raise CannotScore(f"{path}: it is no whole gzip file") from None


def _lines_of_text(body: bytes) -> list[Segment]:
    lines = lines_of(body)
    if not lines[-1][1]:
        lines.pop()
    return [Segment(line=number, text=line) for number, line in lines]


def _row(segment: Segment, role: str) -> Row:
    groups = {
        _SPEAKER: () if segment.speaker is None else (segment.speaker,),
        _LABEL: segment.labels,
        _RECORDING: () if segment.recording_id is None else (segment.recording_id,),
    }
    return Row(
        line=segment.line,
        name=_name(segment),
        reference=segment.text if role == REFERENCE else None,
        hypothesis=segment.text if role == HYPOTHESIS else None,
        wording=segment.wording,
        groups={name: values for name, values in groups.items() if values},
        segment=segment,
    )


def _name(segment: Segment) -> str:
    if segment.utterance_id is not None:
        return segment.utterance_id
    if segment.recording_id is not None:
        return f"{segment.recording_id} {segment.channel} {segment.start_s:.10g}"
    return f"line {segment.line}"


def _rows_of_ndjson(body: bytes) -> list[Row]:
    return [_row_of_json(number, line) for number, line in lines_of(body) if line.strip()]


def _row_of_json(number: int, line: str) -> Row:
    try:
        sent = msgspec.json.decode(line)
    except (msgspec.DecodeError, RecursionError):
        raise Damaged(number, "expected a JSON object") from None
    if not isinstance(sent, dict):
        raise Damaged(number, "expected a JSON object")
    reference, hypothesis = _text(sent, "reference", number), _text(sent, "hypothesis", number)
    name, recording = _text(sent, "utterance_id", number), _text(sent, "recording_id", number)
    if name is None and (recording is None or hypothesis is not None):
        raise Damaged(number, "utterance_id: this field is required")
    if sent.get("passage"):
        raise Damaged(number, "passage: only the service finds its place; a file of one is scored as text")
    attributes = sent.get("attributes") or {}
    if not isinstance(attributes, dict):
        raise Damaged(number, "attributes: expected an object")
    told = {key: value for key, value in sent.items() if key not in _NO_GROUPS} | attributes
    groups = {key: (value,) for key, value in told.items() if isinstance(value, str) and value}
    return Row(
        line=number,
        name=name or recording or "",
        reference=reference,
        hypothesis=hypothesis,
        groups=groups,
        is_confirmed=reference is None and sent.get("verdict") == "correct",
        of_recording=name is None,
        recording=recording,
        spoken_at=_moment(sent.get("spoken_at"), number),
    )


def _moment(sent: Any, number: int) -> datetime | None:
    try:
        moment: datetime | None = msgspec.convert(sent, Annotated[datetime, msgspec.Meta(tz=True)] | None)
    except msgspec.ValidationError:
        raise Damaged(number, "spoken_at: expected a time such as 2026-01-31T08:00:00Z") from None
    return moment


_NO_GROUPS = ("utterance_id", "reference", "hypothesis", "verdict")


def _text(sent: dict[str, Any], key: str, number: int) -> str | None:
    value = sent.get(key)
    if value is not None and not isinstance(value, str):
        raise Damaged(number, f"{key}: expected a string")
    return value
