"""The manifest: what is in the recordings, by which tools, and how well they are recognised."""

import platform
import re
import subprocess
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from typing import Any

from rapidfuzz.distance import Levenshtein

from service.demo.recorder.acoustics import EQUIPMENT_GATE_HZ, EQUIPMENT_TONE_HZ
from service.demo.recorder.lines import WRITTEN_SHARE
from service.demo.recorder.recognise import SETTINGS
from service.demo.recorder.recording import EQUIPMENT_SNR_DB, Recorded, Take, sentence
from service.demo.recorder.schedule import (
    AFFECTED_SITE,
    AFFECTED_TEAM,
    END,
    ONSET,
    REPAIR,
    START,
    Dictation,
)
from service.demo.recorder.voices import ACCENTS


@dataclass(frozen=True)
class Scored:
    """A dictation with its word errors.

    Parameters
    ----------
    dictation
        The plan.
    words
        Words spoken.
    quiet_errors
        Substitutions, deletions and insertions without the machine.
    hospital_errors
        The same as the hospital heard it, with the machine where it ran.
    """

    dictation: Dictation
    words: int
    quiet_errors: int
    hospital_errors: int


def scored(dictation: Dictation, recorded: Recorded, seed: int) -> Scored:
    """Count word errors against the spoken words."""
    spoken = sentence(dictation, seed).spoken.split()

    def errors(take: Take) -> int:
        return Levenshtein.distance(spoken, take.hypothesis.split())

    return Scored(
        dictation=dictation,
        words=len(spoken),
        quiet_errors=errors(recorded.quiet),
        hospital_errors=errors(recorded.noisy or recorded.quiet),
    )


def manifest(scores: Sequence[Scored], seed: int) -> dict[str, Any]:
    """Give the manifest as a JSON object."""
    dictations = [score.dictation for score in scores]
    return {
        "seed": seed,
        "versions": {
            "espeak-ng": espeak_version(),
            "pocketsphinx": version("pocketsphinx"),
            "numpy": version("numpy"),
            "python": platform.python_version(),
        },
        "start": _timestamp(START),
        "end": _timestamp(END),
        "equipment": {
            "onset": _timestamp(ONSET),
            "repaired": _timestamp(REPAIR),
            "site": AFFECTED_SITE,
            "accent": AFFECTED_TEAM,
            "tone_hz": EQUIPMENT_TONE_HZ,
            "gate_hz": EQUIPMENT_GATE_HZ,
            "snr_db": list(EQUIPMENT_SNR_DB),
        },
        "decoder": dict(SETTINGS),
        "written_references_share": WRITTEN_SHARE,
        "utterances": len(dictations),
        "in_equipment_noise": sum(d.in_equipment_noise for d in dictations),
        "sessions": len({d.session_id for d in dictations}),
        "speakers": len({d.speaker.speaker_id for d in dictations}),
        "wer_percent": {
            **{accent.name: _table_row(_of(scores, accent.name)) for accent in ACCENTS},
            "all": _table_row(scores),
        },
    }


def espeak_version() -> str:
    """Give the version of the installed espeak-ng, for example ``1.51``."""
    command = ["espeak-ng", "--version"]
    output = subprocess.run(command, capture_output=True, check=True, text=True).stdout
    found = re.search(r"\d+(\.\d+)+", output)
    return found.group() if found else output.strip()


def _of(scores: Iterable[Scored], accent: str) -> list[Scored]:
    return [score for score in scores if score.dictation.speaker.accent == accent]


def _table_row(scores: Sequence[Scored]) -> dict[str, float | int | None]:
    noisy = [score for score in scores if score.dictation.in_equipment_noise]
    during = [s for s in scores if ONSET <= s.dictation.spoken_at < REPAIR]
    elsewhere = [score for score in during if not score.dictation.in_equipment_noise]
    before = [score for score in scores if score.dictation.spoken_at < ONSET]
    return {
        "utterances": len(scores),
        "utterances_beside_equipment": len(noisy),
        "control": _wer_percent(scores, _quiet),
        "before_onset": _wer_percent(before, _hospital),
        "while_equipment_on": _wer_percent(during, _hospital),
        "while_equipment_on_elsewhere": _wer_percent(elsewhere, _hospital),
        "beside_equipment": _wer_percent(noisy, _hospital),
        "beside_equipment_control": _wer_percent(noisy, _quiet),
    }


def _quiet(score: Scored) -> int:
    return score.quiet_errors


def _hospital(score: Scored) -> int:
    return score.hospital_errors


def _wer_percent(scores: Sequence[Scored], errors: Callable[[Scored], int]) -> float | None:
    """Word error rate of a set, a ratio of sums, in per cent; None for an empty set."""
    words = sum(score.words for score in scores)
    return round(100 * sum(map(errors, scores)) / words, 1) if words else None


def _timestamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
