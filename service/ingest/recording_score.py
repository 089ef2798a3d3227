"""The counts of a recording's utterances under one reference, or the reason why there are none."""

from __future__ import annotations

import re
from collections.abc import Sequence

from detectors.alignment import ErrorCounts
from detectors.recordings.cuttable import Words, unpacked
from detectors.recordings.recording import UNKNOWN, Misfit, passage_shares, shares
from service.errors import Refused
from service.records import RecordingReference
from service.store.rows.recordings import MOST_UTTERANCES, Part
from service.store.rows.scores import Scored

MOST_WORDS = 50_000
"""So many heard words take a tenth of a second to align with 10,000; five hours of speech."""

_MISFITS = {
    Misfit.NOWHERE: "the passage fits nowhere in this recording: too few of its words were heard in a row, "
    "or it is too short to tell; send a longer one, or each utterance's reference by utterance_id",
    Misfit.SEVERAL: "the passage fits at several places of this recording; send a longer one, or each "
    "utterance's reference by utterance_id",
}


def scores(
    reference: RecordingReference, parts: Sequence[Part], whole_since: float, *, is_incomplete: bool = False
) -> list[Scored]:
    """Score what was not scored yet of a recording, in the order in which it was spoken.

    That is by ``spoken_at``, then by where it begins in the recording (``audio.start_s``), then by
    ``utterance_id``, numbers in it by their value. What has a score already is passed over in the alignment:
    as many words that equal none stand for it as its own reference has.

    Parameters
    ----------
    parts
        The utterances of the recording, in any order.
    whole_since
        Of what came before this time some may be gone, as too old.
    is_incomplete
        Whether some is gone for want of room.

    Raises
    ------
    Refused
        422 if nothing is left to be scored, something may be missing, words were made equal by other rules,
        there are too many of them, or a passage has no one place.
    """
    parts = sorted(parts, key=_place)
    is_left = [part.reference_words is None and part.utterance.tokens is not None for part in parts]
    if not any(is_left):
        raise Refused(422, "every utterance of this recording was scored already; the first references count")
    if len(parts) > MOST_UTTERANCES:
        raise _too_long(f"{MOST_UTTERANCES:,} utterances")
    is_whole = reference.is_passage or reference.utterances is not None
    if not is_whole and min(part.received_at for part in parts) < whole_since:
        raise Refused(
            422,
            "this recording is nearly as old as privacy.unreferenced_retention, so some may be gone; say "
            "with utterances how many it has, or send references by utterance_id",
        )
    if not is_whole and is_incomplete:
        raise Refused(
            422,
            "storage.max_bytes took some of this recording; send references by utterance_id, or passages",
        )
    left = [part for part, is_it in zip(parts, is_left, strict=True) if is_it]
    if reference.tokens is None:
        return [_correct(part) for part in left]
    if any(part.utterance.normaliser != reference.normaliser for part in left):
        raise Refused(
            422,
            "utterances of this recording were accepted under another normaliser, so their words cannot be "
            "compared; send them again, then the reference",
        )
    words = [_words(part) for part in parts]
    if sum(map(len, words)) > MOST_WORDS:
        raise _too_long(f"{MOST_WORDS:,} words")
    spoken = unpacked(reference.tokens, reference.knots or ())
    found = (passage_shares if reference.is_passage else shares)(spoken, words)
    if isinstance(found, Misfit):
        raise Refused(422, _MISFITS[found])
    scored = [
        Scored(parts[share.utterance].utterance, share.counts, share.spoken, share.heard)
        for share in found
        if is_left[share.utterance]
    ]
    if not scored:
        raise Refused(
            422,
            "what this passage covers was scored already, or it covers less than half of an utterance; the "
            "first references count",
        )
    return scored


def _too_long(most: str) -> Refused:
    return Refused(
        422,
        f"this recording has more than {most}, which is more than is scored at a time; send references by "
        "utterance_id, or give each part a recording_id of its own",
    )


def _correct(part: Part) -> Scored:
    return Scored(
        part.utterance, ErrorCounts(0, 0, 0, part.hypothesis_words), None, part.utterance.tokens or ()
    )


def _words(part: Part) -> Words:
    if part.reference_words is None and part.utterance.tokens is not None:
        return part.utterance.tokens
    return [UNKNOWN] * (part.hypothesis_words if part.reference_words is None else part.reference_words)


def _place(part: Part) -> tuple[float, float, list[str | int]]:
    utterance = part.utterance
    pieces = re.split("([0-9]+)", utterance.utterance_id)
    in_order = [int(piece) if number % 2 else piece for number, piece in enumerate(pieces)]
    return utterance.spoken_at, part.start_s, in_order
