"""What each engine returns, read: the words and all that is known of them, or where it is wrong."""

import math
from typing import Any

import pytest
from engine_payloads import FOLDER, NAMES, damaged, load, places, texts
from hypothesis import given, settings

from service.errors import Refused
from service.providers import READERS
from service.providers.reading import Node
from service.providers.result import Result


def read(name: str) -> list[Result]:
    return READERS[name.partition("/")[0]](Node(load(name)))


def finals(name: str) -> list[Result]:
    return [result for result in read(name) if result.is_final is not False]


def about(result: Result, *fields: str) -> tuple[Any, ...]:
    return tuple(getattr(result, field) for field in fields)


def test_every_engine_has_at_least_two_payloads() -> None:
    counts = {engine: sum(name.startswith(f"{engine}/") for name in NAMES) for engine in READERS}
    assert min(counts.values()) >= 2, counts
    assert {path.name for path in FOLDER.iterdir()} - {"cloudevents"} == set(READERS)


WORDS = {
    "amazon_transcribe/batch_conversation": [
        "Any chest pain at night?",
        "Only when I climb the stairs, doctor.",
        "How many flights?",
    ],
    "amazon_transcribe/batch_on_two_channels": ["Is the patient left handed?", "No, right handed."],
    "amazon_transcribe/medical_batch": ["Patient tolerated the procedure well."],
    "amazon_transcribe/medical_stream": ["Give her 5 milligrams of morphine."],
    "amazon_transcribe/stream": ["Please hold the line."],
    "amazon_transcribe/stream_redacted": [],
    "assemblyai/one_voice": ["Impression. Mild cardiomegaly without oedema."],
    "assemblyai/still_processing": [],
    "assemblyai/turn": ["Yes, I can hear you now."],
    "assemblyai/turn_begun": [],
    "assemblyai/two_speakers": ["Could you repeat the last four digits?", "Nine, one, four, four."],
    "azure_speech/batch": ["the wound is healing well", "no sign of infection", ""],
    "azure_speech/detailed_of_rest": ["next patient please"],
    "azure_speech/detailed_of_the_sdk": ["blood pressure one hundred thirty over eighty"],
    "azure_speech/hypothesis": [],
    "azure_speech/no_match": [""],
    "deepgram/call_on_two_channels": [
        "Imaging department, how can I help you?",
        "My mother has an appointment on Thursday.",
        "She needs to fast for four hours before the scan.",
    ],
    "deepgram/dictation": ["No acute bony injury. Degenerative change at L4 and L5."],
    "deepgram/live_final": ["I would like to move the booking to Friday."],
    "deepgram/live_interim": [],
    "deepgram/live_silence": [],
    "faster_whisper/pair_without_words": ["Swelling of the left ankle. Weight bearing is painful."],
    "faster_whisper/with_words": ["Swelling of the left ankle. Weight bearing is painful."],
    "google_speech/v1_long_running": ["the pharmacy closes at six", "and opens again at eight"],
    "google_speech/v1_says_nothing_of_its_end": ["turn towards"],
    "google_speech/v2_batch_inline": ["Continue with the same dose."],
    "google_speech/v2_recognize": ["He denies any allergies."],
    "google_speech/v2_stream_final": ["Turn towards the light."],
    "google_speech/v2_stream_partial": [],
    "openai/compatible_server": ["Pulse is seventy two."],
    "openai/verbose_json": ["The lungs are clear bilaterally. There is no pleural effusion."],
    "openai/whisper_package": ["The lungs are clear bilaterally. There is no pleural effusion."],
    "rev_ai/stream_connected": [],
    "rev_ai/stream_final": ["We need two more chairs."],
    "rev_ai/stream_partial": [],
    "rev_ai/transcript": ["Welcome back to the podcast.", "Thanks for having <inaudible>."],
    "riva/recognize": ["Lower lobe opacity has resolved."],
    "riva/recognize_with_scores": ["Lower lobe opacity has resolved."],
    "riva/stream": ["Compare with the prior study."],
    "speechmatics/batch": ["Sutures were removed today."],
    "speechmatics/batch_by_channel": ["Which floor, please?", "The third, near radiology."],
    "speechmatics/stream_about_audio": [],
    "speechmatics/stream_final": ["in the morning."],
    "speechmatics/stream_partial": [],
    "vosk/alternatives": ["check the oxygen level"],
    "vosk/final": ["open the second cabinet"],
    "vosk/partial": [],
    "vosk/silence": [],
    "whisper_cpp/full": ["No known drug allergies. Father had asthma."],
    "whisper_cpp/plain": ["No known drug allergies. Father had asthma."],
}


