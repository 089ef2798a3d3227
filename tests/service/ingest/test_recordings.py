"""References by recording: kept until all of it is there, scored as one text, its counts shared out."""

import asyncio
import json
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from commands import call
from conftest import CLIENT, BadDay, RunningService, eventually

from service.api.translate import Translator
from service.api.wire import ReferenceIn, UtteranceIn, made
from service.config import Config
from service.ingest.recording_score import scores
from service.pipeline import Pipeline
from service.records import Record, RecordingReference

HOUR_S = 3_600
RANDOM = {"selection": "random", "probability": 0.5}
HEARD = ["no fever since monday", "he says he has no pain", "", "and the leg is better"]
SPOKEN = "no fever since on monday he said he had no pain at all either and the leg is better"
COUNTS = {
    "visit:0": (0, 1, 0, 4),
    "visit:1": (2, 0, 0, 4),
    "visit:2": (0, 3, 0, 0),
    "visit:3": (0, 0, 0, 5),
}
"""Substitutions, deletions, insertions and hits of each under `SPOKEN`."""
Make = Callable[..., RunningService]


def utterance(number: int, **more: Any) -> dict[str, Any]:
    return {
        "utterance_id": f"visit:{number}",
        "recording_id": "visit",
        "hypothesis": HEARD[number],
        "speaker_id": f"s-{number % 2}",
        "attributes": {"accent": ("en-GB", "en-IN")[number % 2]},
        "spoken_at": f"2026-03-02T08:00:0{number}Z",
        **more,
    }


def send(service: RunningService, *numbers: int) -> None:
    lines = "\n".join(json.dumps(utterance(number)) for number in numbers).encode()
    answer = service.post("/v1/utterances", lines, **{"content-type": "application/x-ndjson"})
    assert answer.json()["accepted"] == len(numbers)


def correct(service: RunningService, **body: Any) -> Any:
    return service.post("/v1/references", {"recording_id": "visit", "reference": SPOKEN, **RANDOM, **body})


def ask(service: RunningService, query: str) -> list[Any]:
    with closing(sqlite3.connect(f"file:{service.data_dir}/werwatch.db?mode=ro", uri=True)) as db:
        return db.execute(query).fetchall()


def scored(service: RunningService) -> dict[str, tuple[int, ...]]:
    rows = ask(service, "SELECT utterance_id, substitutions, deletions, insertions, hits FROM scored")
    return {key: tuple(counts) for key, *counts in rows}


@pytest.fixture
def settled(make_service: Make) -> RunningService:
    """A service that expects no more of a recording as soon as something of it is there."""
    return make_service(recordings={"settle": "0s"})


def test_a_recording_is_scored_as_one_text_in_spoken_order_however_it_came(settled: RunningService) -> None:
    send(settled, 3, 0)
    send(settled, 2, 1)
    answer = correct(settled)
    assert answer.status_code == 200
    assert answer.json() == {
        "recording_id": "visit",
        "status": "scored",
        "utterances": 4,
        "reference_words": 19,
        "substitutions": 2,
        "deletions": 4,
        "insertions": 0,
        "used_for_detection": True,
    }
    assert scored(settled) == COUNTS
    assert ask(settled, "SELECT utterance_id FROM scored ORDER BY seq") == [(key,) for key in COUNTS]
    assert settled.get("/v1/cohorts/en-GB")["reference_words"] == 5 + 3
    words = 'werwatch_reference_words_total{cohort="en-IN",selection="random"} 11.0'
    assert words in settled.scrape()


def test_of_the_same_time_what_begins_earlier_was_spoken_earlier_then_what_has_the_lower_number(
    settled: RunningService,
) -> None:
    at = {"recording_id": "visit", "spoken_at": "2026-03-02T08:00:00Z"}
    for body in (
        {"utterance_id": "u-10", "hypothesis": "three"},
        {"utterance_id": "u-9", "hypothesis": "two"},
        {"utterance_id": "a", "hypothesis": "four", "audio": {"start_s": 2.5}},
        {"utterance_id": "z", "hypothesis": "one"},
    ):
        settled.post("/v1/utterances", {**at, **body})
    assert correct(settled, reference="two three one four").json()["substitutions"] == 0


