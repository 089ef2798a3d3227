"""Which explanation of a rise is likely: the smallest one that fits, and of two that fit alike neither."""

import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.slices.counts import SliceCounts
from detectors.slices.divided import Splits
from detectors.slices.explanations import Likelihoods, weigh
from detectors.slices.marginals import descriptions
from detectors.slices.part import Usual
from detectors.slices.rises import MOST_CELLS, Rises
from detectors.tally import Tally
from detectors.unit import Attributes

COHORTS, SITES, DEVICES = (
    ("en-GB", "en-IN", "en-NG"),
    ("er", "icu", "lab", "ward", "xray"),
    ("cart", "phone", "table"),
)
WARD, ICU, CART = (("site", "ward"),), (("site", "icu"),), (("device", "cart"),)
CART_IN_WARD = (("device", "cart"), ("site", "ward"))
Rate = Callable[[str, str, str], float]


def counts(rate: float, sessions: int, words: int = 60) -> SliceCounts:
    """Sessions of a rate, half of them 4 words in 60 above it and half below."""
    made = SliceCounts()
    for number in range(sessions):
        wrong = min(max(round(rate * words) + (4 if number % 2 else -4), 0), words)
        tally = Tally(utterances=4, substitutions=wrong, reference_words=words, capped_errors=wrong)
        made.add(tally)
    return made


def splits(before: Rate, since: Rate, sessions: int = 12) -> dict[str, list[Splits]]:
    return {
        cohort: [
            Splits(
                (("device", device), ("site", site)),
                counts(before(cohort, site, device), 3 * sessions),
                counts(since(cohort, site, device), sessions),
                ("ann", "bob", "eve"),
                0.0,
            )
            for site in SITES
            for device in DEVICES
        ]
        for cohort in COHORTS
    }


def usual(of: Mapping[str, list[Splits]]) -> dict[str, Usual]:
    return {name: Usual.of([each.sides for each in own]) for name, own in of.items()}


def likely(
    before: Rate, since: Rate, *, new: tuple[Attributes, ...] = (), cohorts: Sequence[str] | None = ("en-IN",)
) -> Likelihoods:
    made = splits(before, since)
    candidates = sorted(
        {where for own in made.values() for each in own for where in descriptions(each.attributes)}
    )
    rises = Rises.of(made, usual(made), COHORTS if cohorts is None else cohorts)
    assert rises is not None
    return weigh(rises, candidates, cohorts, new)


def usually(cohort: str, site: str, device: str) -> float:
    return 0.10 + 0.02 * COHORTS.index(cohort) + 0.04 * (site == "er") + 0.02 * (device == "phone")


def risen(by: Rate) -> Rate:
    return lambda *where: usually(*where) + by(*where)


@pytest.mark.parametrize(
    ("by", "blamed"),
    [
        (lambda cohort, site, _: 0.15 * (cohort == "en-IN" and site == "ward"), {WARD}),
        (lambda _, site, __: 0.15 * (site == "ward"), {WARD}),
        (lambda cohort, site, _: 0.15 * (cohort == "en-IN" and site in ("ward", "icu")), {WARD, ICU}),
        (
            lambda cohort, site, device: 0.2 * ((cohort, site, device) == ("en-IN", "ward", "cart")),
            {CART_IN_WARD},
        ),
    ],
    ids=["one slice", "one slice of everybody's", "two slices", "a pair"],
)
def test_what_was_raised_is_to_blame_and_nothing_else(by: Rate, blamed: set[Attributes]) -> None:
    found = likely(usually, risen(by))
    assert {where for where, chance in found.chance.items() if chance > 0.8} == blamed
    assert all(chance < 0.2 for where, chance in found.chance.items() if where not in blamed)
    assert all(found.beyond[where].z > 3.5 for where in blamed)


@pytest.mark.parametrize(
    "since",
    [
        usually,
        lambda cohort, site, device: usually(cohort, site, device) + 0.15 * (cohort == "en-IN"),
        lambda cohort, site, device: usually(cohort, site, device) * (2.0 if cohort == "en-IN" else 1.0),
        lambda cohort, site, device: usually(cohort, site, device) + 0.1,
    ],
    ids=["nothing", "the cohort by points", "the cohort by a factor", "everybody"],
)
def test_where_no_slice_rose_beyond_others_none_is_likely(since: Rate) -> None:
    assert max(likely(usually, since).chance.values()) < 0.5


