"""One planned dictation becomes sound, and the sound becomes transcripts.

The same dictation gives the same sound on every run: its sentence, noises and levels are
drawn from a generator seeded with the recording's seed and the dictation's index.
"""

from dataclasses import dataclass

import numpy as np

from service.demo.recorder.acoustics import (
    SAMPLE_RATE_HZ,
    Mixture,
    at_snr,
    equipment_noise,
    mix,
    pcm16,
    room_noise,
)
from service.demo.recorder.dictation import Sentence, sentences
from service.demo.recorder.recognise import Recogniser
from service.demo.recorder.schedule import Dictation
from service.demo.recorder.voices import speak

EQUIPMENT_SNR_DB = (15.5, 17.5)


@dataclass(frozen=True)
class Take:
    """One recognised version of an utterance.

    Parameters
    ----------
    snr_db
        Mean power of the speech over that of all noise, in dB.
    hypothesis
        The recogniser's words.
    confidence
        The recogniser's confidence, 0 to 1.
    """

    snr_db: float
    hypothesis: str
    confidence: float


@dataclass(frozen=True)
class Recorded:
    """A recorded dictation.

    Parameters
    ----------
    index
        The dictation's index in the schedule.
    duration_s
        Length of the sound, in seconds.
    quiet
        What was recognised without the machine.
    noisy
        What was recognised beside the running machine; None if it did not run there.
    """

    index: int
    duration_s: float
    quiet: Take
    noisy: Take | None


def sentence(dictation: Dictation, seed: int) -> Sentence:
    """Give the sentence that is dictated."""
    return sentences(np.random.default_rng([seed, dictation.index, 0]), 1)[0]


def record(dictation: Dictation, seed: int, recogniser: Recogniser) -> Recorded:
    """Speak, add the noises and recognise."""
    speech = speak(sentence(dictation, seed).spoken, dictation.speaker)
    rng = np.random.default_rng([seed, dictation.index, 1])
    room_snr_db = rng.uniform(*dictation.site.room_snr_db)
    room = at_snr(room_noise(rng, len(speech)), speech, room_snr_db)
    quiet = _take(mix(speech, room), recogniser)
    noisy = None
    if dictation.in_equipment_noise:
        machine_snr_db = rng.uniform(*EQUIPMENT_SNR_DB)
        machine = at_snr(equipment_noise(rng, len(speech)), speech, machine_snr_db)
        noisy = _take(mix(speech, room, machine), recogniser)
    return Recorded(dictation.index, len(speech) / SAMPLE_RATE_HZ, quiet, noisy)


def _take(mixture: Mixture, recogniser: Recogniser) -> Take:
    transcript = recogniser.transcribe(pcm16(mixture.signal))
    return Take(mixture.snr_db, transcript.text, transcript.confidence)
