"""The detectors that a configuration may name to decide on the differential blocks."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

from river.base import DriftDetector

OWN = "evidence"
"""The e-detector with a false-alarm budget."""


def _adwin() -> DriftDetector:
    from river.drift import ADWIN

    return ADWIN()  # type: ignore[no-untyped-call]


def _page_hinkley() -> DriftDetector:
    from river.drift import PageHinkley

    # river's default threshold of 50 is meant for errors in words; a differential is a ratio.
    return PageHinkley(delta=0.005, threshold=0.5, mode="up")


def _kswin() -> DriftDetector:
    from river.drift import KSWIN

    return KSWIN(seed=1)


class _OnSign(DriftDetector):
    """Feeds the sign of a differential to a detector of Bernoulli streams (river's HDDM family)."""

    def __init__(self, binary: str = "HDDMA") -> None:
        super().__init__()
        from river.drift import binary as detectors

        self.binary = binary
        self._detector = getattr(detectors, binary)()

    def update(self, x: float) -> None:
        self._detector.update(x > 0)
        self._drift_detected = self._detector.drift_detected


DECIDERS: dict[str, Callable[[], DriftDetector | None]] = {
    OWN: lambda: None,
    "adwin": _adwin,
    "page_hinkley": _page_hinkley,
    "kswin": _kswin,
    "hddm_a": lambda: _OnSign("HDDMA"),
    "hddm_w": lambda: _OnSign("HDDMW"),
}


def decider(name: str) -> DriftDetector | None:
    """A fresh detector of this name; None for ``evidence``.

    Parameters
    ----------
    name
        One of `DECIDERS`, or ``module:Class`` of a ``river.base.DriftDetector`` that needs no arguments.

    Raises
    ------
    ValueError
        If there is no such detector.

    Examples
    --------
    >>> type(decider("river.drift:ADWIN")).__name__
    'ADWIN'
    """
    if name in DECIDERS:
        return DECIDERS[name]()
    module, separator, attribute = name.partition(":")
    if not separator:
        choices = ", ".join(DECIDERS)
        raise ValueError(f"expected one of {choices}, or module:Class, got {name!r}")
    try:
        detector = getattr(import_module(module), attribute)()
    except (ImportError, AttributeError, TypeError, ValueError) as error:
        raise ValueError(f"{name!r} cannot be made without arguments: {error}") from None
    if not isinstance(detector, DriftDetector):
        raise ValueError(f"{name!r} is no river.base.DriftDetector")
    return detector
