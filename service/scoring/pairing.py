"""Which hypothesis belongs to which reference, by what the two files tell them apart."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from itertools import accumulate, groupby

import msgspec

from detectors.recordings.readings import Part
from service.formats.segment import Segment
from service.scoring.side import CannotScore, Naming, Row, Side

EARLIEST = datetime.min.replace(tzinfo=UTC)


class Heard(msgspec.Struct, frozen=True, kw_only=True):
    """An utterance's hypothesis, with the groups that it belongs to."""

    name: str
    hypothesis: str
    groups: Mapping[str, tuple[str, ...]] = {}


class Pair(msgspec.Struct, frozen=True, kw_only=True):
    """A reference and what is held to it: one utterance, or all of a recording in spoken order."""

    name: str
    reference: str
    heard: tuple[Heard, ...]
    wording: tuple[Part, ...] = ()


class Paired(msgspec.Struct, frozen=True):
    """The pairs, and how many parts of either file have no counterpart in the other."""

    pairs: list[Pair]
    lone_references: int = 0
    lone_hypotheses: int = 0


def paired(references: Side, hypotheses: Side | None) -> Paired:
    """Bring two files together; or one, which has both.

    Lines of text belong together by their order, utterances by their id, a recording's reference with all of
    its utterances, words with times (CTM) by the segment (STM) that their middle is in, or the next one. A
    file that names nothing, as subtitles do, is one recording.

    Raises
    ------
    CannotScore
        Where they do not fit together.
    """
    if hypotheses is None:
        return _in_one(references)
    namings = {references.naming, hypotheses.naming}
    if Naming.NOTHING in namings and Naming.ID not in namings:
        return Paired([_whole(references, hypotheses)])
    if len(namings) > 1:
        told = f"{references.path} tells its parts apart by {references.naming.value}"
        raise CannotScore(f"{told}, {hypotheses.path} by {hypotheses.naming.value}: they cannot be paired")
    if references.naming is Naming.PLACE:
        return _by_place(references, hypotheses)
    if references.naming is Naming.ID:
        return _by_id(references, hypotheses)
    return _by_time(references, hypotheses)


def _in_one(side: Side) -> Paired:
    """Lines that have both, and of the others those that belong together by their id."""
    if side.naming is not Naming.ID:
        raise CannotScore(f"{side.path}: only a file of NDJSON has both; name the file with the hypotheses")
    both = [row for row in side.rows if _is_reference(row) and row.hypothesis is not None]
    rest = [row for row in side.rows if not _is_reference(row) or row.hypothesis is None]
    others = _by_id(Side(side.path, side.naming, rest), Side(side.path, side.naming, rest))
    pairs = [_pair(row, row.hypothesis) for row in both] + others.pairs
    if not pairs:
        raise CannotScore(f"{side.path}: no reference in it has its hypothesis; name a second file")
    return Paired(pairs, others.lone_references, others.lone_hypotheses)


def _by_place(references: Side, hypotheses: Side) -> Paired:
    if len(references.rows) != len(hypotheses.rows):
        sizes = f"{len(references.rows)} lines, {hypotheses.path} {len(hypotheses.rows)}"
        raise CannotScore(f"{references.path} has {sizes}: they are paired line by line")
    together = zip(references.rows, hypotheses.rows, strict=True)
    return Paired([_pair(row, other.hypothesis) for row, other in together])


def _by_id(references: Side, hypotheses: Side) -> Paired:
    corrected = [row for row in references.rows if _is_reference(row)]
    spoken = _named(references, [row for row in corrected if not row.of_recording])
    heard = _named(hypotheses, [row for row in hypotheses.rows if row.hypothesis is not None])
    pairs = [
        _pair(row, other.hypothesis, other.groups)
        for name, row in spoken.items()
        if (other := heard.get(name)) is not None
    ]
    lone = heard.keys() - spoken.keys()
    wholes = _named(references, [row for row in corrected if row.of_recording])
    of_recordings: dict[str, list[Row]] = {}
    for row in heard.values():
        if row.recording in wholes:
            of_recordings.setdefault(row.recording, []).append(row)
            lone.discard(row.name)
    pairs += [_whole_pair(wholes[name], of_it) for name, of_it in of_recordings.items()]
    return Paired(pairs, len(spoken) + len(wholes) - len(pairs), len(lone))


