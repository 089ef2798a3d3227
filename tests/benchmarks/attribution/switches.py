"""Streams of real engines in which a known slice is played from a worse one.

``make_replay.py`` orders recordings, drawn several times over; each draw counts as another speaker in another
session. Sites, beds and devices are drawn by lot and have nothing to do with what is said. Long conversations
are cut into sessions of some ten utterances of a speaker, who mostly comes again to the same site.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from benchmarks.detection import recordings
from detectors.slices.marginals import Where
from detectors.unit import ScoredUtterance

Hits = Callable[[str, Mapping[str, str]], bool]
Row = Mapping[str, Any]

MOST_COPIES = 40
"""How many times all recordings are drawn; what comes after the question is not played."""
SITES, BEDS = 4, 8
DEVICES = ("cart", "handheld", "headset")
HOME = 0.6
GAP_S = 12.0
"""Between utterances: a session lasts some minutes, as sessions do."""
TURNS_A_SESSION = 20
"""Of both speakers of a conversation."""
L1 = ("Irish English", "Jamaican English", "Mainstream US English", "Scottish English")
SITE: Where = (("site", "ward-1"),)
BED: Where = (("bed", "bed-1"),)
DOMAIN: Where = (("domain", "clinical"),)


@dataclass(frozen=True)
class Spoken:
    """Where a draw of an utterance was spoken."""

    cohort: str
    speaker: str | None
    session: str
    attributes: dict[str, str]


@dataclass(frozen=True)
class Corpus:
    """Recordings, the engine they are played from, whose rise is asked for, and who speaks where."""

    dataset: str
    engine: str
    cohort: str
    spoken: Callable[[Row, int], Spoken]


@dataclass(frozen=True)
class Switch:
    """What is played from a worse engine, and what may be named.

    ``copies`` is how many times all recordings are played before; ``counted`` is the slice whose sessions
    since then say when it is asked.
    """

    corpus: Corpus
    worse: str
    name: str
    hits: Hits
    truths: tuple[Where, ...]
    counted: Where = SITE
    is_everybodys: bool = False
    copies: float = 3.0

    @property
    def cohort(self) -> str | None:
        """Whose rise is to be explained; None for everybody's."""
        return None if self.is_everybodys else self.corpus.cohort


@dataclass(frozen=True)
class Played:
    """A stream: ``sessions[i]`` are those of the counted slice since the onset up to utterance i."""

    utterances: list[ScoredUtterance]
    is_hit: list[bool]
    sessions: list[int]
    start: int

    @property
    def onset_s(self) -> float:
        """When the switch was."""
        return recordings.FIRST_S + GAP_S * self.start


def play(switch: Switch, seed: int, most: int) -> Played:
    """The switch in an order, until the counted slice has had so many sessions since, and one begins."""
    corpus, counted = switch.corpus, dict(switch.counted)
    rows = recordings.recordings(corpus.dataset)
    good, bad = (recordings.scores(corpus.dataset, each) for each in (corpus.engine, switch.worse))
    scenario = {"before": {"*": corpus.engine}, "after": {"*": switch.worse}}
    draw = recordings.replayer().stream
    ids = draw(rows, scenario, seed, "concurrent", recordings.AT_ONCE, MOST_COPIES)
    start = int(len(ids) * switch.copies / MOST_COPIES)
    played = Played([], [], [], start)
    times, heard = Counter[str](), set[str]()
    for index, utterance in enumerate(ids):
        times[utterance] += 1
        spoken = corpus.spoken(next(iter(rows[utterance].values())), times[utterance])
        is_hit = index >= start and switch.hits(spoken.cohort, spoken.attributes)
        if index >= start and spoken.cohort == corpus.cohort and counted.items() <= spoken.attributes.items():
            heard.add(spoken.session)
        if len(heard) > most:
            break
        played.utterances.append(
            ScoredUtterance(
                spoken.cohort,
                recordings.FIRST_S + GAP_S * index,
                (bad if is_hit else good)[utterance],
                spoken.speaker,
                spoken.session,
                spoken.session,
                attributes=tuple(sorted(spoken.attributes.items())),
            )
        )
        played.is_hit.append(is_hit)
        played.sessions.append(len(heard))
    return played


