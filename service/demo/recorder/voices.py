"""The speakers: synthetic voices that differ in accent, timbre, pitch and pace.

The synthesiser is espeak-ng [1]_. Its accents differ in phonemes and vowels, its variants
in timbre. A recogniser trained on American speech understands some accents much worse
than others; where it hardly understood an accent at all, the cast has the variants and
paces that it copes with, because a hospital would not keep a recogniser that fails every
second word.

References
----------
.. [1] https://github.com/espeak-ng/espeak-ng
"""

import subprocess
from dataclasses import dataclass

import numpy as np

from service.demo.recorder.acoustics import Signal, padded, resampled

ESPEAK_RATE_HZ = 22_050

_WAVE_HEADER_BYTES = 44
_SILENCE_LEVEL = 50


@dataclass(frozen=True)
class Speaker:
    """One synthetic person.

    Parameters
    ----------
    speaker_id
        Pseudonym.
    accent
        Name of the espeak-ng voice, for example ``en-gb-scotland``.
    variant
        espeak-ng voice variant: timbre.
    pitch
        espeak-ng pitch, 0 to 99; 50 is the voice's own.
    pace_wpm
        Words per minute.
    """

    speaker_id: str
    accent: str
    variant: str
    pitch: int
    pace_wpm: int


@dataclass(frozen=True)
class Accent:
    """How an accent is cast.

    Parameters
    ----------
    name
        Name of the espeak-ng voice.
    short
        How the accent's speakers are called.
    share
        The accent's part of all dictation, 0 to 1.
    speakers
        Number of people.
    variants
        espeak-ng variants, dealt to the speakers in turn.
    pace_wpm
        Slowest and fastest pace, in words per minute.
    """

    name: str
    short: str
    share: float
    speakers: int
    variants: tuple[str, ...]
    pace_wpm: tuple[int, int]


_PLAIN = ("m1", "m2", "m3", "m5", "m6", "m7", "m8", "f1", "f2", "f3", "f5")
_VARIED = ("m2", "m3", "m4", "m6", "m7", "m8", "f1", "f2", "f3", "f4")
_AMERICAN = ("m1", "steph", "gustave", "f1", "Annie", "m7", "linda", "f2", "Mario", "f3", "m3")
_NEW_YORK = ("m1", "f4", "m2", "robert", "m4", "john", "m6", "f3", "steph", "m8", "f1")
_ENGLISH = ("m2", "f3", "m4", "f1", "m7", "f4", "m8", "f2")
_CARIBBEAN = ("m5", "m8", "f5", "m7", "m6")
_MIDLANDS = ("m1", "m5", "m6", "f5")

ACCENTS = (
    Accent("en-us", "us", 0.20, 24, _AMERICAN, (180, 205)),
    Accent("en-us-nyc", "nyc", 0.11, 14, _NEW_YORK, (180, 205)),
    Accent("en-gb", "gb", 0.17, 20, _ENGLISH, (190, 215)),
    Accent("en-gb-x-rp", "rp", 0.11, 14, _PLAIN, (160, 185)),
    Accent("en-gb-scotland", "scotland", 0.14, 16, _PLAIN, (165, 185)),
    Accent("en-gb-x-gbclan", "lancaster", 0.10, 14, _VARIED, (165, 185)),
    Accent("en-gb-x-gbcwmd", "midlands", 0.085, 12, _MIDLANDS, (165, 180)),
    Accent("en-029", "caribbean", 0.085, 12, _CARIBBEAN, (165, 180)),
)


def speakers(accent: Accent, seed: int) -> list[Speaker]:
    """Cast an accent: the same people for the same seed."""
    rng = np.random.default_rng([seed, *accent.name.encode()])
    slowest, fastest = accent.pace_wpm
    return [
        Speaker(
            speaker_id=f"{accent.short}-{number + 1:02d}",
            accent=accent.name,
            variant=accent.variants[number % len(accent.variants)],
            pitch=int(rng.integers(30, 71)),
            pace_wpm=int(rng.integers(slowest, fastest + 1)),
        )
        for number in range(accent.speakers)
    ]


def speak(text: str, speaker: Speaker) -> Signal:
    """Synthesise ``text``; 16 kHz, with a short silence before and after.

    Raises
    ------
    subprocess.CalledProcessError
        If espeak-ng fails, for example because it lacks the voice.
    """
    voice = f"{speaker.accent}+{speaker.variant}"
    command = ["espeak-ng", "-v", voice, "-p", str(speaker.pitch), "-s", str(speaker.pace_wpm)]
    wave = subprocess.run([*command, "--stdout", text], capture_output=True, check=True).stdout
    # espeak-ng cannot seek in a pipe, so the length fields of its header are wrong and a
    # WAVE reader would refuse it; the header's own length is fixed.
    samples = np.frombuffer(wave[_WAVE_HEADER_BYTES:], dtype="<i2").astype(np.float64)
    loud = np.flatnonzero(np.abs(samples) > _SILENCE_LEVEL)
    return padded(resampled(samples[loud[0] : loud[-1] + 1], ESPEAK_RATE_HZ))