@pytest.mark.parametrize("name", NAMES)
def test_only_final_words_are_read(name: str) -> None:
    assert [result.text for result in finals(name)] == WORDS[name]


@pytest.mark.parametrize("name", NAMES)
def test_what_is_known_of_a_result_is_in_range(name: str) -> None:
    for result in finals(name):
        spoken = len(result.text.replace("<inaudible>", "").replace(" .", "").split())
        assert result.word_confidences is None or len(result.word_confidences) == spoken
        for confidence in (*(result.word_confidences or ()), result.confidence):
            assert confidence is None or 0 <= confidence <= 1
        assert result.start_s is None or result.end_s is None or result.start_s <= result.end_s < 100


def test_amazon_tells_times_speakers_and_the_locale_it_guessed() -> None:
    first, second, _ = finals("amazon_transcribe/batch_conversation")
    assert about(first, "recording", "place", "speaker") == ("clinic-2026-02-11-0417", "0", "spk_0")
    assert about(second, "place", "speaker", "start_s", "end_s") == ("1", "spk_1", 3.02, 5.54)
    assert (first.language, first.own_id) == ("en-GB", None)
    left, right = finals("amazon_transcribe/batch_on_two_channels")
    assert (left.channel, right.channel, right.place) == ("ch_0", "ch_1", "ch_1")
    [streamed] = finals("amazon_transcribe/stream")
    assert about(streamed, "own_id", "channel", "language") == (
        "d2f1a3f4-97b0-4b57-a3b6-0a8c1e2f5d6e", "ch_1", "en-IE"
    )  # fmt: skip
    [medical] = finals("amazon_transcribe/medical_stream")
    assert about(medical, "language", "speaker", "start_s") == (None, "1", 8.05)


def test_punctuation_of_amazon_has_no_say_in_its_confidence() -> None:
    [result] = finals("amazon_transcribe/medical_batch")
    assert result.word_confidences is not None
    assert min(result.word_confidences) > 0.6
    assert result.confidence == pytest.approx(sum(result.word_confidences) / 5)


def test_deepgram_tells_model_channel_and_place() -> None:
    results = finals("deepgram/call_on_two_channels")
    assert [result.channel for result in results] == ["0", "1", "0"]
    assert [result.place for result in results] == ["0", "1", "2"]
    assert about(results[1], "model", "language", "start_s") == ("nova-3-medical@2025-05-14.11882", "en", 3.2)
    [live] = finals("deepgram/live_final")
    assert about(live, "place", "start_s", "model") == ("1-12160", 12.16, "general-nova-3@2025-04-17.21547")
    assert live.end_s == pytest.approx(16.26)


def test_whisper_is_as_sure_as_its_logarithms_say_unless_words_have_probabilities() -> None:
    [verbose] = finals("openai/verbose_json")
    assert verbose.confidence == pytest.approx(math.exp(-(0.21 + 0.37) / 2))
    assert about(verbose, "language", "start_s", "end_s", "own_id", "place") == ("en", 0.0, 5.98, None, None)
    [package] = finals("openai/whisper_package")
    assert package.word_confidences is not None
    [copied] = finals("openai/compatible_server")
    assert about(copied, "end_s", "model") == (2.4, "Systran/faster-distil-whisper-large-v3")


