"""From values and pairs alone rises of values are known as they are from all combinations."""

from collections.abc import Mapping

import numpy as np
import pytest

from detectors.slices.counts import SliceCounts
from detectors.slices.divided import Divided, Splits
from detectors.slices.fit import Known, fit, spreads
from detectors.slices.overlaps import Overlaps
from detectors.slices.part import Usual
from detectors.slices.rises import ANYWHERE, BETWEEN_VALUES, OF_COHORT, UNEVEN
from detectors.slices.rises_apart import RisesApart
from detectors.slices.sums import Floats, Pair, ValueSums, values_in
from detectors.tally import Tally
from detectors.unit import Attributes

SITES, DEVICES = ("er", "icu", "lab", "ward"), ("cart", "phone", "table")
COHORTS = ("en-GB", "en-IN")
EN_IN = ["en-IN"]


def counts(rate: float, sessions: int) -> SliceCounts:
    made = SliceCounts()
    for number in range(sessions):
        wrong = min(max(round(60 * rate) + (3 if number % 2 else -3), 0), 60)
        made.add(Tally(utterances=4, substitutions=wrong, reference_words=60, capped_errors=wrong))
    return made


def divided() -> dict[str, Divided]:
    """Two cohorts; more carts on the ward; on the ward en-IN rose."""
    return {
        cohort: Divided(
            tuple(
                Splits(
                    (("device", device), ("site", site)),
                    counts(rate, 6 + number + 9 * (device == "cart" and site == "ward")),
                    counts(rate + 0.2 * (site == "ward" and cohort == "en-IN"), 3 + number % 4),
                    ("ann",),
                    0.0,
                )
                for number, (site, device) in enumerate((s, d) for s in SITES for d in DEVICES)
                for rate in [0.1 + 0.05 * (site == "er") + 0.04 * (device == "phone")]
            )
        )
        for cohort in COHORTS
    }


def usual(of: Mapping[str, Divided]) -> dict[str, Usual]:
    return {name: Usual.of(own.finest(), own.whole) for name, own in of.items()}


def in_full(
    of: Mapping[str, Divided], wheres: list[Attributes], cohorts: list[str]
) -> tuple[Floats, Floats, Floats]:
    """X' S^-1 X and X' S^-1 y of all cells on both sides, S as `RisesApart` says; each slice's precision."""
    spread, scale = usual(of), usual(of)["en-IN"].before
    values = values_in(split.attributes for own in of.values() for split in own.parts)
    sums, a_word = dict[tuple[str, bool], ValueSums](), dict[tuple[str, bool], float]()
    for name, own in of.items():
        slices = own.apart().parts
        for since in (False, True):
            known = {each.attributes: each.after if since else each.before for each in slices}
            level = spread[name].after if since else spread[name].before
            of_all = known[()].words / (spread[name].dispersion * level * (1 - level))
            a_word[name, since] = of_all / known[()].binomial_spread
            sums[name, since] = ValueSums.of_slices(
                known, values, a_word[name, since], rate=spread[name].before
            )
    before = Known(values, {name: sums[name, False] for name in of})
    tau = {
        name: ((count - 1) * between + (BETWEEN_VALUES * scale) ** 2) / count
        for name, (between, count) in spreads(before).items()
    }
    effects: dict[object, float] = {}
    rows, precision, y, x = [], [], [], []
    for name, own in of.items():
        known_effects = {pair: effect.beyond for pair, effect in fit(before, name).items()}
        mean = np.array([known_effects[pair] for pair in values])
        later = sums[name, True]
        risen = max(0.0, (later.deviation - later.by_value @ mean) / later.precision)
        for split in own.parts:
            for is_after, side in ((False, split.before), (True, split.after)):
                row: dict[object, float] = {("a", name): 1.0}
                for pair in split.attributes:
                    row["s", pair] = row["o", name, pair] = 1.0
                    effects["s", pair] = tau[pair[0]]
                    effects["o", name, pair] = (OF_COHORT * scale) ** 2
                    effects["z", name, pair] = UNEVEN**2 * risen**2 / 2
                    if is_after:
                        row["z", name, pair] = 1.0
                for kind in "agh":
                    effects[kind, name] = ANYWHERE**2
                if is_after:
                    row["g", name] = 1.0
                    usually = sum(known_effects[pair] for pair in split.attributes)
                    row["h", name] = usually / spread[name].before
                rows.append(row)
                precision.append(a_word[name, is_after] * side.words)
                y.append(side.rate - spread[name].before)
                is_in = [
                    name in cohorts and is_after and set(where) <= set(split.attributes) for where in wheres
                ]
                x.append([float(each) for each in is_in])
    z = np.array([[row.get(effect, 0.0) for effect in effects] for row in rows])
    inverse = np.linalg.inv(np.diag(1.0 / np.array(precision)) + (z * np.array(list(effects.values()))) @ z.T)
    columns = np.array(x)
    return columns.T @ inverse @ columns, columns.T @ inverse @ np.array(y), np.array(precision) @ columns


