"""Label Studio: what webhooks of its version 1 send of annotations.

A transcription is a result of the type ``textarea``, for the whole task or for each region; labels of the
same region say who speaks. ``utterance_id`` or ``recording_id`` in the task's data says what it is about.
Source: labelstud.io, *Webhook event format reference* and *Label Studio JSON format of annotated tasks*.
"""

from __future__ import annotations

from collections.abc import Iterator

from service.formats.segment import Segment
from service.providers.reading import Node, label_at, span

SAVED = ("ANNOTATION_CREATED", "ANNOTATION_UPDATED", "ANNOTATIONS_CREATED")
"""The events that bring a transcription; what others are about is no reference."""
TRANSCRIPTION = "transcription"
"""What the text area is called where there are several, as in Label Studio's own templates."""


def read(payload: Node) -> list[Segment]:
    """The passages of the annotations in an event, in spoken order; none of an event about something else.

    Raises
    ------
    Refused
        With the place of what is missing, or is not as documented.

    Examples
    --------
    >>> [found] = read(Node({
    ...     "action": "ANNOTATION_CREATED",
    ...     "annotation": {"result": [{"type": "textarea", "value": {"text": ["no fever"]}}]},
    ...     "task": {"data": {"utterance_id": "utt-1"}},
    ... }))
    >>> found.utterance_id, found.text
    ('utt-1', 'no fever')
    """
    action = payload["action"].text()
    if action not in SAVED:
        return []
    # The hint matters where a hook is set to send nothing but the action.
    annotations, tasks = _several(payload["annotation"]), _several(payload["task"])
    if len(annotations) != len(tasks):
        raise payload["task"].wrong("as many tasks as annotations")
    return [
        segment
        for number, (annotation, task) in enumerate(zip(annotations, tasks, strict=True), 1)
        for segment in _segments(annotation, task, number)
    ]


def _several(node: Node) -> list[Node]:
    return node.items() if isinstance(node.value, list) else [node]


def _segments(annotation: Node, task: Node, number: int) -> list[Segment]:
    cancelled = annotation.get("was_cancelled")
    if cancelled is not None and cancelled.boolean():
        return []
    data = task["data"]
    utterance_id, recording_id = label_at(data, "utterance_id"), label_at(data, "recording_id")
    results = annotation["result"].items()
    voices = {region: voice for result in results for region, voice in _labelled(result)}
    found = []
    for result in _transcriptions(results):
        value = result["value"]
        start_s, end_s = span(value.get("start"), value.get("end"))
        found.append(
            Segment(
                line=number,
                text=_text(value["text"]),
                utterance_id=utterance_id,
                recording_id=recording_id,
                channel=label_at(value, "channel"),
                start_s=start_s,
                end_s=end_s,
                speaker=voices.get(label_at(result, "id")),
            )
        )
    return sorted(found, key=lambda segment: segment.start_s or 0.0)


def _transcriptions(results: list[Node]) -> list[Node]:
    areas = [result for result in results if result["type"].text() == "textarea"]
    names = {label_at(area, "from_name") for area in areas}
    if len(names) > 1 and TRANSCRIPTION in names:
        return [area for area in areas if label_at(area, "from_name") == TRANSCRIPTION]
    if len(names) > 1:
        raise areas[1]["from_name"].wrong(f"one text area, or one of them named {TRANSCRIPTION!r}")
    return areas


def _text(text: Node) -> str:
    lines = text.items() if isinstance(text.value, list) else [text]
    return " ".join(line.text() for line in lines)


def _labelled(result: Node) -> Iterator[tuple[str | None, str]]:
    if result["type"].text() == "labels":
        for label in result["value"]["labels"].items():
            yield label_at(result, "id"), label.text()
