"""Edited references are counted apart, and feed a detector only where that is asked for."""

from collections.abc import Callable
from typing import Any

from conftest import RunningService

from service.config import Config
from service.store.rows.slices import slice_rows

RANDOM = {"selection": "random", "probability": 1.0}


def correct(service: RunningService, number: int, kind: str, accent: str = "en-GB") -> Any:
    body = {
        "utterance_id": f"u-{number}",
        "hypothesis": "no fever since monday",
        "reference": "no fever at all since monday",
        "reference_kind": kind,
        "attributes": {"accent": accent},
    }
    answer = service.post("/v1/references", {**body, **RANDOM})
    assert answer.json()["deletions"] == 2
    return answer.json()["used_for_detection"]


def test_edited_references_are_in_no_sum_of_others(make_service: Callable[..., RunningService]) -> None:
    service = make_service()
    used = [
        correct(service, number, kind) for number, kind in enumerate(("verbatim", "read_script", "edited"))
    ]
    assert used == [True, True, False]
    [cohort] = service.get("/v1/cohorts")["cohorts"]
    assert (cohort["scored_utterances"], cohort["reference_words"]) == (2, 12)
    assert cohort["by_selection"] == {"random": {"scored_utterances": 2, "errors": 4, "reference_words": 12}}
    assert cohort["edited"] == {"scored_utterances": 1, "errors": 2, "reference_words": 6}
    config = Config.model_validate({"data_dir": service.data_dir})
    assert {row.utterance_id for row in slice_rows(config, {"cohort": "en-GB"}, 10)} == {"u-0", "u-1"}
    scrape = service.scrape()
    labels = 'cohort="en-GB",selection="random"'
    for line in (
        f"werwatch_scored_utterances_total{{{labels}}} 2.0",
        f"werwatch_reference_words_total{{{labels}}} 12.0",
        f'werwatch_word_errors_total{{{labels},type="deletion"}} 4.0',
        'werwatch_edited_references_total{cohort="en-GB"} 1.0',
        'werwatch_edited_reference_words_total{cohort="en-GB"} 6.0',
        'werwatch_edited_word_errors_total{cohort="en-GB",type="deletion"} 2.0',
    ):
        assert line in scrape


def test_a_cohort_with_edited_references_alone_has_none_for_detection(
    make_service: Callable[..., RunningService],
) -> None:
    service = make_service()
    correct(service, 0, "edited")
    shown = service.get("/v1/cohorts")
    assert shown["reference_kinds_used_for_detection"] == ["verbatim", "read_script"]
    edited = {"scored_utterances": 1, "errors": 2, "reference_words": 6}
    assert shown["cohorts_without_references_for_detection"] == [
        {"cohort": "en-GB", "by_selection": {}, "edited": edited}
    ]


def test_edited_references_feed_the_detector_where_that_is_asked_for_and_are_counted_apart_all_the_same(
    make_service: Callable[..., RunningService],
) -> None:
    service = make_service(detection={"reference_kinds": ["verbatim", "edited"]})
    used = [
        correct(service, number, kind) for number, kind in enumerate(("verbatim", "read_script", "edited"))
    ]
    assert used == [True, False, True]
    [cohort] = service.get("/v1/cohorts")["cohorts"]
    assert cohort["scored_utterances"] == 2
    assert cohort["by_selection"]["random"]["scored_utterances"] == 2
    assert cohort["edited"]["scored_utterances"] == 1
