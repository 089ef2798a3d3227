"""A real recogniser: pocketsphinx with the department's language model and dictionary."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from service.demo.recorder.acoustics import SAMPLE_RATE_HZ

# The default beams prune the right words of accents far from the acoustic model's own; a
# small language model leaves time for wide ones. Scoring every second frame halves the cost
# of the acoustic model and costs next to no accuracy. A search error counts as a word error,
# so these belong to the recording and stand in its manifest.
SETTINGS: Mapping[str, float] = MappingProxyType(
    {
        "lw": 12.0,
        "fwdflatlw": 12.0,
        "bestpathlw": 12.0,
        "beam": 1e-65,
        "wbeam": 1e-45,
        "pbeam": 1e-65,
        "lpbeam": 1e-55,
        "lponlybeam": 1e-45,
        "ds": 2,
    }
)

_NOT_WORDS = frozenset({"<s>", "</s>", "<sil>", "[NOISE]", "[SPEECH]"})


@dataclass(frozen=True)
class Transcript:
    """What the recogniser heard.

    Parameters
    ----------
    text
        Lower-case words; empty when nothing was recognised.
    confidence
        Mean posterior probability of the words, 0 to 1; 0 without words.
    """

    text: str
    confidence: float


class Recogniser:
    """One decoder; use one for each process.

    Parameters
    ----------
    language_model
        An ARPA file.
    dictionary
        A pronunciation dictionary with every word of the language model.
    """

    def __init__(self, language_model: Path, dictionary: Path) -> None:
        import pocketsphinx

        self._decoder = pocketsphinx.Decoder(
            lm=str(language_model),
            dict=str(dictionary),
            samprate=SAMPLE_RATE_HZ,
            loglevel="FATAL",
            **SETTINGS,
        )

    def transcribe(self, pcm: bytes) -> Transcript:
        """Transcribe little-endian 16-bit samples at 16 kHz."""
        # The front end carries its noise and mean estimates over to the next utterance;
        # starting afresh makes a transcript depend on nothing but its sound.
        self._decoder.reinit_feat()
        self._decoder.start_utt()
        self._decoder.process_raw(pcm, full_utt=True)
        self._decoder.end_utt()
        # Asking for the best path first is what makes pocketsphinx compute posteriors.
        self._decoder.hyp()
        segments = [s for s in self._decoder.seg() or () if s.word not in _NOT_WORDS]
        words = [segment.word.partition("(")[0] for segment in segments]
        posteriors = [min(1.0, segment.prob) for segment in segments]
        confidence = math.fsum(posteriors) / len(posteriors) if posteriors else 0.0
        return Transcript(" ".join(words), confidence)
