"""What the proxy counts, and how it shows that."""

from __future__ import annotations

from enum import StrEnum

from prometheus_client import CollectorRegistry, Counter, Gauge, disable_created_metrics


class Call(StrEnum):
    """How a call ended; only the first says that the app has its whole answer."""

    ANSWERED = "answered"
    UNREACHABLE = "engine_unreachable"
    BROKEN_OFF = "broken_off_by_engine"
    GIVEN_UP = "given_up_by_app"
    WEBSOCKET = "websocket_refused"


class Copy(StrEnum):
    """What became of the copy of an answer."""

    KEPT = "kept"
    NOT_FINAL = "not_final"
    REFUSED = "refused"
    NO_TRANSCRIPT = "no_transcript"
    TOO_LARGE = "too_large"
    DROPPED = "dropped"
    FAILED = "failed"


class Counts:
    """Calls and copies by their end, and how many copies wait."""

    def __init__(self) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self.registry = CollectorRegistry()
        self._calls = Counter(
            "werwatch_proxy_calls",
            "Calls of the app to its engine, by how they ended.",
            ["outcome"],
            registry=self.registry,
        )
        self._copies = Counter(
            "werwatch_proxy_copies",
            "Answers of the engine, by what became of werwatch's copy.",
            ["outcome"],
            registry=self.registry,
        )
        self._waiting = Gauge(
            "werwatch_proxy_copies_waiting", "Copies that werwatch has not taken yet.", registry=self.registry
        )
        for call in Call:
            self._calls.labels(call.value)
        for copy in Copy:
            self._copies.labels(copy.value)

    def call(self, outcome: Call) -> None:
        """Count a call that has ended."""
        self._calls.labels(outcome.value).inc()

    def copy(self, outcome: Copy) -> None:
        """Count a copy of which nothing more will become."""
        self._copies.labels(outcome.value).inc()

    def wait(self, copies: int) -> None:
        """Note how many copies wait."""
        self._waiting.set(copies)
