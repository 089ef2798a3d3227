"""The detectors that a configuration may name to decide on the differential blocks."""

from __future__ import annotations

from collections.abc import Callable

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
