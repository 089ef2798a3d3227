"""What the page of a claim says while it is open: what is missing, in words that fit its number."""

import pytest

from detectors.alignment import ErrorCounts
from detectors.claims.claim import Claim, ClaimTest
from detectors.unit import ScoredUtterance
from service.watching.claim_facts import says

CLAIM = Claim({"site": "ward-7"}, 0.08, 0.025, filed_s=0.0)
SILENT = "nothing of this slice has been heard since it was filed, but for shifts that are not over"


def heard(own: int, *, has_speakers: bool = True) -> str:
    """What is said after so many shifts of the slice, and four times as many others, all of new speakers."""
    test = ClaimTest.start(CLAIM)
    for number in range(5 * own + 6):
        is_own = number % 5 == 4 and number < 5 * own
        scored = ScoredUtterance(
            "en",
            4_000.0 * (number + 1),
            ErrorCounts(1, 0, 0, 9),
            f"s{number}" if has_speakers else None,
            f"u{number}",
            f"c{number}",
            attributes=(("site", "ward-7" if is_own else "er"),),
        )
        test.update(CLAIM, scored, 1e9)
    return says(CLAIM, test.view())


@pytest.mark.parametrize(
    ("own", "has_speakers", "missing"),
    [
        (8, True, "2 more speakers of one side have to be heard"),
        (9, True, "1 more speaker of one side has to be heard"),
        (9, False, "1 more session of one side has to be heard"),
    ],
)
def test_how_many_are_missing_is_said_of_one_as_of_several(
    own: int, missing: str, *, has_speakers: bool
) -> None:
    said = heard(own, has_speakers=has_speakers)
    assert missing in said
    assert "nothing of this slice" not in said


def test_of_a_slice_that_nobody_sent_it_says_so() -> None:
    assert heard(0).startswith(f"Open: {SILENT}; 10 more speakers of one side have to be heard")
    assert SILENT not in heard(1)