def test_assemblyai_tells_speakers_milliseconds_and_turns() -> None:
    asked, answered = finals("assemblyai/two_speakers")
    assert about(asked, "speaker", "start_s", "end_s", "model") == ("A", 0.72, 3.28, "universal")
    assert about(answered, "place", "language") == ("1", "en-US")
    [turn] = finals("assemblyai/turn")
    assert about(turn, "place", "recording", "start_s") == ("4", None, 9.1)


def test_azure_is_scored_by_what_was_spoken_and_counts_in_ticks() -> None:
    [result] = finals("azure_speech/detailed_of_the_sdk")
    assert about(result, "own_id", "start_s", "end_s") == ("5fb2a5d1c4e84b0d9e6cf2c1a1b90e7d", 1.37, 4.32)
    [of_rest] = finals("azure_speech/detailed_of_rest")
    assert about(of_rest, "confidence", "word_confidences", "own_id") == (0.8714, None, None)


def test_the_address_of_a_batch_file_of_azure_is_no_name() -> None:
    assert all(about(result, "recording", "own_id") == (None, None) for result in read("azure_speech/batch"))


def test_speech_that_azure_did_not_recognise_is_an_empty_hypothesis() -> None:
    [result] = finals("azure_speech/no_match")
    assert about(result, "text", "start_s", "confidence") == ("", 9.83, None)


def test_google_is_final_if_it_says_so_or_shows_it_and_otherwise_the_caller_has_to_say() -> None:
    assert [result.is_final for result in read("google_speech/v2_stream_final")] == [True]
    assert [result.is_final for result in read("google_speech/v2_recognize")] == [True, False]
    assert [result.is_final for result in read("google_speech/v1_says_nothing_of_its_end")] == [None]
    assert READERS["google_speech"](Node({"speechEventType": "SPEECH_ACTIVITY_BEGIN"}))[0].is_final is False
    assert READERS["google_speech"](Node({"requestId": "1", "totalBilledTime": "15s"})) == []


def test_google_tells_seconds_channel_and_a_tag_in_its_usual_case() -> None:
    first, second = finals("google_speech/v1_long_running")
    assert about(first, "start_s", "end_s", "channel", "language") == (0.0, 1.76, "1", "en-GB")
    assert about(second, "recording", "place", "speaker") == ("7338295511002459017", "1-4470", "1")
    [unsure] = finals("google_speech/v2_batch_inline")
    assert about(unsure, "confidence", "word_confidences") == (0.9132, None)


def test_scores_of_riva_and_vosk_that_are_no_probabilities_are_left_out() -> None:
    [sure] = finals("riva/recognize")
    [scored] = finals("riva/recognize_with_scores")
    assert sure.confidence is not None
    assert about(scored, "confidence", "word_confidences") == (None, None)
    assert about(scored, "start_s", "language") == (0.28, "en-US")
    [nbest] = finals("vosk/alternatives")
    assert about(nbest, "confidence", "start_s") == (None, 1.02)
    [one] = finals("vosk/final")
    assert (len(one.word_confidences or ()), one.place) == (4, "5670")


def test_speechmatics_text_is_put_together_as_it_is_written() -> None:
    agent, visitor = finals("speechmatics/batch_by_channel")
    assert about(agent, "channel", "model", "recording") == (
        "agent", "enhanced@2026.01.27+d41c1b9", "yjbmf9kqub"
    )  # fmt: skip
    assert visitor.text == "The third, near radiology."
    [streamed] = finals("speechmatics/stream_final")
    assert about(streamed, "place", "start_s") == ("60100", 60.1)


def test_rev_ai_tells_speakers_and_leaves_out_what_nobody_understood() -> None:
    first, second = finals("rev_ai/transcript")
    assert about(first, "speaker", "place", "start_s") == ("0", "0", 0.2)
    assert (second.speaker, len(second.word_confidences or ())) == ("1", 3)


def test_whisper_cpp_is_as_sure_as_its_tokens_and_names_its_model_without_the_folder() -> None:
    [full] = finals("whisper_cpp/full")
    assert about(full, "model", "end_s") == ("ggml-small.en-q5_1.bin", 4.8)
    assert full.confidence == pytest.approx(0.8957, abs=1e-4)
    [plain] = finals("whisper_cpp/plain")
    assert about(plain, "confidence", "start_s") == (None, 0.12)