@pytest.mark.parametrize("cohorts", [None, ("en-IN",)])
def test_values_that_are_all_there_are_of_an_attribute_are_no_answer(cohorts: Sequence[str] | None) -> None:
    found = likely(usually, risen(lambda *_: 0.35), cohorts=cohorts)
    assert max(found.chance.values()) < 0.5


def test_a_part_of_a_slice_that_rose_somewhat_more_is_no_better_answer() -> None:
    found = likely(
        usually,
        risen(
            lambda cohort, site, device: (
                (0.18 if device == "cart" else 0.13) * (cohort == "en-IN" and site == "ward")
            )
        ),
    )
    assert found.chance[WARD] > 0.8
    assert found.chance[CART_IN_WARD] < 0.2


def test_a_pair_is_no_worse_an_answer_than_its_value_where_all_cells_differ_by_themselves() -> None:
    rng = np.random.default_rng(7)
    own = {(site, device): rng.normal(0.0, 0.05) for site in SITES for device in DEVICES}
    pair = ("en-IN", "ward", "cart")
    found = likely(usually, risen(lambda *where: max(own[where[1:]], -0.05) + 0.3 * (where == pair)))
    assert found.chance[CART_IN_WARD] > found.chance[WARD]
    assert found.chance[CART_IN_WARD] > found.chance[CART]
    assert found.cautious[CART_IN_WARD] < 1.0


def test_where_cells_differ_as_expected_caution_changes_nothing() -> None:
    found = likely(usually, risen(lambda *where: 0.2 * (where == ("en-IN", "ward", "cart"))))
    assert found.cautious == found.chance


def test_the_devices_of_a_ward_are_told_as_the_ward() -> None:
    made = {
        cohort: [
            Splits((("device", f"{site} {number}"), ("site", site)), *sides, ("ann", "bob", "eve"), 0.0)
            for site in SITES
            for number in range(3)
            for rate in [0.1 + 0.15 * (site == "ward")]
            for sides in [(counts(0.1, 30), counts(rate, 10))]
        ]
        for cohort in COHORTS
    }
    candidates = sorted({each[:1] for own in made.values() for split in own for each in [split.attributes]})
    candidates += sorted({split.attributes[1:] for own in made.values() for split in own})
    rises = Rises.of(made, usual(made), ["en-IN"])
    assert rises is not None
    chance = weigh(rises, candidates, ["en-IN"], ()).chance
    assert chance[WARD] > 0.8
    assert sum(chance.values()) < 1.2


def test_a_value_that_nobody_had_before_is_likelier_to_blame() -> None:
    def by(cohort: str, site: str, _: str) -> float:
        return 0.06 * (cohort == "en-IN" and site == "ward")

    chances = [likely(usually, risen(by), new=new).chance[WARD] for new in ((), (WARD,))]
    assert chances[0] < chances[1]


def test_without_speech_before_or_since_nothing_can_be_compared() -> None:
    made = splits(usually, usually)
    silent = {
        name: [Splits(each.attributes, SliceCounts(), each.after, (), 0.0) for each in own]
        for name, own in made.items()
    }
    assert Rises.of(silent, usual(made), ["en-IN"]) is None
    assert Rises.of({}, {}, ["en-IN"]) is None


def test_so_many_cells_at_most_are_looked_at_and_those_in_question_first() -> None:
    place = counts(0.1, 2)
    many = {
        name: [Splits((("site", f"s{k}"),), place, place, (), 0.0) for k in range(MOST_CELLS)]
        for name in COHORTS
    }
    rises = Rises.of(many, usual(many), ["en-NG"])
    assert rises is not None
    assert rises.cohorts == ("en-NG",) * MOST_CELLS


@given(
    rates=st.lists(st.tuples(st.floats(0.0, 1.0), st.floats(0.0, 1.0)), min_size=45, max_size=45),
    everybody=st.booleans(),
)
@settings(max_examples=25)
def test_chances_are_chances_whatever_was_said(rates: list[tuple[float, float]], *, everybody: bool) -> None:
    by = dict(zip([(c, s, d) for c in COHORTS for s in SITES for d in DEVICES], rates, strict=True))
    made = splits(lambda *where: by[where][0], lambda *where: by[where][1], sessions=4)
    rises = Rises.of(made, usual(made), COHORTS if everybody else ["en-IN"])
    assert rises is not None
    assert np.isfinite(rises.whitened).all()
    found = weigh(rises, [WARD, ICU, CART, CART_IN_WARD], None if everybody else ["en-IN"], ())
    assert all(0.0 <= chance <= 1.0 + 1e-9 for chance in found.chance.values())
    assert all(math.isfinite(each.z) and each.error >= 0.0 for each in found.beyond.values())
