"""From an engine's results to utterances: who names them, when they were spoken, what is said of them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from service.api.beside import NAMES, Beside
from service.api.wire import UtteranceIn, made
from service.config import Config
from service.errors import Refused
from service.providers.reading import Node
from service.providers.result import Result, joined
from service.settings.payloads import FromPayload

_STEP = re.compile(r"[^.\[\]]+")


@dataclass(frozen=True, slots=True)
class Payload:
    """One payload with what surrounds it.

    Attributes
    ----------
    engine
        A key of `service.providers.READERS`.
    event_id
        A name for all of it, where the engine gave none.
    spoken_at
        When it was spoken, where the caller does not say when the audio began.
    """

    engine: str
    node: Node
    event_id: str | None = None
    spoken_at: datetime | None = None


def with_paths(beside: Beside, paths: FromPayload | None, node: Node) -> Beside:
    """What the caller said, completed with what stands at the configured paths of a payload.

    Raises
    ------
    Refused
        422 if something else than text or a whole number stands there.
    """
    if paths is None:
        return beside
    named = {name: path for name in NAMES if (path := getattr(paths, name)) is not None}
    return replace(
        beside,
        names=_found(node, named) | beside.names,
        attributes=_found(node, paths.attributes) | beside.attributes,
    )


@dataclass(frozen=True, slots=True)
class Named:
    """A result with its number in the payload and the utterance_id that it gets."""

    number: int
    utterance_id: str
    result: Result


def counted(results: Sequence[Result], beside: Beside) -> list[tuple[int, Result]]:
    """The results that are not ignored, with their numbers in the payload.

    Raises
    ------
    Refused
        422 if it cannot be told whether a result is final.
    """
    return [(number, result) for number, result in enumerate(results) if _counts(result, beside)]


def named(payload: Payload, taken: Sequence[tuple[int, Result]], beside: Beside) -> list[Named]:
    """The utterances that these results are: each one, or all of a channel where all have one name.

    Raises
    ------
    Refused
        422 if nobody names them.
    """
    whole = beside.names.get("utterance_id")
    if whole is None and all(_own_name(payload, result, beside) is None for _, result in taken):
        whole = payload.event_id
    if whole is not None:
        return _wholes(whole, taken)
    return _apart([Named(number, _needed_name(payload, result, beside), result) for number, result in taken])


def utterance(payload: Payload, named: Named, beside: Beside, config: Config) -> UtteranceIn:
    """The utterance of a result.

    What an engine says becomes an attribute if it is declared, but never the cohort: a language that was set
    or guessed is no accent.

    Raises
    ------
    Refused
        422 if a value is none that an utterance may have.
    """
    result, names = named.result, beside.names
    of_engine = {
        "engine": payload.engine,
        "engine_version": result.model,
        "language": result.language,
        "channel": result.channel,
        "speaker": result.speaker,
    }
    kept = config.declared.difference(config.cohorts.by)
    known = {key: value for key, value in of_engine.items() if value is not None and key in kept}
    fields: dict[str, Any] = {
        **names,
        "utterance_id": named.utterance_id,
        "hypothesis": result.text,
        "attributes": known | beside.attributes,
        "confidence": result.confidence,
        "word_confidences": result.word_confidences,
        "spoken_at": _spoken_at(payload, result, beside),
    }
    if "recording_id" not in names and result.recording is not None:
        fields["recording_id"] = f"{payload.engine}:{result.recording}"
    if result.start_s is not None:
        fields["audio"] = {"start_s": result.start_s}
        if result.end_s is not None:
            fields["duration_s"] = result.end_s - result.start_s
    return made(UtteranceIn, fields)


def _counts(result: Result, beside: Beside) -> bool:
    if beside.is_final is False or result.is_final is False:
        return False
    if result.is_final is None and beside.is_final is None:
        detail = "is_final: the payload does not say whether it is final; say so in the query"
        raise Refused(422, detail, "#/is_final")
    return beside.only_channel is None or result.channel == beside.only_channel


def _own_name(payload: Payload, result: Result, beside: Beside) -> str | None:
    recording, place = beside.names.get("recording_id"), result.own_id or result.place
    if recording is not None and place is not None:
        return f"{recording}:{place}"
    if result.own_id is not None:
        return f"{payload.engine}:{result.own_id}"
    if result.recording is not None and place is not None:
        return f"{payload.engine}:{result.recording}:{place}"
    return None


def _needed_name(payload: Payload, result: Result, beside: Beside) -> str:
    name = _own_name(payload, result, beside)
    if name is None:
        lacks = "place in its recording" if "recording_id" in beside.names else "id"
        detail = f"utterance_id: a result of this payload has no {lacks} of its own; send the id"
        raise Refused(422, detail, "#/utterance_id")
    return name


def _apart(every: Sequence[Named]) -> list[Named]:
    """Each result under a name that no other of the payload has: under one, the last would replace the first.

    Where their places cannot tell them apart (all of a Riva answer, or of a Google answer's file, may end at
    the same time), their numbers do.
    """
    first: dict[str, Result] = {}
    return [
        each
        if first.setdefault(each.utterance_id, each.result) == each.result
        else replace(each, utterance_id=f"{each.utterance_id}:{each.number}")
        for each in every
    ]


def _wholes(name: str, results: Sequence[tuple[int, Result]]) -> list[Named]:
    """All of a channel as one utterance, with the channel in its name if there are several."""
    by_channel: dict[str | None, list[tuple[int, Result]]] = {}
    for number, result in results:
        by_channel.setdefault(result.channel, []).append((number, result))
    return [
        Named(
            of_it[0][0],
            name if len(by_channel) == 1 or channel is None else f"{name}:{channel}",
            joined([result for _, result in of_it]),
        )
        for channel, of_it in by_channel.items()
    ]


def _spoken_at(payload: Payload, result: Result, beside: Beside) -> datetime | None:
    if beside.started_at is None:
        return payload.spoken_at
    try:
        return beside.started_at + timedelta(seconds=result.start_s or 0.0)
    except OverflowError:
        raise Refused(422, "started_at: the result begins too long after it", "#/started_at") from None


def _found(node: Node, paths: Mapping[str, str]) -> dict[str, str]:
    found = {}
    for name, path in paths.items():
        value = _at(node, path)
        if value is not None:
            found[name] = value.label()
    return found


def _at(node: Node, path: str) -> Node | None:
    for step in _STEP.findall(path):
        following = (
            node.entry(int(step)) if isinstance(node.value, list) and step.isdecimal() else node.get(step)
        )
        if following is None:
            return None
        node = following
    return node