@pytest.mark.parametrize("cohorts", [EN_IN, list(COHORTS)])
def test_of_values_as_much_is_known_as_all_combinations_tell(cohorts: list[str]) -> None:
    made = divided()
    wheres: list[Attributes] = [(("site", site),) for site in SITES]
    found = RisesApart.of(made, usual(made), EN_IN)
    assert found is not None
    known, score = found.information(wheres, cohorts)
    full, full_score, precision = in_full(made, wheres, cohorts)
    # What a slice's rate scatters more than the cohort's is one more variance here.
    more = np.zeros(len(wheres))
    for name in cohorts:
        own, rates = {each.attributes: each.after for each in made[name].apart().parts}, usual(made)[name]
        level = rates.after * (1 - rates.after)
        of_whole = own[()].words / (rates.dispersion * level * own[()].binomial_spread)
        for index, where in enumerate(wheres):
            rate = rates.smoothed(own[where], since=True)
            times = max(rate * (1 - rate) / level, 1.0)
            more[index] += of_whole * own[where].words * (times - 1) / precision[index] ** 2
    kept = 1.0 / (1.0 + np.diag(full) * more)
    assert np.allclose(score, kept * full_score, rtol=1e-6)
    assert np.allclose(known, full * np.sqrt(np.outer(kept, kept)), rtol=1e-6)


def test_it_is_the_same_whether_combinations_were_summed_or_slices_counted_apart() -> None:
    made = divided()
    apart = {name: own.apart() for name, own in made.items()}
    wheres: list[Attributes] = [(("site", "er"),), (("device", "cart"), ("site", "ward"))]
    spread = usual(made)
    summed, counted = (RisesApart.of(each, spread, EN_IN) for each in (made, apart))
    assert summed is not None
    assert counted is not None
    for one, other in zip(summed.information(wheres, EN_IN), counted.information(wheres, EN_IN), strict=True):
        assert np.array_equal(one, other)
    words = [
        sum(
            split.before.words + split.after.words
            for own in made.values()
            for split in own.parts
            if set(where) <= set(split.attributes)
        )
        for where in wheres
    ]
    assert np.allclose(counted.words_in(wheres, None), words)
    assert np.allclose(np.diag(counted.shared(wheres)), words)
    assert counted.shared(wheres)[0, 1] == 0.0


def test_without_speech_since_the_onset_nothing_has_risen() -> None:
    made = {
        name: Divided(
            tuple(Splits(each.attributes, each.before, SliceCounts(), (), 0.0) for each in own.parts)
        ).apart()
        for name, own in divided().items()
    }
    assert RisesApart.of(made, usual(made), EN_IN) is None


FLOORS = {"er": "1", "icu": "1", "lab": "2", "ward": "2"}


def overlaps(of: Mapping[Attributes, int], wheres: list[Attributes]) -> tuple[Overlaps, list[Pair]]:
    """Of words by combination."""
    splits = Divided(
        tuple(Splits(place, SliceCounts(), SliceCounts(words=words), (), 0.0) for place, words in of.items())
    )
    slices = {each.attributes: each.after for each in splits.apart().parts}
    values = values_in(of)
    sums = ValueSums.of_slices(slices, values, 1.0)
    words = np.array([float(slices[where].words) for where in wheres])
    return Overlaps(Known(values, {"en": sums}), sums, wheres, words), values


def test_what_three_values_share_is_right_where_one_goes_with_another_or_all_are_drawn_apart() -> None:
    of: dict[Attributes, int] = {
        (("device", device), ("floor", FLOORS[site]), ("site", site), ("version", version)): 10 * weight
        for site in SITES
        for number, device in enumerate(DEVICES)
        for version, weight in (("10", 1 + number), ("11", 2 + 2 * number))
    }
    wheres: list[Attributes] = [
        (("device", "phone"), ("site", "ward")),
        (("device", "phone"),),
        (("floor", "2"), ("version", "11")),
        (("device", "phone"), ("version", "11")),
    ]
    found, values = overlaps(of, wheres)

    def words(*places: Attributes) -> float:
        wanted = {pair for place in places for pair in place}
        return float(sum(count for place, count in of.items() if wanted <= set(place)))

    for where, row in zip(wheres, found.with_values, strict=True):
        assert np.allclose(row, [words(where, (value,)) for value in values])
    expected = [[words(one, other) for other in wheres] for one in wheres]
    assert np.allclose(found.with_each_other(), expected)


def test_speech_that_lacks_an_attribute_is_in_no_value_of_it() -> None:
    of: dict[Attributes, int] = {
        (("device", "cart"), ("site", "ward"), ("version", "10")): 30,
        (("device", "cart"), ("site", "ward")): 10,
        (("device", "phone"), ("site", "er"), ("version", "10")): 20,
    }
    found, values = overlaps(of, [(("device", "cart"), ("site", "ward"))])
    [row] = found.with_values
    assert 20.0 < row[values.index(("version", "10"))] < 40.0
    assert row[values.index(("device", "phone"))] == 0.0


def test_of_pairs_that_are_not_counted_their_values_are_taken_to_be_drawn_apart() -> None:
    slices: dict[Attributes, SliceCounts] = {
        (): SliceCounts(words=100, errors=10),
        (("device", "cart"),): SliceCounts(words=40, errors=8),
        (("device", "phone"),): SliceCounts(words=60, errors=2),
        (("site", "er"),): SliceCounts(words=25, errors=5),
    }
    sums = ValueSums.of_slices(slices, values_in(slices), 2.0)
    assert np.allclose(sums.precisions, 2.0 * np.array([[40, 0, 10], [0, 60, 15], [10, 15, 25]]))
    assert np.allclose(sums.deviations, 2.0 * np.array([4.0, -4.0, 2.5]))
    assert (sums.precision, sums.deviation) == (200.0, 0.0)
