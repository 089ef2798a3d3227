"""What is said of where a change comes from is true of rises and of falls, and of what is not known."""

from dataclasses import replace

import pytest
from notices import ATTRIBUTION, EVENT

from detectors.slices.book import Folded
from detectors.slices.stories import Stories
from service.alerts.where import change_where

WORSE_THERE = "because it suffers more than others do in the same place"
BETTER_THERE = "because it suffers less than others do in the same place"


@pytest.mark.parametrize(
    ("told", "said"),
    [
        (
            Stories(mix=0.01, exposure=0.07, interaction=-0.04, unknown=0.0),
            (
                f"+4.0 points: +7.0 because it works where others suffer as well, -4.0 {BETTER_THERE}, "
                "+1.0 because traffic moved to where WER is higher"
            ),
        ),
        (
            Stories(mix=-0.01, exposure=-0.02, interaction=0.05, unknown=0.1),
            (
                "+12.0 points: +10.0 where others, or what was before, cannot be compared, "
                f"+5.0 {WORSE_THERE}, -2.0 because it works where others improved, "
                "-1.0 because traffic moved to where WER is lower"
            ),
        ),
        (Stories(mix=0.0, exposure=0.0, interaction=0.0, unknown=0.0), ""),
    ],
)
def test_a_part_that_lowers_the_wer_is_not_said_to_raise_it(told: Stories, said: str) -> None:
    assert change_where(replace(ATTRIBUTION, stories=told), EVENT.onset_s)["why"] == said


def test_what_is_not_counted_apart_is_said() -> None:
    folded = Folded("site", 0.7642), Folded("device", 0.2)
    where = change_where(replace(ATTRIBUTION, folded=folded), EVENT.onset_s)
    assert where["not_counted_apart"] == {"site": 0.764, "device": 0.2}
    assert where["summary"].endswith(
        " in 5 sessions; not counted apart: site for 76 %, device for 20 % of the words"
    )
    nothing = change_where(replace(ATTRIBUTION, looked_at=0, folded=folded[:1]), EVENT.onset_s)
    assert nothing["summary"] == (
        "too little speech since the onset to compare slices; not counted apart: site for 76 % of the words"
    )


def test_where_none_stands_out_those_that_could_not_be_compared_are_named() -> None:
    nothing = replace(ATTRIBUTION, named=(), too_little=())
    assert change_where(nothing, EVENT.onset_s)["summary"] == "no slice stands out of 4 compared"
    ward, device, pair = (("site", "ward-7"),), (("device", "b"),), (("device", "b"), ("site", "ward-7"))
    for few, said in (
        ((pair, ward, device), "site=ward-7, device=b and others"),
        ((ward,), "site=ward-7"),
    ):
        found = change_where(replace(nothing, too_little=few), EVENT.onset_s)["summary"]
        assert found == f"no slice stands out of 4 compared; too little speech yet of {said}"
