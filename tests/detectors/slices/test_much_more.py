"""A slice is named if it rose by much more than all else, which may have risen as well: surely twice that."""

from collections.abc import Callable

from detectors.slices.counts import SliceCounts
from detectors.slices.divided import Divided, Splits
from detectors.slices.naming import Naming
from detectors.slices.table import SliceTable
from detectors.tally import Tally

SITES, WARD = ("er", "icu", "lab", "ward", "xray"), (("site", "ward"),)
OTHERS = ("en-GB", "en-NG")
WORDS = 60


def sessions(rate: float, count: int) -> SliceCounts:
    made = SliceCounts()
    for number in range(count):
        wrong = min(max(round(rate * WORDS) + (4 if number % 2 else -4), 0), WORDS)
        made.add(Tally(utterances=4, substitutions=wrong, reference_words=WORDS, capped_errors=wrong))
    return made


def naming(rises: Callable[[str], float], count: int = 40) -> Naming:
    """Of en-IN, whose rate was 10 % and whose sites rose by this; other cohorts did not rise."""
    splits = {
        cohort: Divided(
            tuple(
                Splits(
                    (("site", site),),
                    sessions(0.1, 3 * count),
                    sessions(0.1 + (rises(site) if cohort == "en-IN" else 0.0), count),
                    ("ann", "bob", "eve"),
                    0.0,
                )
                for site in SITES
            )
        )
        for cohort in ("en-IN", *OTHERS)
    }
    return Naming(SliceTable.of(splits, [(("site", site),) for site in SITES]), "en-IN")


def test_the_only_site_that_rose_is_named() -> None:
    assert naming(lambda site: 0.15 * (site == "ward")).named() == [WARD]


def test_a_site_that_rose_about_twice_as_much_as_all_others_is_neither_named_nor_likely() -> None:
    """Engines' changes hit unequally: a rise everywhere comes from no site."""
    found = naming(lambda site: 0.21 if site == "ward" else 0.1)
    assert found.named() == []
    assert found.likely() is None


def test_a_site_that_rose_by_far_more_than_all_others_is_named_though_they_rose_as_well() -> None:
    assert naming(lambda site: 0.4 if site == "ward" else 0.1).named() == [WARD]


def test_two_sites_are_named_that_rose_alike() -> None:
    found = naming(lambda site: 0.15 * (site in ("ward", "icu")))
    assert set(found.named()) == {WARD, (("site", "icu"),)}


def test_nothing_is_said_of_where_nearly_all_speech_is_on_one_site() -> None:
    splits = [
        Splits((("site", site),), sessions(0.1, 60), sessions(0.4, 12 if site == "ward" else 1), (), 0.0)
        for site in ("ward", "xray")
    ]
    others = [Splits((("site", site),), sessions(0.1, 60), sessions(0.1, 20), (), 0.0) for site in SITES]
    table = SliceTable.of({"en-IN": Divided(tuple(splits)), "en-GB": Divided(tuple(others))}, [WARD])
    found = Naming(table, "en-IN")
    assert found.looked_at == [WARD]
    assert found.named() == []
    assert found.likely() is None
