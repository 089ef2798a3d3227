import json
from pathlib import Path
from typing import Any

import pytest
from engine_payloads import damaged_copies, texts
from hypothesis import given
from hypothesis import strategies as st

from service.errors import Refused
from service.formats.label_studio import read
from service.formats.segment import Segment
from service.providers.reading import Node

EVENTS = {
    path.stem: json.loads(path.read_text())
    for path in (Path(__file__).parent / "label_studio").glob("*.json")
}


def test_a_transcription_of_a_whole_task() -> None:
    assert read(Node(EVENTS["whole_task"])) == [
        Segment(line=1, text="Repeat the ultrasound in six weeks.", utterance_id="call-17-4")
    ]


def test_regions_are_in_spoken_order_with_their_speakers_and_without_remarks() -> None:
    doctor, patient = read(Node(EVENTS["regions"]))
    assert (doctor.text, doctor.speaker, doctor.start_s, doctor.end_s) == (
        "Does it hurt?",
        "Doctor",
        0.2,
        3.9,
    )
    assert (patient.text, patient.speaker, patient.channel) == ("only when I cough", "Patient", "0")
    assert (doctor.recording_id, doctor.utterance_id) == ("visit-9", None)


def test_of_several_annotations_the_cancelled_say_nothing() -> None:
    [found] = read(Node(EVENTS["several"]))
    assert (found.utterance_id, found.text) == ("call-18-1", "no known allergies")


def test_of_an_exported_task_the_ground_truth_counts_or_the_last_annotation() -> None:
    assert [(found.utterance_id, found.text) for found in read(Node(EVENTS["export"]))] == [
        ("call-20-1", "the second"),
        ("call-20-2", "the truth"),
    ]


def annotated(text: str, utterance_id: str) -> tuple[Any, Any]:
    result = {"type": "textarea", "from_name": "transcription", "value": {"text": [text]}}
    return {"result": [result]}, {"data": {"utterance_id": utterance_id}}


def test_of_several_annotations_of_an_utterance_the_last_counts_and_none_is_put_behind_another() -> None:
    pairs = [annotated("no fever", "u-1"), annotated("other", "u-2"), annotated("some fever", "u-1")]
    annotations, tasks = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    event = {"action": "ANNOTATIONS_CREATED", "annotation": annotations, "task": tasks}
    export = [{**task, "annotations": [annotation]} for annotation, task in pairs]
    for sent in (event, export):
        found = {segment.utterance_id: segment.text for segment in read(Node(sent))}
        assert found == {"u-1": "some fever", "u-2": "other"}
        assert len(read(Node(sent))) == 2


@pytest.mark.parametrize("action", ["ANNOTATIONS_DELETED", "TASKS_CREATED", "PROJECT_UPDATED", "NEW_IN_2027"])
def test_events_about_something_else_hold_no_reference(action: str) -> None:
    assert read(Node({"action": action})) == []


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"action": None}, "action: this field is required"),
        (
            {"annotation": None},
            "annotation: this field is required; switch on that the webhook sends its payload",
        ),
        ({"task": None}, "task: this field is required"),
        ({"task": [{"data": {}}, {"data": {}}]}, "task: expected as many tasks as annotations"),
        ({"annotation": {"result": [{}]}}, "annotation/result/0/type: this field is required"),
        (
            {"annotation": {"result": [{"type": "textarea", "value": {"text": 7}}]}},
            "annotation/result/0/value/text: expected a string",
        ),
        (
            {
                "annotation": {
                    "result": [
                        {"type": "textarea", "from_name": "a", "value": {"text": "x"}},
                        {"type": "textarea", "from_name": "b", "value": {"text": "y"}},
                    ]
                }
            },
            "annotation/result/1/from_name: expected one text area, or one of them named 'transcription'",
        ),
    ],
)
def test_what_is_not_as_documented_is_named_by_its_path(change: dict[str, Any], told: str) -> None:
    with pytest.raises(Refused) as error:
        read(Node(EVENTS["whole_task"] | change))
    assert (str(error.value), error.value.status) == (told, 422)


@given(st.sampled_from(sorted(EVENTS)).flatmap(lambda name: damaged_copies(EVENTS[name])))
def test_a_damaged_event_is_read_or_refused_without_a_word_of_it(event: Any) -> None:
    said = ""
    try:
        assert all(isinstance(segment, Segment) for segment in read(Node(event)))
    except Refused as refusal:
        said = str(refusal)
    assert not any(text in said for text in texts(event))
