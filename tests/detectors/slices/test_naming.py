"""What is named as a cause: what explains enough of a rise, rose itself, and stands out from all else."""

from collections.abc import Callable

import pytest

from detectors.slices.counts import SliceCounts
from detectors.slices.divided import Divided, Splits
from detectors.slices.marginals import Where
from detectors.slices.naming import Naming
from detectors.slices.part import Part, Prior, Sides, Usual
from detectors.slices.table import BETWEEN_SLICES, PRIOR_ERRORS, SliceTable
from detectors.tally import Tally

SITES = ("er", "icu", "lab", "ward", "xray")
WARD: Where = (("site", "ward"),)
Rate = Callable[[str], float]


def counts(rate: float, sessions: int, apart: int = 4) -> SliceCounts:
    """Sessions of 60 words, half of them so many errors above the rate and half below."""
    made = SliceCounts()
    for number in range(sessions):
        wrong = min(max(round(60 * rate) + (apart if number % 2 else -apart), 0), 60)
        made.add(Tally(utterances=4, substitutions=wrong, reference_words=60, capped_errors=wrong))
    return made


def naming(
    since: Rate, sessions: Callable[[str], int], apart: int = 4, before: float = 0.15, *, are_apart: bool
) -> Naming:
    """Of a cohort that has a rate on all sites, and one of these rates since."""
    own = Divided(
        tuple(
            Splits(
                (("site", site),),
                counts(before, 4 * sessions(site), apart),
                counts(since(site), sessions(site), apart),
                ("ann", "bob", "eve"),
                0.0,
            )
            for site in SITES
        )
    )
    divided = own.apart() if are_apart else own
    return Naming(SliceTable.of({"en": divided}, [(("site", site),) for site in SITES]), "en")


