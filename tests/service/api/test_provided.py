"""From results to utterances: names, times and attributes."""

from datetime import UTC, datetime
from typing import Any

import pytest
from engine_payloads import load

from service.api.beside import Beside
from service.api.provided import Payload, counted, named, utterance, with_paths
from service.api.wire import UtteranceIn
from service.config import Cohorts, Config
from service.errors import Refused
from service.providers import READERS
from service.providers.reading import Node
from service.settings.payloads import FromPayload

BEGAN = datetime(2026, 2, 11, 9, 15, tzinfo=UTC)
EVERYTHING = Config(attributes=["engine", "engine_version", "language", "channel", "speaker"])


def utterances(name: str, beside: Beside, config: Config = EVERYTHING, **about: Any) -> list[UtteranceIn]:
    engine, node = name.partition("/")[0], Node(load(name))
    payload = Payload(engine, node, **about)
    beside = with_paths(beside, config.ingest.get(engine), node)
    taken = counted(READERS[engine](node), beside)
    return [utterance(payload, each, beside, config) for each in named(payload, taken, beside)]


def ids(sent: list[UtteranceIn]) -> list[str]:
    return [each.utterance_id for each in sent]


def test_what_the_engine_knows_is_carried_over() -> None:
    _, sent, _ = utterances("amazon_transcribe/batch_conversation", Beside())
    assert sent.hypothesis == "Only when I climb the stairs, doctor."
    assert sent.utterance_id == "amazon_transcribe:clinic-2026-02-11-0417:1"
    assert sent.recording_id == "amazon_transcribe:clinic-2026-02-11-0417"
    assert (sent.session_id, sent.speaker_id, sent.spoken_at) == (None, None, None)
    known = {"engine": "amazon_transcribe", "language": "en-GB", "channel": "ch_0", "speaker": "spk_1"}
    assert sent.attributes == known
    assert sent.duration_s == pytest.approx(2.52)
    assert sent.audio == {"start_s": 3.02}
    assert len(sent.word_confidences or ()) == 7
    assert sent.confidence == pytest.approx(0.794286, abs=1e-6)


def test_what_is_not_declared_or_names_the_cohort_is_not_taken_from_the_engine() -> None:
    config = Config(attributes=["engine"], cohorts=Cohorts(by=["language"]))
    [sent] = utterances("amazon_transcribe/stream", Beside(), config)
    assert sent.attributes == {"engine": "amazon_transcribe"}
    [said] = utterances("amazon_transcribe/stream", Beside(attributes={"engine": "ours"}), config)
    assert said.attributes == {"engine": "ours"}


def test_speech_is_as_late_as_it_stands_in_its_audio() -> None:
    first, second, _ = utterances("deepgram/call_on_two_channels", Beside(started_at=BEGAN))
    assert [each.spoken_at for each in (first, second)] == [
        BEGAN.replace(microsecond=400_000), BEGAN.replace(second=3, microsecond=200_000)
    ]  # fmt: skip
    [event] = utterances("deepgram/live_final", Beside(), spoken_at=BEGAN)
    assert event.spoken_at == BEGAN


def test_names_are_the_callers_before_the_engines_before_the_events() -> None:
    stream, file = "amazon_transcribe/stream", "deepgram/call_on_two_channels"
    assert ids(utterances(stream, Beside({"utterance_id": "u"}))) == ["u"]
    assert ids(utterances(stream, Beside({"recording_id": "r"}))) == [
        "r:d2f1a3f4-97b0-4b57-a3b6-0a8c1e2f5d6e"
    ]
    assert ids(utterances(stream, Beside(), event_id="e")) == [
        "amazon_transcribe:d2f1a3f4-97b0-4b57-a3b6-0a8c1e2f5d6e"
    ]
    assert ids(utterances(file, Beside({"recording_id": "r"}))) == ["r:0", "r:1", "r:2"]
    assert ids(utterances(file, Beside({"utterance_id": "u", "recording_id": "r"}))) == ["u:0", "u:1"]
    assert ids(utterances("vosk/final", Beside(), event_id="e")) == ["e"]
    with pytest.raises(Refused, match="has no place in its recording of its own"):
        utterances("openai/verbose_json", Beside({"recording_id": "r"}))


