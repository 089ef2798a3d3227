"""What a running service is asked by the commands, and tells them: as much of each answer as they show."""

from __future__ import annotations

from urllib.parse import quote

import msgspec

from service.errors import StartError


def path(*parts: str) -> str:
    """The route of these parts, whatever they hold.

    Raises
    ------
    StartError
        If one can be no id.

    Examples
    --------
    >>> path("alerts", "a?b", "resolve")
    '/v1/alerts/a%3Fb/resolve'
    """
    for part in parts:
        if not part or "/" in part:
            raise StartError(f"expected an id as the lists show it, got {part!r}")
    return "/".join(("/v1", *(quote(part, safe="") for part in parts)))


class Row(msgspec.Struct):
    """A row of the audit record."""

    id: int


class Reloaded(msgspec.Struct):
    """The keys that have changed, and those whose change waits for a restart."""

    changed: list[str]
    needs_restart: list[str]


class Alert(msgspec.Struct):
    """An alert in a list."""

    alert_id: str
    state: str
    severity: str
    title: str


class Alerts(msgspec.Struct):
    """Alerts, and behind which one more of them are."""

    alerts: list[Alert]
    next: str | None


class Attended(msgspec.Struct):
    """An alert to which somebody attended."""

    alert_id: str
    state: str


class Silence(msgspec.Struct):
    """A silence."""

    silence_id: str
    state: str
    matchers: list[str]
    starts_at: str
    ends_at: str
    note: str
    author: str


class Silences(msgspec.Struct):
    """All silences."""

    silences: list[Silence]


class Notice(msgspec.Struct):
    """What became of a notice."""

    notice_id: str
    state: str
    attempts: int
    last_outcome: str | None


class Notices(msgspec.Struct):
    """Several of them."""

    notices: list[Notice]


class NoticeMoved(msgspec.Struct):
    """A notice that waits again, or is let be."""

    receiver: str


class ClaimSide(msgspec.Struct):
    """What the evidence about a claim rests on, on one side."""

    speaker_shifts: int
    speakers_known: bool
    speakers: int
    sessions: int
    utterances: int
    wer: float | None


class ClaimRow(msgspec.Struct):
    """A row of a claim's record."""

    taken_at: str
    action: str
    author: str | None
    note: str


class Claim(msgspec.Struct):
    """A claim, and what its evidence says."""

    claim_id: str
    state: str
    title: str
    says: str
    filed_at: str
    record: list[ClaimRow]
    rests_on: dict[str, ClaimSide] = {}


class Claims(msgspec.Struct):
    """All claims."""

    claims: list[Claim]


class Effect(msgspec.Struct):
    """WER points with their interval."""

    points: float
    lower: float
    upper: float


class Side(msgspec.Struct):
    """A slice at one time."""

    wer: float | None
    sessions: int


class SliceChange(msgspec.Struct):
    """How a slice has changed."""

    slice: dict[str, str]
    excess_errors: float
    share_of_excess: float | None
    rise: Effect | None
    before: Side
    after: Side


class Where(msgspec.Struct):
    """Where a change comes from."""

    summary: str
    why: str
    look_first: list[str]
    ranked: list[SliceChange]
    too_little_speech: list[dict[str, str]]


class Explained(msgspec.Struct):
    """An alert with where its rise comes from."""

    title: str
    where: Where | None = None


class SliceNow(msgspec.Struct):
    """How bad a slice is now."""

    slice: dict[str, str]
    wer: float | None
    lower: float | None
    upper: float | None
    sessions: int
    reference_words: int


class Whole(msgspec.Struct):
    """How bad the whole cohort is now."""

    wer: float | None


class Slices(msgspec.Struct):
    """Where a cohort is served worst."""

    since: str = msgspec.field(name="from")
    to: str
    whole: Whole
    slices: list[SliceNow]
    too_little_speech: list[SliceNow]
    change: Where | None
    not_counted_apart: dict[str, float] = {}
    notes: list[str] = []
