"""Silences: what is not told for a time, chosen by what an alert is labelled with."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from detectors.event import Signal
from service.records import PAGE, TICKET, AlertRow

LABELS = ("signal", "cohort", "severity", "alert_id")
VALUES = {"signal": tuple(Signal), "severity": (PAGE, TICKET)}
"""Of the labels that have few."""


@dataclass(frozen=True, slots=True)
class Matcher:
    """One condition on a label.

    Parameters
    ----------
    label
        One of `LABELS`.
    value
        What it is to be; ``*`` stands for any characters, and without a cohort (everybody) its value is "".
    is_equal
        Or is not to be.

    Examples
    --------
    >>> matcher = Matcher.parse("cohort=en-*")
    >>> matcher.matches({"cohort": "en-GB"}), matcher.matches({"cohort": ""})
    (True, False)
    >>> Matcher.parse("accent=en")
    Traceback (most recent call last):
        ...
    ValueError: expected label=value or label!=value with a label of signal, cohort, severity, alert_id
    """

    label: str
    value: str
    is_equal: bool = True

    @classmethod
    def parse(cls, text: str) -> Matcher:
        """The matcher that is written so.

        Raises
        ------
        ValueError
            If it is none.
        """
        found = re.fullmatch(r"(\w+)(!?=)(.*)", text, re.DOTALL)
        if found is None or found[1] not in LABELS:
            known = ", ".join(LABELS)
            raise ValueError(f"expected label=value or label!=value with a label of {known}")
        return cls(found[1], found[3], found[2] == "=")

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Whether an alert with these labels is meant."""
        # Brackets and question marks stand for themselves.
        pattern = re.sub(r"[\[?]", lambda found: f"[{found[0]}]", self.value)
        return fnmatchcase(labels[self.label], pattern) is self.is_equal

    def __str__(self) -> str:
        """As it is written."""
        return f"{self.label}{'=' if self.is_equal else '!='}{self.value}"


def must_mean_something(matchers: Sequence[Matcher]) -> None:
    """Find a slip in conditions that all have to hold.

    Raises
    ------
    ValueError
        If one names a signal or a severity that there is none of, or two of them never hold together.

    Examples
    --------
    >>> must_mean_something([Matcher.parse("cohort=en-IN"), Matcher.parse("cohort=en-GB")])
    Traceback (most recent call last):
        ...
    ValueError: cohort=en-IN and cohort=en-GB never hold together; make a silence of each
    """
    exact: dict[str, Matcher] = {}
    for matcher in matchers:
        if "*" in matcher.value:
            continue
        known = VALUES.get(matcher.label, (matcher.value,))
        if matcher.value not in known:
            raise ValueError(f"{matcher}: expected {matcher.label} to be one of {', '.join(known)}")
        if matcher.is_equal:
            other = exact.setdefault(matcher.label, matcher)
            if other.value != matcher.value:
                raise ValueError(f"{other} and {matcher} never hold together; make a silence of each")


@dataclass(frozen=True, slots=True)
class Silence:
    """What is not told from one time to another, and who wants that, and why. A planned one begins later."""

    silence_id: str
    matchers: Sequence[Matcher]
    starts_at: float
    ends_at: float
    author: str
    note: str
    created_at: float

    def is_active(self, now: float) -> bool:
        """Whether it holds now."""
        return self.starts_at <= now < self.ends_at

    def mutes(self, labels: Mapping[str, str]) -> bool:
        """Whether an alert with these labels is meant: every matcher matches."""
        return all(matcher.matches(labels) for matcher in self.matchers)


def labels(alert: AlertRow) -> dict[str, str]:
    """What silences choose by."""
    return {
        "signal": alert.signal,
        "cohort": alert.cohort or "",
        "severity": alert.severity,
        "alert_id": alert.alert_id,
    }


def muting(alert: AlertRow, silences: Sequence[Silence]) -> Silence | None:
    """A silence of these that mutes an alert."""
    named = labels(alert)
    return next((silence for silence in silences if silence.mutes(named)), None)