def _lot(name: str, values: int) -> int:
    return int(hashlib.sha256(name.encode()).hexdigest()[:8], 16) % values


def _device(session: str) -> str:
    return DEVICES[_lot(f"device {session}", len(DEVICES))]


def _afrispeech(row: Row, draw: int) -> Spoken:
    country = row["country"] if row["country"] in ("NG", "KE", "ZA") else "other"
    name = f"{row['speaker']}#{draw}"
    values = {
        "age_group": row["age_group"] or "unknown",
        "domain": row["domain"],
        "gender": row["gender"],
        "site": f"ward-{_lot(name, SITES)}",
    }
    return Spoken(country, name, name, values)


def _edacc(row: Row, draw: int) -> Spoken:
    speaker = f"{row['speaker']}#{draw}"
    session = f"{speaker}:{row['seq'] // TURNS_A_SESSION}"
    is_home = _lot(f"home {session}", 100) < HOME * 100
    values = {
        "device": _device(session),
        "site": f"ward-{_lot(speaker if is_home else session, SITES)}",
    }
    return Spoken("L1" if row["accent"] in L1 else "L2", speaker, session, values)


def _primock(row: Row, draw: int) -> Spoken:
    visit = f"{row['recording']}#{draw}"
    values = {"device": _device(visit), "site": f"ward-{_lot(visit, SITES)}"}
    return Spoken(row["role"], f"{row['speaker']}#{draw}", f"{visit}:{row['role']}", values)


def _eka(row: Row, draw: int) -> Spoken:
    session = f"{row['utterance_id']}#{draw}"
    values = {
        "bed": f"bed-{_lot(session, BEDS)}",
        "device": _device(session),
        "shift": ("day", "night")[_lot(f"shift {session}", 2)],
    }
    cohort = ("new", "senior")[_lot(f"staff {session}", 2)]
    return Spoken(cohort, None, session, values)


AFRISPEECH = Corpus("afrispeech", "whisper-large", "NG", _afrispeech)
EDACC = Corpus("edacc", "parakeet-tdt-0.6b-v3", "L2", _edacc)
PRIMOCK = Corpus("primock57", "openai-whisper-1", "patient", _primock)
EKA = Corpus("eka-noise", "whisper-large-v3|off|none|", "new", _eka)


def _lies_in(where: Where, cohort: str | None = None) -> Hits:
    return lambda own, values: cohort in (None, own) and dict(where).items() <= values.items()


def _switches(corpus: Corpus, worse: str, copies: float, *wheres: Where) -> list[Switch]:
    """Each slice for the cohort in question, the first one for everybody, and what leaves nothing to name."""
    own, first = corpus.cohort, wheres[0]
    return [
        *(
            Switch(corpus, worse, _told(where), _lies_in(where, own), (where,), where, copies=copies)
            for where in wheres
        ),
        Switch(corpus, worse, "exposure", _lies_in(first), (first,), first, copies=copies),
        Switch(corpus, worse, "the cohort", _lies_in((), own), (), first, copies=copies),
        Switch(corpus, worse, "everybody", _lies_in(()), (), first, is_everybodys=True, copies=copies),
    ]


def _told(where: Where) -> str:
    return " ".join(f"{name}={value}" for name, value in where)


PAIR: Where = (*DOMAIN, *SITE)
SWITCHES = (
    *_switches(AFRISPEECH, "aws-transcribe", 0.5, SITE, DOMAIN, PAIR),
    *_switches(AFRISPEECH, "aws-transcribe", 3.0, SITE, DOMAIN, PAIR),
    *_switches(AFRISPEECH, "gcp-speech", 0.5, SITE, DOMAIN, PAIR),
    *_switches(EKA, "whisper-large-v3|off|electronic|amp0.017", 6.0, BED),
    *_switches(EKA, "whisper-large-v3|metricgan|electronic|amp0.017", 6.0, BED),
    *_switches(EDACC, "moonshine-streaming-medium", 3.0, SITE),
    *_switches(PRIMOCK, "google-medasr", 6.0, SITE),
)
