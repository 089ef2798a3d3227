"""From what was sent to what is kept: normalise, then hash. Text goes on from here only where it is kept."""

from __future__ import annotations

import json
import threading
import unicodedata
from array import array
from datetime import datetime
from functools import lru_cache

from detectors.text import Normaliser
from service.api.wire import MOST_CHARACTERS, ReferenceIn, Spoken, UtteranceIn
from service.config import Config
from service.counts import Counts
from service.errors import Refused
from service.privacy import Hasher
from service.records import RecordingReference, Reference, Utterance

UNKNOWN_COHORT = "unknown"


class Translator:
    """Wire types to records: this is where words become hashes."""

    def __init__(self, config: Config, hasher: Hasher, counts: Counts) -> None:
        self._config = config
        self._counts = counts
        self._hasher = hasher
        self._normaliser = Normaliser(config.normaliser.language, config.normaliser.disable)
        # Long bodies are translated in a thread, short ones beside it.
        self._counting = threading.Lock()
        self._keeps_text = config.privacy.keep_text
        self._declared = config.declared

    @property
    def normaliser_version(self) -> str:
        """Which rules words were made equal by."""
        return self._normaliser.version

    def utterance(self, sent: UtteranceIn, now: float) -> Utterance:
        """The record of an utterance.

        Raises
        ------
        Refused
            422 if its text is longer than can be scored without keeping others waiting.
        """
        attributes = {name: value for name, value in sent.attributes.items() if name in self._declared}
        if len(attributes) < len(sent.attributes):
            with self._counting:
                self._counts.undeclared_attributes += len(sent.attributes) - len(attributes)
        text = _encode(sent.hypothesis)
        return Utterance(
            utterance_id=sent.utterance_id,
            content=self._hasher.content(text, _canonical(sent, attributes)),
            cohort="/".join(attributes.get(name, UNKNOWN_COHORT) for name in self._config.cohorts.by),
            attributes=attributes,
            speaker=self._pseudonym("speaker", sent.speaker_id),
            session=self._pseudonym("session", sent.session_id),
            recording=self._pseudonym("recording", sent.recording_id),
            spoken_at=sent.spoken_at.timestamp() if sent.spoken_at else now,
            received_at=now,
            duration_s=sent.duration_s,
            confidence=sent.confidence,
            word_confidences=sent.word_confidences,
            audio=sent.audio,
            normaliser=self.normaliser_version,
            hypothesis=self._tokens("hypothesis", sent.hypothesis),
            text=text if self._keeps_text else None,
        )

    def reference(self, sent: ReferenceIn, now: float) -> Reference | RecordingReference:
        """The record of a reference.

        Raises
        ------
        Refused
            As for an utterance.
        """
        if sent.utterance_id is None:
            return self._recording_reference(sent, now)
        text = sent.reference
        brought = sent.utterance()
        return Reference(
            utterance_id=sent.utterance_id,
            content=self._content(sent),
            tokens=None if text is None else self._tokens("reference", text),
            kind=sent.reference_kind,
            selection=sent.selection,
            probability=sent.probability,
            normaliser=self.normaliser_version,
            corrected_at=_seconds(sent.corrected_at),
            received_at=now,
            detects=self._config.detection.takes(sent.reference_kind, sent.selection),
            utterance=self.utterance(brought, now) if brought else None,
            text=_encode(text) if self._keeps_text and text is not None else None,
        )

    def _recording_reference(self, sent: ReferenceIn, now: float) -> RecordingReference:
        text, recording = sent.reference, sent.recording_id or ""
        covered = f"passage={sent.passage} utterances={sent.utterances}"
        return RecordingReference(
            recording_id=recording,
            recording=self._hasher.pseudonym("recording", recording),
            content=self._content(sent, covered),
            tokens=None if text is None else self._tokens("reference", text),
            is_passage=sent.passage,
            utterances=sent.utterances,
            kind=sent.reference_kind,
            selection=sent.selection,
            probability=sent.probability,
            normaliser=self.normaliser_version,
            corrected_at=_seconds(sent.corrected_at),
            received_at=now,
        )

    def _content(self, sent: ReferenceIn, *more: str) -> bytes:
        text = b"correct" if sent.reference is None else b"=" + _encode(sent.reference)
        about = f"{sent.reference_kind} {sent.selection} {sent.probability}"
        return self._hasher.content(text, about.encode(), *(each.encode() for each in more))

    def _tokens(self, field: str, text: str) -> array[int]:
        if not text.isascii() and len(unicodedata.normalize("NFKC", text)) > MOST_CHARACTERS:
            detail = f"{field}: more than {MOST_CHARACTERS} characters with its ligatures taken apart"
            raise Refused(422, detail, f"#/{field}")
        tokens = self._normaliser.tokens(text)
        most = self._config.limits.words
        if len(tokens) > most:
            detail = f"{field}: {len(tokens)} words once normalised, more than {most}; send it in parts"
            raise Refused(422, detail, f"#/{field}")
        return self._hasher.tokens(tokens)

    def _pseudonym(self, kind: str, value: str | None) -> str | None:
        return None if value is None else self._hasher.pseudonym(kind, value)


def _encode(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _seconds(moment: datetime | None) -> float | None:
    return None if moment is None else moment.timestamp()


def _canonical(sent: Spoken, attributes: dict[str, str]) -> bytes:
    """All that is kept besides the text, the same however an absent field was spelt.

    It is what ``json.dumps`` with sorted keys writes, and stays so: the digests of a store are made of it.
    """
    parts = [f'"attributes": {_sorted_json(tuple(attributes.items()))}']
    if sent.audio is not None:
        named = [f"{_quoted(name)}: {value!r}" for name, value in sorted(sent.audio.items())]
        parts.append(f'"audio": {{{", ".join(named)}}}')
    if sent.confidence is not None:
        parts.append(f'"confidence": {sent.confidence!r}')
    if sent.duration_s is not None:
        parts.append(f'"duration_s": {sent.duration_s!r}')
    if sent.recording_id is not None:
        parts.append(f'"recording_id": {_quoted(sent.recording_id)}')
    if sent.session_id is not None:
        parts.append(f'"session_id": {_quoted(sent.session_id)}')
    if sent.speaker_id is not None:
        parts.append(f'"speaker_id": {_quoted(sent.speaker_id)}')
    if sent.spoken_at is not None:
        parts.append(f'"spoken_at": "{sent.spoken_at.isoformat().replace("+00:00", "Z")}"')
    if sent.word_confidences is not None:
        parts.append(f'"word_confidences": {sent.word_confidences!r}')
    return f"{{{', '.join(parts)}}}".encode()


# Sites, devices and engines come in few combinations.
@lru_cache(maxsize=1_024)
def _sorted_json(attributes: tuple[tuple[str, str], ...]) -> str:
    return json.dumps(dict(attributes), sort_keys=True)


_quoted = json.encoder.encode_basestring_ascii
