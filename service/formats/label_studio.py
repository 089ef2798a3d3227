"""Label Studio: what webhooks of its version 1 send of annotations, and the tasks that it exports as JSON.

A transcription is a result of the type ``textarea``, for the whole task or for each region; labels of the
same region say who speaks. ``utterance_id`` or ``recording_id`` in the task's data says what it is about.
Source: labelstud.io, *Webhook event format reference* and *Label Studio JSON format of annotated tasks*.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from service.errors import Refused
from service.formats.segment import Segment
from service.providers.reading import Node, label_at, span

SAVED = ("ANNOTATION_CREATED", "ANNOTATION_UPDATED", "ANNOTATIONS_CREATED")
"""The events that bring a transcription; what others are about is no reference."""
NO_PAYLOAD = "annotation: this field is required; switch on that the webhook sends its payload"
TRANSCRIPTION = "transcription"
"""What the text area is called where there are several, as in Label Studio's own templates."""


def read(payload: Node) -> list[Segment]:
    """The passages of annotations, in spoken order; none of an event that is about something else.

    Of several annotations of an exported task the one that is the ground truth counts, or else the last; of
    several of one utterance the last.

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
    if isinstance(payload.value, list):
        return _last_of_each(
            _segments(annotation, task, number)
            for number, task in enumerate(payload.items(), 1)
            for annotation in _chosen(task["annotations"].items())
        )
    action = payload["action"].text()
    if action not in SAVED:
        return []
    if payload.get("annotation") is None:
        raise Refused(422, NO_PAYLOAD, "#/annotation")
    annotations, tasks = _several(payload["annotation"]), _several(payload["task"])
    if len(annotations) != len(tasks):
        raise payload["task"].wrong("as many tasks as annotations")
    return _last_of_each(
        _segments(annotation, task, number)
        for number, (annotation, task) in enumerate(zip(annotations, tasks, strict=True), 1)
    )


def _last_of_each(annotations: Iterable[list[Segment]]) -> list[Segment]:
    """The passages of annotations, of those of one utterance only the last's: they are not parts of it."""
    kept: dict[tuple[str, str | int], list[Segment]] = {}
    for number, segments in enumerate(annotations):
        utterance_id = segments[0].utterance_id if segments else None
        kept[("annotation", number) if utterance_id is None else ("utterance", utterance_id)] = segments
    return [segment for segments in kept.values() for segment in segments]


def _chosen(annotations: list[Node]) -> list[Node]:
    kept = [each for each in annotations if not _is(each, "was_cancelled")]
    return ([each for each in kept if _is(each, "ground_truth")] or kept)[-1:]


def _is(annotation: Node, key: str) -> bool:
    found = annotation.get(key)
    return found is not None and found.boolean()


def _several(node: Node) -> list[Node]:
    return node.items() if isinstance(node.value, list) else [node]


def _segments(annotation: Node, task: Node, number: int) -> list[Segment]:
    if _is(annotation, "was_cancelled"):
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
