"""The hospital's calendar: who dictates when, where and on which device.

People work in sessions. A session is 4 to 10 dictations at one site on one device, one
to four minutes apart; after it the person rests for 45 minutes or more. Days are
twice as busy as nights. The Scottish team staffs imaging, where the faulty machine stands.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import MappingProxyType

import numpy as np

from service.demo.recorder.voices import ACCENTS, Accent, Speaker, speakers

START = datetime(2026, 3, 2, 6, tzinfo=UTC)
ONSET = datetime(2026, 3, 3, 9, tzinfo=UTC)
REPAIR = datetime(2026, 3, 4, 6, tzinfo=UTC)
END = datetime(2026, 3, 4, 22, tzinfo=UTC)

AFFECTED_SITE = "imaging-3"
AFFECTED_TEAM = "en-gb-scotland"

_DAY_HOURS = range(7, 19)
_DAY_WEIGHT = 2.0
_DICTATIONS = (4, 10)
_PAUSE_S = (62, 240)
_REST = timedelta(minutes=45)
_LAST_BEGINNING = END - timedelta(hours=1)
_TEAM_ON_SITE = 0.80
_OTHERS_ON_SITE = 0.05


@dataclass(frozen=True)
class Site:
    """A place of work.

    Parameters
    ----------
    name
        Name in the recordings.
    devices
        What people dictate into there.
    room_snr_db
        Lowest and highest SNR of speech over the room's own noise, in dB.
    """

    name: str
    devices: tuple[str, ...]
    room_snr_db: tuple[float, float]


@dataclass(frozen=True)
class Dictation:
    """One utterance to be recorded.

    Parameters
    ----------
    index
        Position in the recording, from 0, in order of time.
    session_id
        Pseudonym of the session.
    speaker
        Who speaks.
    site
        Where.
    device
        Into what.
    spoken_at
        When, by the recording's clock (UTC, whole seconds).
    in_equipment_noise
        Whether the faulty machine runs beside it.
    """

    index: int
    session_id: str
    speaker: Speaker
    site: Site
    device: str
    spoken_at: datetime
    in_equipment_noise: bool


@dataclass(frozen=True)
class _Session:
    times: tuple[datetime, ...]
    speaker: Speaker
    site: Site
    device: str


SITES: Mapping[str, Site] = MappingProxyType(
    {
        site.name: site
        for site in (
            Site("emergency", ("handheld-11", "handheld-12", "kiosk-1"), (14.0, 20.0)),
            Site("ward-2", ("handheld-21", "handheld-22", "station-2"), (16.0, 23.0)),
            Site("imaging-3", ("dictaphone-31", "dictaphone-32", "cart-x"), (17.0, 24.0)),
            Site("clinic-4", ("handheld-41", "station-4"), (18.0, 25.0)),
            Site("icu-5", ("handheld-51", "station-5", "cart-y"), (15.0, 21.0)),
        )
    }
)


def schedule(seed: int, utterances: int) -> list[Dictation]:
    """Plan the recording, in order of time.

    Parameters
    ----------
    seed
        The same seed and number give the same plan.
    utterances
        Wanted number of utterances; the plan has this many within a few per cent.
    """
    sessions = [session for accent in ACCENTS for session in _team(accent, seed, utterances)]
    sessions.sort(key=lambda session: (session.times[0], session.speaker.speaker_id))
    planned = sorted(
        (spoken_at, number) for number, session in enumerate(sessions) for spoken_at in session.times
    )
    return [
        Dictation(
            index=index,
            session_id=f"s{number + 1:04d}",
            speaker=sessions[number].speaker,
            site=sessions[number].site,
            device=sessions[number].device,
            spoken_at=spoken_at,
            in_equipment_noise=(sessions[number].site.name == AFFECTED_SITE and ONSET <= spoken_at < REPAIR),
        )
        for index, (spoken_at, number) in enumerate(planned)
    ]


def _team(accent: Accent, seed: int, utterances: int) -> Iterator[_Session]:
    """All sessions of an accent's speakers, each with a site and a device.

    The affected site gets every so-many-th session in order of time instead of random
    ones: a small team is there only a few times, and chance could keep it from the noise.
    """
    rng = np.random.default_rng([seed, *accent.short.encode()])
    on_site = _TEAM_ON_SITE if accent.name == AFFECTED_TEAM else _OTHERS_ON_SITE
    elsewhere = [site for site in SITES.values() if site.name != AFFECTED_SITE]
    stretches = sorted(
        (times, speaker.speaker_id, speaker)
        for speaker in speakers(accent, seed)
        for times in _working_life(accent, speaker, seed, utterances)
    )
    for number, (times, _, speaker) in enumerate(stretches):
        site = elsewhere[int(rng.integers(len(elsewhere)))]
        if int((number + 0.5) * on_site) < int((number + 1.5) * on_site):
            site = SITES[AFFECTED_SITE]
        device = site.devices[int(rng.integers(len(site.devices)))]
        yield _Session(times, speaker, site, device)


def _working_life(
    accent: Accent, speaker: Speaker, seed: int, utterances: int
) -> Iterator[tuple[datetime, ...]]:
    """When one person dictates: sessions dealt evenly over busy and quiet hours.

    Dealing one session to each equal part of the work, rather than drawing freely, makes
    everybody work on all three days.
    """
    rng = np.random.default_rng([seed, *speaker.speaker_id.encode()])
    usual_length = sum(_DICTATIONS) / 2
    count = round(accent.share * utterances / accent.speakers / usual_length)
    free_from = START
    for part in range(count):
        wanted = _moment((part + rng.random()) / count)
        rested = free_from + timedelta(seconds=int(rng.integers(0, 900)))
        times = _session_times(max(wanted, rested), rng)
        if times[-1] >= END:
            return
        yield times
        free_from = times[-1] + _REST


def _session_times(start: datetime, rng: np.random.Generator) -> tuple[datetime, ...]:
    shortest, longest = _DICTATIONS
    pauses = rng.integers(*_PAUSE_S, size=int(rng.integers(shortest - 1, longest)))
    seconds = np.concatenate([[0], np.cumsum(pauses)])
    return tuple(start + timedelta(seconds=int(second)) for second in seconds)


def _moment(done: float) -> datetime:
    """When the fraction ``done`` of all sessions has begun, to the second."""
    hours = (_LAST_BEGINNING - START) // timedelta(hours=1)
    weights = np.array(
        [_DAY_WEIGHT if (START + timedelta(hours=hour)).hour in _DAY_HOURS else 1.0 for hour in range(hours)]
    )
    work = np.concatenate([[0.0], np.cumsum(weights)])
    hour = float(np.interp(done * work[-1], work, np.arange(hours + 1)))
    return START + timedelta(seconds=int(hour * 3600))