@settings(max_examples=1_500, deadline=None)
def engine_says(engine: str, payload: Any) -> list[Result]:
    return READERS[engine](Node(payload))


def test_what_an_engine_adds_or_leaves_out_does_not_cost_its_words() -> None:
    word = {"type": "word", "start_time": 0, "end_time": 1, "alternatives": [{"content": "no"}]}
    turn = {"type": "speaker_change", "start_time": 1, "end_time": 1, "score": 0.8}
    job = {"job": {"id": "j"}, "metadata": {}, "results": [word, turn, word]}
    assert [result.text for result in engine_says("speechmatics", job)] == ["no no"]
    stream = {
        "type": "Results",
        "is_final": True,
        "channel_index": [0, 1],
        "start": 0.0,
        "duration": 1.0,
        "metadata": {"model_info": {"version": "2"}},
        "channel": {"alternatives": [{"transcript": "no fever"}]},
    }
    assert [about(each, "text", "model") for each in engine_says("deepgram", stream)] == [("no fever", "2")]
    unheard = {
        "recognitionStatus": "NoMatch",
        "channel": 0,
        "offsetInTicks": 98_300_000.0,
        "durationInTicks": 1e7,
    }
    [result] = engine_says("azure_speech", {"recognizedPhrases": [unheard]})
    assert about(result, "text", "is_final", "start_s") == ("", True, 9.83)


def test_a_speaker_and_a_language_are_known_where_all_segments_have_them() -> None:
    segments = [{"start": 0, "end": 1, "text": "no", "speaker": "A"}]
    said = {"text": "no", "segments": segments, "languages": [{"code": "en"}]}
    assert [about(each, "speaker", "language") for each in engine_says("openai", said)] == [("A", "en")]
    segments.append({"start": 1, "end": 2, "text": "yes", "speaker": "B"})
    assert [each.speaker for each in engine_says("openai", said)] == [None]
    cut = {"text": " no", "offsets": {"from": 0, "to": 900}, "speaker": "1"}
    file = {"params": {}, "result": {"language": "en"}, "transcription": [cut]}
    assert [each.speaker for each in engine_says("whisper_cpp", file)] == ["1"]


@given(damaged(NAMES))
def test_a_damaged_payload_is_read_or_refused_with_its_place_and_without_its_words(
    sent: tuple[str, Any],
) -> None:
    engine, payload = sent
    refusal = None
    try:
        assert isinstance(READERS[engine](Node(payload)), list)
    except Refused as error:
        refusal = error
    if refusal is not None:
        assert (refusal.status, refusal.pointer is None) == (422, False)
        assert not any(text in f"{refusal.detail} {refusal.pointer}" for text in texts(payload))


@pytest.mark.parametrize(
    ("name", "place", "told"),
    [
        ("deepgram/dictation", "results", "results: this field is required"),
        (
            "deepgram/dictation",
            "results/channels/0/alternatives/0/transcript",
            "results/channels/0/alternatives/0/transcript: this field is required",
        ),
        ("deepgram/live_final", "is_final", "is_final: this field is required"),
        ("amazon_transcribe/batch_conversation", "jobName", "jobName: this field is required"),
        (
            "amazon_transcribe/stream",
            "TranscriptEvent/Transcript/Results/0/ResultId",
            "TranscriptEvent/Transcript/Results/0/ResultId: this field is required",
        ),
        ("openai/verbose_json", "text", "text: this field is required"),
    ],
)
def test_a_missing_part_is_named(name: str, place: str, told: str) -> None:
    payload = load(name)
    steps = [int(step) if step.isdecimal() else step for step in place.split("/")]
    assert tuple(steps) in set(places(payload))
    parent = payload
    for step in steps[:-1]:
        parent = parent[step]
    del parent[steps[-1]]
    with pytest.raises(Refused) as refused:
        READERS[name.partition("/")[0]](Node(payload))
    assert (refused.value.detail, refused.value.pointer) == (told, f"#/{place}")