def test_without_a_count_a_recording_is_scored_once_nothing_of_it_has_come_for_a_while(
    make_service: Make, tmp_path: Path
) -> None:
    day = BadDay(tmp_path)
    service = make_service(*day.program, recordings={"settle": "1h"})
    assert correct(service).json() == {"recording_id": "visit", "status": "waiting"}
    send(service, 0, 1)
    send(service, 2, 3)
    assert correct(service).json()["status"] == "duplicate"
    assert not scored(service)
    day.becomes(clock_s=2 * HOUR_S)
    assert eventually(lambda: scored(service) == COUNTS)
    assert correct(service).json() == {
        "recording_id": "visit",
        "status": "duplicate",
        "utterances": 4,
        "reference_words": 19,
        "substitutions": 2,
        "deletions": 4,
        "insertions": 0,
    }


def test_with_a_count_a_recording_is_scored_once_all_of_it_is_there(make_service: Make) -> None:
    service = make_service()
    send(service, 0, 1)
    assert correct(service, utterances=4).status_code == 202
    send(service, 3)
    service.kill()
    service.start()
    send(service, 2)
    assert eventually(lambda: scored(service) == COUNTS)
    assert [row[0] for row in ask(service, "SELECT reference FROM recording_references")] == [None]


def test_a_later_reference_takes_the_place_of_one_that_waits_and_the_first_one_that_is_scored_counts(
    settled: RunningService,
) -> None:
    assert correct(settled, reference="nothing of this").status_code == 202
    assert correct(settled).json()["status"] == "replaced"
    send(settled, 0, 1, 2, 3)
    assert eventually(lambda: scored(settled) == COUNTS)
    answer = correct(settled, reference="nothing of this")
    assert answer.status_code == 409
    assert "scored already with another reference" in answer.json()["detail"]


def test_what_comes_after_the_scoring_is_told_to_be_late_and_takes_a_reference_of_its_own(
    settled: RunningService,
) -> None:
    send(settled, 0, 1, 3)
    assert correct(settled).json()["utterances"] == 3
    before = scored(settled)
    late = settled.post("/v1/utterances", utterance(2)).json()
    assert late == {"utterance_id": "visit:2", "status": "accepted", "late": True, "cohort": "en-GB"}
    assert "werwatch_late_utterances_total 1.0" in settled.scrape()
    own = {"utterance_id": "visit:2", "reference": "at all", **RANDOM}
    assert settled.post("/v1/references", own).json()["deletions"] == 2
    assert scored(settled) == {**before, "visit:2": (0, 2, 0, 0)}


def test_what_has_a_score_of_its_own_keeps_it(settled: RunningService) -> None:
    send(settled, 0, 1, 2, 3)
    own = {"utterance_id": "visit:1", "reference": "he said he had no pain at all either", **RANDOM}
    assert settled.post("/v1/references", own).json()["status"] == "scored"
    assert correct(settled).json()["utterances"] == 3
    assert scored(settled) == {**COUNTS, "visit:1": (2, 3, 0, 4), "visit:2": (0, 0, 0, 0)}
    again = correct(settled, passage=True, reference="no fever since on monday he said")
    assert again.status_code == 422


def test_a_verdict_says_that_all_of_a_recording_is_right(settled: RunningService) -> None:
    send(settled, 0, 1, 2, 3)
    body = {"recording_id": "visit", "verdict": "correct", **RANDOM}
    answer = settled.post("/v1/references", body).json()
    assert (answer["utterances"], answer["reference_words"], answer["deletions"]) == (4, 15, 0)


def test_a_passage_is_scored_where_it_fits_and_the_rest_waits(settled: RunningService) -> None:
    send(settled, 0, 1, 2, 3)
    answer = correct(settled, passage=True, reference="no fever since on monday")
    assert answer.json()["utterances"] == 1
    assert scored(settled) == {"visit:0": COUNTS["visit:0"]}
    assert correct(settled).json()["utterances"] == 3
    assert scored(settled) == COUNTS


