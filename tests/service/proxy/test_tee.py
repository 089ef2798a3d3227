"""Whatever fails in the proxy's own part, it is counted once and nothing of it is raised."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest

from service.proxy.copies import MOST_WAITING_BYTES, Answer, Copies
from service.proxy.counts import Counts
from service.proxy.tee import Headers, Tee

HEADERS: Headers = [(b"Content-Type", b"application/json")]


class Broken(Copies):
    """Copies that fail at one step."""

    def __init__(self, counts: Counts, step: str) -> None:
        super().__init__(httpx.AsyncClient(), "openai", ["*"], 1_000, counts)
        self._step = step

    def are_wanted(self, path: str) -> bool:
        self._fail("are_wanted")
        return super().are_wanted(path)

    def offer(self, answer: Answer) -> None:
        self._fail("offer")
        super().offer(answer)

    def _fail(self, step: str) -> None:
        if step == self._step:
            raise MemoryError


@pytest.fixture
def counts() -> Counts:
    return Counts()


@pytest.fixture
def count(counts: Counts) -> Callable[[str], float | None]:
    def of(outcome: str) -> float | None:
        return counts.registry.get_sample_value("werwatch_proxy_copies_total", {"outcome": outcome})

    return of


@pytest.mark.parametrize("step", ["are_wanted", "offer"])
def test_a_failure_is_counted_and_goes_no_further(
    step: str, counts: Counts, count: Callable[[str], float | None]
) -> None:
    tee = Tee(Broken(counts, step), counts, "POST", "/", [])
    tee.begin(200, HEADERS)
    tee.add(b"{}")
    tee.end()
    assert count("failed") == 1


def test_what_waits_is_bounded_and_the_oldest_goes(
    counts: Counts, count: Callable[[str], float | None]
) -> None:
    copies = Copies(httpx.AsyncClient(), "openai", ["*"], MOST_WAITING_BYTES, counts)
    half = Answer("a", [], "2026-01-01T00:00:00Z", "application/json", "", bytes(MOST_WAITING_BYTES // 2))
    for _ in range(5):
        copies.offer(half)
    assert count("dropped") == 3
    assert counts.registry.get_sample_value("werwatch_proxy_copies_waiting") == 2
