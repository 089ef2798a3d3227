"""The utterances of a slice, the worst first: ids and counts, never text."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass

from service.config import Config
from service.errors import ConfigError, StartError
from service.records import EDITED
from service.store.data_dir import is_there
from service.store.rows.erasures import ERASED
from service.store.schema import MIGRATIONS, version_of
from service.store.store import FILE_NAME, connect

COHORT = "cohort"
_ERRORS = "substitutions + deletions + insertions"
_WORDS = "substitutions + deletions + hits"


@dataclass(frozen=True, slots=True)
class SliceRow:
    """An utterance of a slice; its time in seconds since the epoch."""

    utterance_id: str
    spoken_at: float
    errors: int
    reference_words: int


def slice_rows(config: Config, where: Mapping[str, str], most: int) -> Iterator[SliceRow]:
    """The scored utterances that have all of these values, the highest error rate first.

    What was erased is left out, and so is what has an edited reference. A service may have the store open.

    Parameters
    ----------
    where
        Values by attribute; ``cohort`` names the cohort.
    most
        How many at most.

    Raises
    ------
    ConfigError
        If an attribute is not declared.
    StartError
        If there is no store, it is damaged or of another version, or it knows no such cohort.
    """
    undeclared = sorted(where.keys() - config.declared - {COHORT})
    if undeclared:
        known = ", ".join(sorted({COHORT, *config.declared}))
        raise ConfigError(f"{undeclared[0]}: no such attribute is declared; these are: {known}")
    path = config.data_dir / FILE_NAME
    if not is_there(path):
        raise StartError(f"data_dir: {config.data_dir} holds no store")
    try:
        with closing(connect(path, read_only=True)) as db:
            if version_of(db) != len(MIGRATIONS):
                raise StartError(f"{path}: it has another layout; start the service once, which upgrades it")
            _must_be_known(db, where.get(COHORT))
            yield from _rows(db, where, most)
    except sqlite3.Error as error:
        raise StartError(f"{path}: cannot be read: {error}") from None


def _must_be_known(db: sqlite3.Connection, cohort: str | None) -> None:
    known = [name for (name,) in db.execute("SELECT cohort FROM cohorts ORDER BY cohort")]
    if cohort is not None and cohort not in known:
        raise StartError(f"cohort={cohort}: there is no such cohort; these are: {', '.join(known) or 'none'}")


def _rows(db: sqlite3.Connection, where: Mapping[str, str], most: int) -> Iterator[SliceRow]:
    conditions = ["reference_content <> ?", "kind <> ?", f"{_WORDS} > 0"]
    values: list[str | bytes] = [ERASED, EDITED]
    for name, value in where.items():
        if name == COHORT:
            conditions.append("cohort = ?")
            values += [value]
        else:
            # The name stands for itself, whatever characters it has.
            conditions.append(
                "EXISTS (SELECT 1 FROM json_each(scored.attributes) AS a WHERE a.key = ? AND a.value = ?)"
            )
            values += [name, value]
    rows = db.execute(
        f"SELECT utterance_id, spoken_at, {_ERRORS}, {_WORDS} FROM scored "  # noqa: S608 -- constants
        f"WHERE {' AND '.join(conditions)} "
        f"ORDER BY CAST({_ERRORS} AS REAL) / ({_WORDS}) DESC, {_ERRORS} DESC, seq DESC LIMIT ?",
        [*values, most],
    )
    for row in rows:
        yield SliceRow(*row)