def test_a_passage_that_fits_nowhere_or_at_several_places_is_refused(settled: RunningService) -> None:
    send(settled, 0, 1, 2, 3)
    nowhere = correct(settled, passage=True, reference="take two of these every day")
    assert nowhere.status_code == 422
    assert "fits nowhere in this recording" in nowhere.json()["detail"]
    settled.post("/v1/utterances", {**utterance(0), "utterance_id": "visit:4"})
    several = correct(settled, passage=True, reference="no fever since monday")
    assert several.status_code == 422
    assert "fits at several places" in several.json()["detail"]
    assert not scored(settled)
    assert 'werwatch_recording_references_total{outcome="refused"} 2.0' in settled.scrape()
    # What is refused is not forgotten: once it fits it is taken.
    settled.post("/v1/utterances", {**utterance(0), "utterance_id": "visit:4", "hypothesis": "take two"})
    assert correct(settled, passage=True, reference="no fever since monday").json()["status"] == "scored"


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ({"utterance_id": "visit:0"}, "recording_id: only taken together with hypothesis"),
        ({"recording_id": None}, "expected utterance_id or recording_id"),
        ({"hypothesis": "no"}, "utterance_id: this field is required with a hypothesis"),
        ({"reference": None, "verdict": "correct", "passage": True}, "passage: expected a reference"),
        ({"utterances": 0}, "utterances: "),
        ({"recording_id": None, "utterance_id": "visit:0", "passage": True}, "passage and utterances belong"),
    ],
)
def test_what_does_not_fit_together_is_refused(
    settled: RunningService, body: dict[str, Any], fault: str
) -> None:
    answer = correct(settled, **body)
    assert answer.status_code == 422
    assert fault in answer.json()["detail"]


def test_a_recording_without_end_is_refused(settled: RunningService) -> None:
    for begin in (0, 2_600):
        lines = "\n".join(
            json.dumps({"utterance_id": f"u{number}", "recording_id": "visit", "hypothesis": "no"})
            for number in range(begin, begin + 2_600)
        ).encode()
        settled.post("/v1/utterances", lines, **{"content-type": "application/x-ndjson"}).raise_for_status()
    refused = correct(settled)
    assert refused.status_code == 422
    assert "more than 5,000 utterances" in refused.json()["detail"]
    assert correct(settled, utterances=5_001).status_code == 422


def test_many_references_by_recording_come_as_lines(settled: RunningService) -> None:
    for number in range(3):
        recording = {"recording_id": f"r-{number}", "utterance_id": f"r-{number}:0"}
        settled.post("/v1/utterances", {**utterance(0), **recording})
    lines = "\n".join(
        json.dumps({"recording_id": f"r-{number}", "reference": "no fever since monday", **RANDOM})
        for number in range(3)
    )
    answer = settled.post("/v1/references", lines.encode(), **{"content-type": "application/x-ndjson"}).json()
    assert (answer["waiting"], answer["rejected"]) == (3, 0)
    assert eventually(lambda: len(scored(settled)) == 3)


def test_an_erased_utterance_takes_every_reference_for_its_recording_with_it(settled: RunningService) -> None:
    send(settled, 0, 1)
    assert correct(settled, passage=True, reference="no fever since on monday").status_code == 200
    assert correct(settled, utterances=4).json()["status"] == "waiting"
    erased = settled.post("/v1/erasures", {"utterance_id": "visit:1"}).json()
    assert (erased["unreferenced"], erased["scored"]) == (2, 0)
    [(state, content)] = ask(settled, "SELECT state, content FROM recording_references")
    assert (state, content) == ("erased", bytes(16))
    assert ask(settled, "SELECT reference_content FROM scored") == [(b"by its recording",)]
    for passage in (False, True):
        refused = correct(settled, passage=passage)
        assert refused.status_code == 410
        assert "something of this recording was erased" in refused.json()["detail"]
    send(settled, 2)
    own = {"utterance_id": "visit:2", "verdict": "correct", **RANDOM}
    assert settled.post("/v1/references", own).json()["status"] == "scored"


def test_a_recording_is_erased_with_what_waits_for_it(settled: RunningService) -> None:
    send(settled, 0, 1)
    assert correct(settled, passage=True, reference="no fever since on monday").status_code == 200
    assert correct(settled, utterances=4).status_code == 202
    erased = settled.post("/v1/erasures", {"recording_id": "visit"}).json()
    assert (erased["unreferenced"], erased["scored"]) == (2, 1)
    assert settled.post("/v1/utterances", utterance(1)).status_code == 410
    assert correct(settled).status_code == 410
    # A reference that waits alone is found by nothing else.
    assert correct(settled, recording_id="other").status_code == 202
    assert settled.post("/v1/erasures", {"recording_id": "other"}).json()["unreferenced"] == 1
    assert [row["subject"] for row in settled.get("/v1/erasures")["erasures"]] == ["recording", "recording"]


