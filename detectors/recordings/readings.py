"""References of which several wordings are right: a hypothesis is held to the one that is nearest to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Alternatives:
    """Word sequences of which any one is right; an empty one is silence."""

    choices: tuple[tuple[Part, ...], ...]


Part: TypeAlias = str | Alternatives
"""A word, or several wordings in its place."""


@dataclass(frozen=True, slots=True)
class _Read:
    """The last word of a reading, and what was read before it."""

    word: str
    before: _Read | None


@dataclass(frozen=True, slots=True)
class _Row:
    """For each number of words heard, the fewest errors of what was read so far, and how that reads."""

    errors: list[int]
    readings: list[_Read | None]


def nearest_reading(parts: Sequence[Part], hypothesis: Sequence[str]) -> list[str]:
    """Pick of all alternatives those with which the hypothesis has the fewest errors.

    The time grows with the product of the two lengths. Of equally near readings the one with the earlier
    alternatives is returned.

    Parameters
    ----------
    parts
        The reference: tokens, and alternatives that may hold others.
    hypothesis
        Tokens.

    Examples
    --------
    >>> um = Alternatives((("um",), ("uh", "huh"), ()))
    >>> nearest_reading(["well", um, "yes"], ["well", "yes"])
    ['well', 'yes']
    >>> nearest_reading(["well", um, "yes"], ["well", "uh", "yes"])
    ['well', 'um', 'yes']
    """
    row = _Row(list(range(len(hypothesis) + 1)), [None] * (len(hypothesis) + 1))
    read = _read(row, parts, hypothesis).readings[-1]
    words = []
    while read is not None:
        words.append(read.word)
        read = read.before
    return words[::-1]


def _read(row: _Row, parts: Sequence[Part], hypothesis: Sequence[str]) -> _Row:
    for part in parts:
        if isinstance(part, str):
            row = _with_word(row, part, hypothesis)
        else:
            row = _nearest([_read(row, choice, hypothesis) for choice in part.choices])
    return row


def _with_word(row: _Row, word: str, hypothesis: Sequence[str]) -> _Row:
    errors = [row.errors[0] + 1]
    readings: list[_Read | None] = [_Read(word, row.readings[0])]
    for heard, other in enumerate(hypothesis, 1):
        replaced = row.errors[heard - 1] + (word != other)
        deleted, inserted = row.errors[heard] + 1, errors[-1] + 1
        fewest = min(replaced, deleted, inserted)
        errors.append(fewest)
        if fewest == replaced:
            readings.append(_Read(word, row.readings[heard - 1]))
        elif fewest == deleted:
            readings.append(_Read(word, row.readings[heard]))
        else:
            readings.append(readings[-1])
    return _Row(errors, readings)


def _nearest(rows: Sequence[_Row]) -> _Row:
    best = [
        min(range(len(rows)), key=lambda choice: rows[choice].errors[heard])
        for heard in range(len(rows[0].errors))
    ]
    return _Row(
        [rows[choice].errors[heard] for heard, choice in enumerate(best)],
        [rows[choice].readings[heard] for heard, choice in enumerate(best)],
    )
