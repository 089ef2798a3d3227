"""Sound as arrays: resampling, a room's noise, a machine's noise, mixing at a given SNR.

A signal is a one-dimensional array of float64 samples at 16 kHz. Signal-to-noise ratios
(SNR) are in decibels and compare mean power over the whole utterance.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Signal = NDArray[np.float64]

SAMPLE_RATE_HZ = 16_000
EQUIPMENT_TONE_HZ = 850.0
EQUIPMENT_GATE_HZ = 11.0

_HARMONICS = 7
_ROOM_CORNER_HZ = 300.0
_QUIET_S = 0.2


@dataclass(frozen=True)
class Mixture:
    """Speech with its noises, and how far the speech stands above them together.

    Parameters
    ----------
    signal
        The sum of speech and noises.
    snr_db
        Mean power of the speech over mean power of all noise, in dB.
    """

    signal: Signal
    snr_db: float


def mix(speech: Signal, *noises: Signal) -> Mixture:
    """Add noises, already at their levels, to speech of the same length.

    >>> speech = np.ones(8)
    >>> round(mix(speech, np.full(8, 0.1)).snr_db, 6)
    20.0
    """
    noise = np.sum(noises, axis=0)
    return Mixture(speech + noise, 10 * math.log10(_power(speech) / _power(noise)))


def at_snr(noise: Signal, speech: Signal, snr_db: float) -> Signal:
    """Scale ``noise`` so that ``speech`` stands ``snr_db`` decibels above it."""
    wanted = _power(speech) / 10 ** (snr_db / 10)
    return noise * math.sqrt(wanted / _power(noise))


def room_noise(rng: np.random.Generator, samples: int) -> Signal:
    """Draw ventilation-like noise: flat up to 300 Hz, then falling by 6 dB an octave."""
    spectrum = np.fft.rfft(rng.standard_normal(samples))
    frequencies_hz = np.fft.rfftfreq(samples, 1 / SAMPLE_RATE_HZ)
    shaped = spectrum / np.sqrt(1 + (frequencies_hz / _ROOM_CORNER_HZ) ** 2)
    return np.asarray(np.fft.irfft(shaped, samples), dtype=np.float64)


def equipment_noise(rng: np.random.Generator, samples: int) -> Signal:
    """Draw the noise of a faulty machine: 850 Hz and harmonics, pulsed 11 times a second.

    Phases of the tones and of the pulses are random; everything else is the machine's.
    """
    time_s = np.arange(samples) / SAMPLE_RATE_HZ
    tone = np.zeros(samples)
    for harmonic in range(1, _HARMONICS + 1):
        phase = rng.uniform(0, 2 * np.pi)
        tone += np.sin(2 * np.pi * harmonic * EQUIPMENT_TONE_HZ * time_s + phase) / harmonic
    gate_phase = rng.uniform(0, 2 * np.pi)
    # A steep but finite edge: a hard switch would click over the whole spectrum.
    gate = 0.5 * (1 + np.tanh(8 * np.sin(2 * np.pi * EQUIPMENT_GATE_HZ * time_s + gate_phase)))
    return np.asarray(tone * gate, dtype=np.float64)


def padded(speech: Signal) -> Signal:
    """Put 0.2 s of silence before and after, as a pressed record button does."""
    quiet = np.zeros(int(_QUIET_S * SAMPLE_RATE_HZ))
    return np.concatenate([quiet, speech, quiet])


def resampled(signal: Signal, rate_hz: int) -> Signal:
    """Convert from ``rate_hz`` (16 kHz or more) to 16 kHz, band-limited to 8 kHz.

    The whole utterance is one block whose spectrum is cut: exact, and fast enough for
    seconds of speech. The end is padded with zeros to a length that has an exact
    counterpart at 16 kHz.
    """
    divisor = math.gcd(rate_hz, SAMPLE_RATE_HZ)
    blocks = -(-len(signal) * divisor // rate_hz)
    source = blocks * (rate_hz // divisor)
    target = blocks * (SAMPLE_RATE_HZ // divisor)
    spectrum = np.fft.rfft(signal, source)[: target // 2 + 1]
    return np.asarray(np.fft.irfft(spectrum, target) * (target / source), dtype=np.float64)


def pcm16(signal: Signal, peak: float = 0.5) -> bytes:
    """Give little-endian 16-bit samples with the loudest one at ``peak`` of full scale."""
    loudest = float(np.max(np.abs(signal))) or 1.0
    return np.round(signal * (peak * 32767 / loudest)).astype("<i2").tobytes()


def _power(signal: Signal) -> float:
    return float(np.mean(np.square(signal)))