def test_what_became_of_references_is_told(settled: RunningService) -> None:
    missing = "no utterance and no reference names this recording"
    assert CLIENT.get(f"{settled.api}/v1/recordings/visit").json()["detail"] == missing
    send(settled, 0, 1)
    correct(settled, passage=True, reference="no fever since on monday")
    correct(settled, passage=True, reference="take two of these every day")
    correct(settled, utterances=4)
    told = settled.get("/v1/recordings/visit")
    assert (told["utterances"], told["scored_utterances"]) == (2, 1)
    scored, refused, waiting = told["references"]
    assert (scored["status"], scored["utterances"], scored["deletions"]) == ("scored", 1, 1)
    assert refused["status"] == "refused"
    assert "fits nowhere" in refused["reason"]
    assert (waiting["status"], waiting["needed_utterances"], waiting["due_at"]) == ("waiting", 4, None)


def test_what_waits_goes_with_its_retention_and_what_is_nearly_gone_is_refused(
    make_service: Make, tmp_path: Path
) -> None:
    day = BadDay(tmp_path, clock_s=-29 * 86_400.0)
    service = make_service(*day.program, recordings={"settle": "0s"})
    send(service, 0, 1)
    assert correct(service, recording_id="other").status_code == 202
    day.becomes()
    refused = correct(service)
    assert refused.status_code == 422
    assert "some may be gone" in refused.json()["detail"]
    assert correct(service, utterances=2).json()["utterances"] == 2
    day.becomes(clock_s=2 * 86_400.0)
    recordings = 'werwatch_unmatched{kind="recordings"}'
    assert eventually(lambda: f"{recordings} 0.0" in service.scrape())
    assert 'werwatch_forgotten_rows_total{kind="reference",reason="age"} 1.0' in service.scrape()


def test_another_key_leaves_no_reference_that_waits(settled: RunningService) -> None:
    send(settled, 0)
    correct(settled, utterances=2)
    settled.stop()
    config = settled.folder / "werwatch.yaml"
    done = call("rotate-key", "--yes", "--author", "test", "--config", config)
    done.check_returncode()
    assert "1 references without an utterance are deleted" in done.stdout + done.stderr
    settled.start()
    assert CLIENT.get(f"{settled.api}/v1/recordings/visit").status_code == 404


@pytest.mark.parametrize("keep_text", [False, True])
def test_words_of_a_reference_lie_nowhere(make_service: Make, *, keep_text: bool) -> None:
    settled = make_service(privacy={"keep_text": keep_text})
    send(settled, 0)
    correct(settled, utterances=2, reference="an unmistakable xylophone")
    for path in settled.data_dir.iterdir():
        if path.is_file():
            assert b"xylophone" not in path.read_bytes()
    assert "xylophone" not in settled.log


def test_a_reference_that_the_service_fails_on_waits_for_its_next_start_and_holds_up_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fails(reference: RecordingReference, *others: Any, **more: Any) -> Any:
        if reference.utterances == 1:
            raise ValueError("no fever")
        return scores(reference, *others, **more)

    monkeypatch.setattr("service.ingest.recordings.scores", fails)
    pipeline = Pipeline(Config.model_validate({"data_dir": tmp_path}))
    translator = Translator(pipeline.config, pipeline.hasher, pipeline.counts)

    def sent(name: str, **more: Any) -> Record:
        body = {"recording_id": name, "reference": "no fever", **more}
        return translator.reference(made(ReferenceIn, body), time.time())

    async def send_all() -> list[str]:
        for name in ("bad", "good"):
            spoken = {"utterance_id": name, "recording_id": name, "hypothesis": "no fever"}
            await pipeline.accept_one(translator.utterance(made(UtteranceIn, spoken), time.time()))
        bad = await pipeline.accept_one(sent("bad", utterances=1))
        await pipeline.accept_one(sent("good"))
        await pipeline.recordings.score_rest()
        return [bad.outcome]

    pipeline.start()
    try:
        assert asyncio.run(send_all()) == ["waiting"]
        assert pipeline.counts.recordings == {"scored": 1, "refused": 0}
    finally:
        pipeline.close()
    assert caplog.text.count("waits for the next start: ValueError at ") == 1
    assert "no fever" not in caplog.text