def _is_reference(row: Row) -> bool:
    return row.reference is not None or row.is_confirmed


def _whole_pair(reference: Row, utterances: list[Row]) -> Pair:
    """A recording's reference with its utterances in spoken order."""
    ordered = sorted(utterances, key=lambda row: row.spoken_at or EARLIEST)
    heard = tuple(Heard(name=row.name, hypothesis=row.hypothesis or "", groups=row.groups) for row in ordered)
    said = " ".join(each.hypothesis for each in heard) if reference.is_confirmed else reference.reference
    return Pair(name=reference.name, reference=said or "", heard=heard)


def _named(side: Side, rows: Iterable[Row]) -> dict[str, Row]:
    named: dict[str, Row] = {}
    for row in rows:
        before = named.setdefault(row.name, row)
        if before is not row:
            place = f"line {row.line}: its utterance_id was on line {before.line} already"
            raise CannotScore(f"{side.path}: {place}")
    return named


def _by_time(references: Side, hypotheses: Side) -> Paired:
    """As sclite does it: a word belongs to the first segment that ends after its middle, or to the last."""
    heard = _by_channel(hypotheses.rows)
    pairs: list[Pair] = []
    for channel, rows in _by_channel(references.rows).items():
        ordered = sorted(rows, key=lambda row: _segment(row).start_s or 0.0)
        ends = list(accumulate((_segment(row).end_s or 0.0 for row in ordered), max))
        words: list[list[str]] = [[] for _ in ordered]
        for word in sorted(heard.pop(channel, []), key=lambda row: _segment(row).start_s or 0.0):
            segment = _segment(word)
            middle = ((segment.start_s or 0.0) + (segment.end_s or 0.0)) / 2
            words[min(bisect_left(ends, middle), len(ends) - 1)].append(segment.text)
        pairs += [
            _pair(row, " ".join(of_it))
            for row, of_it in zip(ordered, words, strict=True)
            if _segment(row).is_scored
        ]
    return Paired(pairs, 0, sum(map(len, heard.values())))


def _by_channel(rows: Iterable[Row]) -> dict[tuple[str, str], list[Row]]:
    def channel(row: Row) -> tuple[str, str]:
        segment = _segment(row)
        return segment.recording_id or "", segment.channel or ""

    return {key: list(of_it) for key, of_it in groupby(sorted(rows, key=channel), channel)}


def _whole(references: Side, hypotheses: Side) -> Pair:
    """All of one file against all of the other."""
    for side in (references, hypotheses):
        if side.naming is Naming.TIME and len(_by_channel(side.rows)) > 1:
            raise CannotScore(f"{side.path}: has several recordings or channels, the other file only one")
        if not all(_segment(row).is_scored for row in side.rows):
            raise CannotScore(f"{side.path}: stretches out of bounds can only be taken out of a CTM file")
    spoken, heard = _in_spoken_order(references.rows), _in_spoken_order(hypotheses.rows)
    wording = tuple(part for row in spoken for part in row.wording or (row.reference or "",))
    hypothesis = " ".join(row.hypothesis or "" for row in heard)
    return Pair(
        name=references.path.name,
        reference=" ".join(row.reference or "" for row in spoken),
        heard=(Heard(name=references.path.name, hypothesis=hypothesis),),
        wording=wording if any(row.wording for row in spoken) else (),
    )


def _in_spoken_order(rows: Sequence[Row]) -> list[Row]:
    return sorted(rows, key=lambda row: _segment(row).start_s or 0.0)


def _segment(row: Row) -> Segment:
    assert row.segment is not None  # noqa: S101 -- only files of segments are paired by their times
    return row.segment


def _pair(row: Row, hypothesis: str | None, groups: Mapping[str, tuple[str, ...]] | None = None) -> Pair:
    heard = Heard(name=row.name, hypothesis=hypothesis or "", groups={**(groups or {}), **row.groups})
    said = hypothesis if row.is_confirmed else row.reference
    return Pair(name=row.name, reference=said or "", heard=(heard,), wording=row.wording)
