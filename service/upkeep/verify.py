"""Whether a store is whole: its pages, its sums, and the monitor's state against a replay of the rows."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from detectors.monitor import Monitor
from service.config import Config
from service.errors import StartError
from service.store.damage import UNREADABLE, fault
from service.store.data_dir import is_there
from service.store.history import History
from service.store.id_faults import IdFaults, id_faults
from service.store.rows.claims import ClaimRows
from service.store.rows.incomparable import read_incomparable, told
from service.store.schema import MIGRATIONS, version_of
from service.store.store import FILE_NAME, connect
from service.watching.claim_course import ClaimCourse
from service.watching.course import UNUSABLE, Course

MOST_SHOWN = 5
_SUMS = """
    SELECT cohort, selection, kind, SUM(utterances), SUM(errors), SUM(words) FROM (
        SELECT cohort, selection, kind, utterances, substitutions + deletions + insertions AS errors,
            reference_words AS words FROM hourly
        UNION ALL
        SELECT cohort, selection, kind, 1, substitutions + deletions + insertions,
            substitutions + deletions + hits FROM scored
    ) GROUP BY cohort, selection, kind
"""


@dataclass(frozen=True, slots=True)
class Finding:
    """What was looked at, whether it is as it must be, and what was found."""

    subject: str
    is_good: bool
    text: str


def verify(config: Config) -> Iterator[Finding]:
    """Look at a store, changing nothing; a service may have it open and write to it.

    Raises
    ------
    StartError
        If there is no store.
    """
    path = config.data_dir / FILE_NAME
    if not is_there(path):
        raise StartError(f"data_dir: {config.data_dir} holds no store")
    try:
        with closing(connect(path, read_only=True)) as db:
            yield from _findings(db, config, path)
    except UNREADABLE as error:
        yield Finding("file", is_good=False, text=fault(error))


def _findings(db: sqlite3.Connection, config: Config, path: Path) -> Iterator[Finding]:
    faults = [row[0] for row in db.execute("PRAGMA integrity_check(5)")]
    whole = faults == ["ok"]
    yield Finding("file", whole, f"{path} is whole" if whole else "; ".join(faults))
    version = version_of(db)
    if version != len(MIGRATIONS):
        text = f"layout {version}, this version's is {len(MIGRATIONS)}; a start upgrades an earlier one"
        yield Finding("layout", is_good=False, text=text)
        return
    yield from _ids(id_faults(db))
    if waiting := read_incomparable(db, config.normaliser.version):
        yield Finding("references", is_good=True, text=told(waiting))
    yield _sums(db)
    yield _state(db, config)
    if ClaimRows(db).newest(1):
        yield _claims(db)


@contextmanager
def _one_moment(db: sqlite3.Connection) -> Iterator[None]:
    # Only as short as it must be: the log of a service that writes cannot be folded in meanwhile.
    db.execute("BEGIN")
    yield
    db.execute("COMMIT")


def _ids(faults: IdFaults) -> Iterator[Finding]:
    if faults.twice:
        places = _some([f"{one} and {other}" for one, other in faults.twice])
        text = f"{len(faults.twice):,} utterances have the id of another (rows {places}), so one of them may "
        yield Finding("ids", is_good=False, text=f"{text}count twice; restore a backup")
    if faults.astray or faults.nowhere:
        places = f" (rows {_some(list(map(str, faults.astray)))})" if faults.astray else ""
        text = f"of {len(faults.astray):,} utterances{places} the id does not lead to the row, and "
        text += f"{faults.nowhere:,} ids lead to no row of theirs, so what is sent again may be taken for "
        text += "new, or refused; with young_ids and old_ids empty and 0 in filed, a start files them"
        yield Finding("ids", is_good=False, text=text)
    if faults.of_another:
        places = _some(list(map(str, faults.of_another)))
        text = f"{len(faults.of_another):,} scored rows (seq {places}) name the row of another utterance, or "
        text += "of none, so retention would delete the wrong one; restore a backup"
        yield Finding("ids", is_good=False, text=text)
    if faults == IdFaults(faults.utterances):
        text = f"{faults.utterances:,} utterances have each an id of their own that leads to them"
        yield Finding("ids", is_good=True, text=text)


def _some(places: list[str]) -> str:
    shown = ", ".join(places[:MOST_SHOWN])
    return shown if len(places) <= MOST_SHOWN else f"{shown}, ..."


def _sums(db: sqlite3.Connection) -> Finding:
    with _one_moment(db):
        kept = {row[:3]: row[3:] for row in db.execute(_SUMS)}
        rows = db.execute("SELECT cohort, selection, kind, utterances, errors, reference_words FROM totals")
        totals = {row[:3]: row[3:] for row in rows}
    wrong = {key[0] for key in kept.keys() | totals.keys() if kept.get(key) != totals.get(key)}
    if wrong:
        text = f"the totals of {', '.join(sorted(wrong))} are not those of the rows; restore a backup"
        return Finding("sums", is_good=False, text=text)
    scored = sum(row[0] for row in totals.values())
    return Finding("sums", is_good=True, text=f"the totals are those of {scored:,} scored utterances")


def _claims(db: sqlite3.Connection) -> Finding:
    rows, history = ClaimRows(db), History(db)
    with _one_moment(db):
        snapshot, base, last_seq = rows.saved("snapshot"), rows.saved("base"), history.last_seq()
    if snapshot is None:
        return Finding("claims", is_good=True, text="no evidence is saved; a start finds what there is")
    try:
        ClaimCourse.continued(snapshot)
        course = ClaimCourse() if base is None else ClaimCourse.continued(base)
    except UNUSABLE as error:
        text = f"the saved evidence cannot be used, so a start reads the rows again: {error}"
        return Finding("claims", is_good=False, text=text)
    for _ in course.follow(rows, last_seq, snapshot.place):
        pass
    if rows.saved("base") != base:
        # The history begins later now, so the rows before may have gone while they were read.
        return _claims(db)
    if json.loads(course.saved().state) == json.loads(snapshot.state):
        return Finding("claims", is_good=True, text="the saved evidence is what the rows lead to")
    text = (
        "the saved evidence is not what the rows lead to; without the row snapshot of claim_states, a start "
    )
    text += "finds it again"
    return Finding("claims", is_good=False, text=text)


def _state(db: sqlite3.Connection, config: Config) -> Finding:
    history = History(db)
    with _one_moment(db):
        snapshot, base, beginning = history.snapshot(), history.base(), history.beginning()
    if snapshot is None:
        return Finding("state", is_good=True, text="none is saved yet; a start reads every row")
    settings = config.monitor_settings()
    try:
        saved = Course.continued(snapshot, settings)
        course = Course(Monitor(settings), beginning) if base is None else Course.continued(base, settings)
    except UNUSABLE as error:
        text = f"the saved one cannot be used, so a start reads the rows again: {error}"
        return Finding("state", is_good=False, text=text)
    begins = f"the state after row {saved.seq:,}, with which the history begins, leads"
    rows = begins if course.seq == saved.seq else f"the rows {course.seq + 1:,} to {saved.seq:,} lead"
    for _ in course.follow(history, saved.place):
        pass
    if history.base() != base:
        # The history begins later now, so the rows before may have gone while they were read.
        return _state(db, config)
    if json.loads(course.saved().state) == json.loads(snapshot.state):
        return Finding("state", is_good=True, text=f"the saved one is what {rows} to")
    text = f"the saved one is not what {rows} to; with an empty table snapshot, a start finds it again"
    return Finding("state", is_good=False, text=text)
