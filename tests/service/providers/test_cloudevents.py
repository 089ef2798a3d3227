"""CloudEvents: what is around a payload, and which engine the payload is of."""

from typing import Any

import pytest
from engine_payloads import EVENTS, NAMES, SHAPELESS, damaged, load, texts
from hypothesis import given, settings

from service.errors import Refused
from service.providers import READERS
from service.providers.cloudevents import from_headers, unwrap
from service.providers.reading import Node
from service.providers.telling_apart import engine_of

EVENT = {"specversion": "1.0", "id": "1", "source": "/a", "type": "t", "data": {"partial": "no"}}


def test_an_event_is_named_after_its_source_and_id_and_tells_its_time() -> None:
    event = unwrap(Node(load("cloudevents/structured")))
    assert event.name == "cloudevents:/clinic/north/reading-room:5c7d1e30"
    assert event.time is not None
    assert event.time.isoformat() == "2026-02-11T09:15:02.125000+00:00"
    assert event.data["task"].text() == "transcribe"


def test_data_in_base64_is_the_same_as_data() -> None:
    event = unwrap(Node(load("cloudevents/base64")))
    assert event.data.value == load("vosk/final")
    assert event.time is None


def test_headers_make_the_same_event() -> None:
    headers = [
        ("ce-specversion", "1.0"),
        ("ce-id", "1"),
        ("ce-source", "%2Fa"),
        ("ce-type", "t"),
        ("host", "x"),
    ]
    assert unwrap(from_headers(headers, EVENT["data"])).name == unwrap(Node(EVENT)).name


@pytest.mark.parametrize(
    ("changed", "pointer"),
    [
        ({"specversion": "0.3"}, "#/specversion"),
        ({"id": ""}, "#/id"),
        ({"source": None}, "#/source"),
        ({"type": 4}, "#/type"),
        ({"time": "yesterday"}, "#/time"),
        ({"time": "2026-02-11T09:15:02"}, "#/time"),
        ({"datacontenttype": "text/plain"}, "#/datacontenttype"),
        ({"data": None}, "#/data"),
        ({"data_base64": "no base64"}, "#/data_base64"),
        ({"data_base64": "bm8ganNvbg=="}, "#/data_base64"),
    ],
)
def test_what_is_no_event_is_refused_with_its_place(changed: dict[str, Any], pointer: str) -> None:
    with pytest.raises(Refused) as refused:
        unwrap(Node({**EVENT, **changed}))
    assert (refused.value.status, refused.value.pointer) == (422, pointer)


@pytest.mark.parametrize("name", [name for name in NAMES if name not in SHAPELESS])
def test_the_engine_is_known_by_the_shape_of_its_payload(name: str) -> None:
    assert engine_of(Node(load(name))) == name.partition("/")[0]


@pytest.mark.parametrize("value", [None, 7, "text", [], {}, {"text": ""}, {"type": "Closing"}])
def test_what_is_of_no_known_shape_is_refused(value: Any) -> None:
    with pytest.raises(Refused, match="of no known engine's shape") as refused:
        engine_of(Node(value, Node({}), "data"))
    assert refused.value.pointer == "#/data"


@settings(max_examples=500, deadline=None)
@given(damaged([*EVENTS, *NAMES]))
def test_damaged_data_is_of_an_engine_or_of_none(sent: tuple[str, Any]) -> None:
    _, payload = sent
    told = None
    try:
        event = unwrap(Node({**EVENT, "data": payload}))
        assert isinstance(READERS[engine_of(event.data)](event.data), list)
    except Refused as error:
        told = error
    if told is not None:
        assert (told.status, told.pointer is None) == (422, False)
        assert not any(text in f"{told.detail} {told.pointer}" for text in texts(payload))


@settings(max_examples=500, deadline=None)
@given(damaged(EVENTS))
def test_a_damaged_event_is_read_or_refused_with_its_place(sent: tuple[str, Any]) -> None:
    told = None
    try:
        assert unwrap(Node(sent[1])).name
    except Refused as error:
        told = error
    assert told is None or (told.status, told.pointer is None) == (422, False)