@pytest.fixture(params=[False, True], ids=["combinations", "apart"])
def are_apart(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


@pytest.mark.parametrize(("elsewhere", "is_named"), [(0.0, True), (0.0667, True), (0.1, False)])
def test_what_explains_less_than_a_quarter_of_what_surely_is_excess_is_no_answer(
    elsewhere: float, *, is_named: bool, are_apart: bool
) -> None:
    # The ward has one session in thirteen, and rises by three or more times as much as all else.
    found = naming(
        lambda site: 0.15 + (0.3 if site == "ward" else elsewhere),
        lambda site: 40 if site == "ward" else 120,
        are_apart=are_apart,
    )
    assert found.chance[WARD] > 0.8
    assert found.named() == ([WARD] if is_named else [])


def test_a_slice_that_stayed_where_all_else_improved_did_not_get_worse(*, are_apart: bool) -> None:
    found = naming(
        lambda site: 0.1667 if site == "ward" else 0.05,
        lambda site: 20 * (1 + (site != "ward")),
        are_apart=are_apart,
    )
    risen = found.table.rise(WARD, ["en"])
    assert risen is not None
    assert 0.5 < risen.z < 1.9
    assert found.chance[WARD] > 0.8
    assert found.named() == []


def test_what_all_else_may_have_risen_by_in_chance_is_not_held_against_a_slice(*, are_apart: bool) -> None:
    # All else rises by some 1.7 points, less than twice what that is known by, over ninety times the words.
    found = naming(
        lambda site: 0.7167 if site == "ward" else 0.3167,
        lambda site: 7 if site == "ward" else 160,
        apart=13,
        before=0.3,
        are_apart=are_apart,
    )
    elsewhere = found.table.without([WARD]).rise((), ["en"])
    assert elsewhere is not None
    assert 0.5 < elsewhere.z < 2.0
    own, rest = found.excess(WARD).errors, 640 * 60 * elsewhere.value
    assert own < 0.25 * (own + rest)
    assert found.named() == [WARD]


def test_a_site_under_the_engine_that_is_everywhere_by_now_is_told_as_the_site(*, are_apart: bool) -> None:
    parts = [
        Splits(
            (("engine", engine), ("site", site)),
            counts(0.15, 30),
            counts(0.15 + 0.2 * (site == "ward"), 30 if engine == "new" else 0),
            ("ann", "bob", "eve"),
            0.0,
        )
        for site in SITES
        for engine in ("new", "old")
    ]
    own = Divided(tuple(parts)).apart() if are_apart else Divided(tuple(parts))
    pair: Where = (("engine", "new"), *WARD)
    found = Naming(SliceTable.of({"en": own}, [WARD, (("site", "er"),), (("engine", "new"),), pair]), "en")
    assert pair not in found.looked_at
    assert found.named() == [WARD]


def table() -> SliceTable:
    """Others have twice their rates on the ward; en-IN has hardly been there."""
    rates = {"en-GB": 0.1, "en-NG": 0.2, "en-IN": 0.15}
    divided = {
        name: Divided(
            tuple(
                Splits(
                    (("site", site),),
                    counts(rate * (2 if site == "ward" else 1), sessions),
                    counts(rate, 10),
                    ("ann",),
                    0.0,
                )
                for site in SITES
                for sessions in [0 if (name, site) == ("en-IN", "ward") else 40]
            )
        )
        for name, rate in rates.items()
    }
    return SliceTable.of(divided, [(("site", site),) for site in (*SITES, "new")])


def test_a_cohort_without_a_past_in_a_slice_is_expected_at_its_rate_times_what_is_usual_there() -> None:
    made = table()
    prior, everywhere = made.prior(WARD, "en-IN"), made.usual["en-IN"].before
    words = {name: made.slices[WARD][name].before for name in ("en-GB", "en-NG")}
    errors = sum(each.errors for each in words.values())
    expected = sum(each.words * made.usual[name].before for name, each in words.items())
    assert everywhere == pytest.approx(0.15)
    assert prior.rate == pytest.approx(everywhere * (errors + PRIOR_ERRORS) / (expected + PRIOR_ERRORS))
    assert 1.5 < prior.rate / everywhere < 1.7
    assert prior.variance == pytest.approx((BETWEEN_SLICES * everywhere) ** 2)
    part = made.part(WARD, "en-IN")
    assert (part.baseline.value, part.baseline.variance) == (prior.rate, prior.variance)


def test_of_a_slice_that_nobody_had_before_as_much_is_expected_as_of_everything_else() -> None:
    made = table()
    assert made.prior((("site", "new"),), "en-GB") == Prior(made.usual["en-GB"].before, 0.0)


def test_a_baseline_lies_between_what_was_and_what_is_expected_by_how_well_each_is_known() -> None:
    usual, prior = Usual(1.0, 0.1, 0.1), Prior(0.1, 0.02**2)
    found = [Part.of(Sides(counts(0.2, n), counts(0.2, 10)), prior, usual) for n in (0, 4, 400)]
    assert found[0].baseline.value == 0.1
    assert found[0].baseline.value < found[1].baseline.value < found[2].baseline.value < 0.2
    own = counts(0.2, 4).variance(1.0, usual.smoothed(counts(0.2, 4), since=False))
    weight = prior.variance / (prior.variance + own)
    assert found[1].baseline.value == pytest.approx(0.1 + weight * 0.1)
    assert found[1].baseline.variance == pytest.approx(weight * own)
    assert found[1].rise.value == pytest.approx(0.2 - found[1].baseline.value)
    assert found[1].excess_errors == pytest.approx(10 * 60 * found[1].rise.value)


def test_of_slices_that_overlap_only_the_first_is_taken_out_where_they_are_counted_apart() -> None:
    places = [(("device", device), ("site", site)) for site in SITES for device in ("cart", "phone")]
    own = Divided(tuple(Splits(place, counts(0.1, 5), counts(0.2, 5), ("ann",), 0.0) for place in places))
    cart: Where = (("device", "cart"),)
    wanted: list[Where] = [cart, WARD, (("site", "er"),)]
    whole, apart = (SliceTable.of({"en": each}, wanted) for each in (own, own.apart()))
    for named, sessions in (([WARD], 40), ([WARD, (("site", "er"),)], 30), ([cart], 25)):
        left = [each.without(named).whole["en"].after.sessions for each in (whole, apart)]
        assert left == [sessions, sessions]
    assert whole.without([WARD, cart]).whole["en"].after.sessions == 20
    assert apart.without([WARD, cart]).whole["en"].after.sessions == 40
    assert apart.without([WARD]).usual["en"].dispersion == apart.usual["en"].dispersion