def test_results_that_their_places_cannot_tell_apart_get_names_of_their_own() -> None:
    def answer(*texts: str) -> Node:
        results = [
            {"alternatives": [{"transcript": text, "confidence": 0.5}], "resultEndTime": "9s"}
            for text in texts
        ]
        return Node({"results": results, "requestId": "7", "totalBilledTime": "15s"})

    def named_of(node: Node) -> list[tuple[str, str]]:
        taken = counted(READERS["google_speech"](node), Beside())
        found = named(Payload("google_speech", node), taken, Beside())
        return [(each.utterance_id, each.result.text) for each in found]

    assert named_of(answer("no fever", "no pain", "no fever")) == [
        ("google_speech:7:9000", "no fever"),
        ("google_speech:7:9000:1", "no pain"),
        # The same again is the same.
        ("google_speech:7:9000", "no fever"),
    ]


def test_a_turn_that_comes_again_formatted_has_the_same_name() -> None:
    assert ids(utterances("assemblyai/turn", Beside({"recording_id": "r"}))) == ["r:4"]


def test_results_that_are_joined_are_in_order_and_know_what_they_share() -> None:
    left, right = utterances("deepgram/call_on_two_channels", Beside({"utterance_id": "u"}))
    assert left.hypothesis.startswith("Imaging department")
    assert left.hypothesis.endswith("before the scan.")
    assert left.duration_s == pytest.approx(9.86)
    assert right.audio == {"start_s": 3.2}
    assert len(left.word_confidences or ()) == 17
    [both] = utterances("amazon_transcribe/batch_conversation", Beside({"utterance_id": "u"}))
    assert "speaker" not in both.attributes


def test_who_knows_whether_it_is_final_has_to_say_so() -> None:
    name = "google_speech/v1_says_nothing_of_its_end"
    with pytest.raises(Refused, match="is_final") as refused:
        utterances(name, Beside())
    assert (refused.value.status, refused.value.pointer) == (422, "#/is_final")
    assert ids(utterances(name, Beside(is_final=True))) == ["google_speech:7338295511002459018:18100"]
    assert utterances(name, Beside(is_final=False)) == []


def test_a_path_of_the_configuration_counts_unless_something_is_said_beside() -> None:
    paths = FromPayload(
        attributes={"accent": "metadata.extra.accent", "site": "metadata.extra.desk", "none": "a.b[3]"},
        speaker_id="results.utterances[0].id",
    )
    node = Node(load("deepgram/call_on_two_channels"))
    found = with_paths(Beside(attributes={"accent": "en-IN"}), paths, node)
    assert found.attributes == {"accent": "en-IN", "site": "7"}
    assert found.names == {"speaker_id": "c1f6e0d4-5a1b-4d0e-8f55-000000000001"}
    with pytest.raises(Refused, match="expected a string or a whole number") as refused:
        with_paths(Beside(), FromPayload(speaker_id="results.channels[0]"), node)
    assert refused.value.pointer == "#/results/channels/0"


def test_audio_that_begins_beyond_all_calendars_is_refused() -> None:
    payload, beside = (
        Payload("vosk", Node(load("vosk/final"))),
        Beside({"utterance_id": "u"}, started_at=BEGAN),
    )
    payload.node.value["result"][0]["start"] = payload.node.value["result"][-1]["end"] = 1e15
    [each] = named(payload, counted(READERS["vosk"](payload.node), beside), beside)
    with pytest.raises(Refused, match="started_at"):
        utterance(payload, each, beside, EVERYTHING)
