"""From what was sent to what is kept: normalise, then hash. Text goes on from here only where it is kept."""

from __future__ import annotations

import json
import threading
import unicodedata
from array import array
from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple

import msgspec

from detectors.normalisation.token_codes import TokenCodes
from detectors.recordings.cutter import Cutter
from detectors.text import Normaliser
from service.api.canonical import attributes_part, audio_part, canonical, named_part
from service.api.usual_lines import FAULTS, UsualLine, decode_attributes, decode_audio, usual_line
from service.api.wire import MOST_CHARACTERS, ReferenceIn, UtteranceIn
from service.config import Config
from service.errors import Refused
from service.privacy import TOKEN_BYTES, Hasher
from service.records import RecordingReference, Reference, Utterance
from service.telemetry.counts import Counts

UNKNOWN_COHORT = "unknown"
_NOBODY: tuple[None, str] = (None, "")
_REMEMBERED, _REMEMBERED_NAMES = 2_048, 5_000


class _Attributes(NamedTuple):
    """What is made of an utterance's attributes: how they are kept, and how many of them are not declared."""

    cohort: str
    kept: str
    part: str
    dropped: int


class _Audio(NamedTuple):
    """What is made of the numbers about its sound."""

    kept: str | None
    part: str


class Translator:
    """Wire types to records: this is where words become hashes."""

    def __init__(self, config: Config, hasher: Hasher, counts: Counts) -> None:
        self._config = config
        self._counts = counts
        self._hasher = hasher
        self._normaliser = Normaliser(config.normaliser.language, config.normaliser.disable)
        self._cutter = Cutter(self._normaliser)
        # Long bodies are translated in a thread, short ones beside it.
        self._counting = threading.Lock()
        self._keeps_text = config.privacy.keep_text
        self._declared = config.declared
        self._most_words = config.limits.words
        self._codes = TokenCodes(self._normaliser, hasher.code)
        # Sites, devices and engines come in few combinations, speakers and sessions again and again.
        self._of_attributes = lru_cache(maxsize=_REMEMBERED)(self._attributes)
        self._of_sent_attributes = lru_cache(maxsize=_REMEMBERED)(self._sent_attributes)
        self._named = lru_cache(maxsize=_REMEMBERED_NAMES)(self._name)

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
        attributes = self._of_attributes(tuple(sent.attributes.items()))
        at_s = now if sent.spoken_at is None else sent.spoken_at.timestamp()
        return self._utterance(sent, attributes, _audio(sent.audio), sent.word_confidences, at_s, now)

    def usual_utterance(self, line: bytes, now: float) -> Utterance | None:
        """The record of a plain line, the one that `parse` and `utterance` make; None for any other line.

        Raises
        ------
        Refused
            As `utterance` does.
        """
        found = usual_line(line, now)
        if found is None:
            return None
        sent, at_s = found
        try:
            attributes = self._of_sent_attributes(bytes(sent.attributes))
            audio = _sent_audio(bytes(sent.audio))
        except FAULTS:
            return None
        return self._utterance(sent, attributes, audio, None, at_s, now)

    def _utterance(
        self,
        sent: UtteranceIn | UsualLine,
        attributes: _Attributes,
        audio: _Audio,
        word_confidences: list[float] | None,
        at_s: float,
        now: float,
    ) -> Utterance:
        if attributes.dropped:
            with self._counting:
                self._counts.undeclared_attributes += attributes.dropped
        text, codes = _encode(sent.hypothesis), self._codes_of("hypothesis", sent.hypothesis)
        named, nobody = self._named, _NOBODY
        speaker, speaker_part = named("speaker", sent.speaker_id) if sent.speaker_id else nobody
        session, session_part = named("session", sent.session_id) if sent.session_id else nobody
        recording, recording_part = named("recording", sent.recording_id) if sent.recording_id else nobody
        confidence, duration_s = sent.confidence, sent.duration_s
        about = canonical(
            attributes.part,
            audio.part,
            recording_part,
            session_part,
            speaker_part,
            confidence,
            duration_s,
            sent.spoken_at,
            word_confidences,
        )
        return Utterance(
            sent.utterance_id,
            self._hasher.content(text, about),
            attributes.cohort,
            attributes.kept,
            speaker,
            session,
            recording,
            at_s,
            now,
            duration_s,
            confidence,
            None if word_confidences is None else _json(word_confidences).decode(),
            audio.kept,
            self._normaliser.version,
            len(codes) // TOKEN_BYTES,
            codes,
            text if self._keeps_text else None,
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
        tokens, knots = (None, None) if text is None else self._cuttable(text)
        return RecordingReference(
            recording_id=recording,
            recording=self._hasher.pseudonym("recording", recording),
            content=self._content(sent, covered),
            tokens=tokens,
            is_passage=sent.passage,
            utterances=sent.utterances,
            kind=sent.reference_kind,
            selection=sent.selection,
            probability=sent.probability,
            normaliser=self.normaliser_version,
            corrected_at=_seconds(sent.corrected_at),
            received_at=now,
            knots=knots,
        )

    def _content(self, sent: ReferenceIn, *more: str) -> bytes:
        text = b"correct" if sent.reference is None else b"=" + _encode(sent.reference)
        about = f"{sent.reference_kind} {sent.selection} {sent.probability}"
        return self._hasher.content(text, about.encode(), *(each.encode() for each in more))

    def _cuttable(self, text: str) -> tuple[array[int], array[int]]:
        """What a recording's reference is as a whole, and its knots, hashed."""
        tokens = self._tokens("reference", text)
        return tokens, self._cutter.cuttable(text).packed(self._hasher.tokens)

    def _tokens(self, field: str, text: str) -> array[int]:
        return array("Q", self._codes_of(field, text))

    def _codes_of(self, field: str, text: str) -> bytes:
        if not text.isascii() and len(unicodedata.normalize("NFKC", text)) > MOST_CHARACTERS:
            detail = f"{field}: more than {MOST_CHARACTERS} characters with its ligatures taken apart"
            raise Refused(422, detail, f"#/{field}")
        codes = self._codes.of(text)
        words, most = len(codes) // TOKEN_BYTES, self._most_words
        if words > most:
            detail = f"{field}: {words} words once normalised, more than {most}; send it in parts"
            raise Refused(422, detail, f"#/{field}")
        return codes

    def _sent_attributes(self, sent: bytes) -> _Attributes:
        return self._attributes(decode_attributes(sent).items())

    def _attributes(self, sent: Iterable[tuple[str, str]]) -> _Attributes:
        all_sent = dict(sent)
        declared = {name: value for name, value in all_sent.items() if name in self._declared}
        return _Attributes(
            "/".join(declared.get(name, UNKNOWN_COHORT) for name in self._config.cohorts.by),
            json.dumps(declared),
            attributes_part(declared),
            len(all_sent) - len(declared),
        )

    def _name(self, kind: str, value: str) -> tuple[str, str]:
        return self._hasher.pseudonym(kind, value), named_part(f"{kind}_id", value)


def _encode(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _seconds(moment: datetime | None) -> float | None:
    return None if moment is None else moment.timestamp()


@lru_cache(maxsize=_REMEMBERED)
def _sent_audio(sent: bytes) -> _Audio:
    return _audio(decode_audio(sent))


def _audio(numbers: Mapping[str, float] | None) -> _Audio:
    return _Audio(None, "") if numbers is None else _Audio(_json(numbers).decode(), audio_part(numbers))


_json = msgspec.json.Encoder().encode
