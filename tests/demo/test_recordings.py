"""The recordings are what their description says, and the recorder's plan is theirs."""

import json
from collections import Counter
from importlib import resources

import numpy as np
import pytest

from detectors.alignment import align
from detectors.text import Normaliser
from service.api.wire import UtteranceIn, parse
from service.demo.recorder.dictation import sentences
from service.demo.recorder.schedule import schedule
from service.demo.recorder.voices import ACCENTS, speakers
from service.demo.recording import messages, read_lines

MANIFEST = json.loads((resources.files("service.demo.recordings") / "recording.json").read_text())
SITE = MANIFEST["equipment"]["site"]


def rate(lines: list[dict[str, object]]) -> float:
    normaliser = Normaliser("en")
    counts = [
        align(normaliser.tokens(str(line["reference"])), normaliser.tokens(str(line["hypothesis"])))
        for line in lines
    ]
    return 100 * sum(c.errors for c in counts) / sum(c.reference_words for c in counts)


def test_both_have_the_length_that_is_claimed() -> None:
    hospital, control = list(read_lines("hospital")), list(read_lines("control"))
    assert len(hospital) == len(control) == MANIFEST["utterances"] >= 6_000
    assert len({line["utterance_id"] for line in hospital}) == len(hospital)


def test_they_differ_only_beside_the_equipment() -> None:
    onset, repaired = MANIFEST["equipment"]["onset"], MANIFEST["equipment"]["repaired"]
    for heard, undisturbed in zip(read_lines("hospital"), read_lines("control"), strict=True):
        is_beside = heard["attributes"]["site"] == SITE and onset <= heard["spoken_at"] < repaired
        assert bool(heard.get("equipment")) == is_beside
        if not is_beside:
            assert heard == undisturbed


def test_every_line_is_an_utterance_that_the_api_takes() -> None:
    for line in read_lines("hospital"):
        del line["reference"]
        line.pop("equipment", None)
        parse(UtteranceIn, json.dumps(line).encode())


@pytest.mark.parametrize("accent", [accent.name for accent in ACCENTS])
def test_word_error_rates_are_those_of_the_table(accent: str) -> None:
    # The table scores spoken words, this the tenth in written form as well: the normaliser closes the gap.
    row = MANIFEST["wer_percent"][accent]
    lines = [line for line in read_lines("control") if line["attributes"]["accent"] == accent]
    assert len(lines) == row["utterances"]
    assert rate(lines) == pytest.approx(row["control"], abs=1.5)
    assert 3 < row["control"] < 30
    assert len({line["speaker_id"] for line in lines}) >= 12


def test_the_noise_hits_one_accent_and_hardly_the_average() -> None:
    table = MANIFEST["wer_percent"]
    rise = {name: row["while_equipment_on"] - row["before_onset"] for name, row in table.items()}
    assert rise.pop(MANIFEST["equipment"]["accent"]) > 15
    assert max(rise.values()) < 4


def test_the_plan_is_that_of_the_recordings() -> None:
    plan = schedule(MANIFEST["seed"], 18_000)
    planned = [(d.session_id, d.speaker.speaker_id, d.site.name, d.device) for d in plan]
    recorded = [
        (line["session_id"], line["speaker_id"], line["attributes"]["site"], line["attributes"]["device"])
        for line in read_lines("hospital")
    ]
    assert planned == recorded


def test_the_templates_reach_many_sentences_and_the_accents_many_speakers() -> None:
    drawn = sentences(np.random.default_rng(1), 2_000)
    assert len({sentence.spoken for sentence in drawn}) >= 1_000
    assert len(ACCENTS) == 8
    assert all(len(speakers(accent, MANIFEST["seed"])) >= 12 for accent in ACCENTS)


def test_roughly_every_eighth_gets_a_reference_after_its_utterance() -> None:
    stream = messages("hospital")
    routes = Counter(message.route for message in stream)
    assert 7.5 < routes["/v1/utterances"] / routes["/v1/references"] < 8.5
    spoken = {m.body["utterance_id"]: m.at for m in stream if m.route == "/v1/utterances"}
    for message in stream:
        if message.route == "/v1/references":
            assert 600 <= (message.at - spoken[message.body["utterance_id"]]).total_seconds() <= 2_400
