"""How sessions of a slice scatter: own spreads count as far as they are known, beside those of all slices."""

import pytest

from detectors.slices.counts import SliceCounts
from detectors.slices.divided import Divided, Splits
from detectors.slices.scatter import Scatter
from detectors.slices.table import SliceTable
from detectors.tally import Tally
from detectors.unit import Attributes

WORDS, SESSIONS = 60, 12


def sessions(*wrong: int) -> SliceCounts:
    made = SliceCounts()
    for each in wrong:
        made.add(Tally(utterances=4, substitutions=each, reference_words=WORDS, capped_errors=each))
    return made


def even(*, by: int = 3) -> SliceCounts:
    return sessions(*(8 + (by if number % 2 else -by) for number in range(SESSIONS)))


def one_bad() -> SliceCounts:
    return sessions(*(7 if number else 50 for number in range(SESSIONS)))


def ward(number: int) -> Attributes:
    return (("site", f"ward-{number}"),)


def table(*since: SliceCounts) -> SliceTable:
    made = [Splits(ward(number), even(), each, (), 0.0) for number, each in enumerate(since)]
    return SliceTable.of({"en-IN": Divided(tuple(made))}, [ward(number) for number in range(len(since))])


def test_where_all_slices_scatter_alike_each_is_known_as_well_as_all_together() -> None:
    scatter = Scatter.of(table(*(even() for _ in range(8))), ["en-IN"])
    known = scatter.since(ward(0), ["en-IN"])
    assert scatter.degrees > 50.0
    assert known.degrees == pytest.approx(scatter.degrees + SESSIONS - 1)
    assert known.ratio == 1.0


def test_where_some_slices_have_a_session_that_is_much_worse_each_is_known_by_its_own() -> None:
    alike = Scatter.of(table(*(even() for _ in range(8))), ["en-IN"])
    unlike = Scatter.of(table(*(even() for _ in range(6)), one_bad(), one_bad()), ["en-IN"])
    assert unlike.degrees < alike.degrees / 4.0
    assert unlike.since(ward(7), ["en-IN"]).ratio > 1.5
    assert unlike.since(ward(0), ["en-IN"]).ratio == 1.0


def test_one_session_tells_nothing_of_how_others_would_scatter() -> None:
    scatter = Scatter.of(table(even(), sessions(50)), ["en-IN"])
    known = scatter.since(ward(1), ["en-IN"])
    assert (known.ratio, known.degrees) == (1.0, scatter.degrees)


def test_a_session_that_has_nearly_all_words_counts_as_one() -> None:
    lopsided = sessions(8)
    lopsided.add(Tally(utterances=90, substitutions=500, reference_words=6_000, capped_errors=500))
    scatter = Scatter.of(table(even(), lopsided), ["en-IN"])
    assert scatter.since(ward(1), ["en-IN"]).degrees == scatter.degrees
