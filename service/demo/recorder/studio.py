"""What a process needs to record: the seed, and the recogniser's two files on disk."""

import functools
import hashlib
import inspect
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np

from service.demo.recorder import (
    acoustics,
    language_model,
    lexicon,
    recognise,
    recording,
    voices,
)
from service.demo.recorder.dictation import sentences, vocabulary
from service.demo.recorder.manifest import espeak_version
from service.demo.recorder.recording import Recorded, record
from service.demo.recorder.schedule import Dictation

_LANGUAGE_MODEL_SENTENCES = 20_000


@dataclass(frozen=True)
class Studio:
    """A recording seed and where its recogniser's files are.

    Parameters
    ----------
    seed
        Seed of everything drawn.
    language_model
        ARPA file.
    dictionary
        Pronunciation dictionary.
    """

    seed: int
    language_model: Path
    dictionary: Path

    def record(self, dictation: Dictation) -> Recorded:
        """Record one dictation with this process's recogniser."""
        return record(dictation, self.seed, _recogniser(self))

    def fingerprint(self, plan: Sequence[Dictation]) -> str:
        """Name all that shapes the sound and the transcripts of ``plan``.

        What an earlier run finished is used again only under the same name.
        """
        parts = (
            self.language_model.read_text(encoding="utf-8"),
            self.dictionary.read_text(encoding="utf-8"),
            *(inspect.getsource(module) for module in (acoustics, voices, recognise, recording)),
            espeak_version(),
            version("pocketsphinx"),
            repr((self.seed, plan)),
        )
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


def studio(work: Path, seed: int) -> Studio:
    """Write the recogniser's files into ``work`` and give the studio that uses them."""
    rng = np.random.default_rng([seed, 0])
    texts = [sentence.spoken for sentence in sentences(rng, _LANGUAGE_MODEL_SENTENCES)]
    bigrams = work / f"bigrams-{seed}.arpa"
    bigrams.write_text(language_model.arpa(texts), encoding="utf-8")
    import pocketsphinx

    base = Path(pocketsphinx.get_model_path()) / "en-us" / "cmudict-en-us.dict"
    words = work / f"words-{seed}.dict"
    words.write_text(lexicon.dictionary(vocabulary(), base), encoding="utf-8")
    return Studio(seed, bigrams, words)


# A decoder takes a moment to load and cannot be sent to another process: one for each.
@functools.cache
def _recogniser(studio: Studio) -> recognise.Recogniser:
    return recognise.Recogniser(studio.language_model, studio.dictionary)
