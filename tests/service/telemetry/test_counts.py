"""What a process has seen, counted so that whoever looks sees whole objects."""

import threading

from detectors.alignment import ErrorCounts
from service.records import Outcome, Receipt
from service.telemetry.counts import Counts

SCORED = Receipt(
    Outcome.SCORED,
    cohort="en-GB",
    counts=ErrorCounts(substitutions=1, deletions=1, insertions=0, hits=8),
    selection="random",
)
KEY = ("en-GB", "random")


def test_whoever_looks_meanwhile_sees_words_with_their_errors() -> None:
    counts = Counts()
    is_over = threading.Event()

    def receive() -> None:
        while not is_over.is_set():
            counts.receive([SCORED], 0.0)

    receiving = threading.Thread(target=receive)
    receiving.start()
    try:
        looks = [counts.taken() for _ in range(2_000)]
    finally:
        is_over.set()
        receiving.join()
    for taken in looks:
        words = taken.reference_words[KEY]
        assert words == 10 * taken.scored[KEY]
        assert {taken.word_errors[*KEY, "substitution"], taken.word_errors[*KEY, "deletion"]} == {words // 10}
    assert looks[-1].scored[KEY] > looks[0].scored[KEY]


def test_what_was_taken_stays_as_it_was() -> None:
    counts = Counts()
    counts.receive([SCORED], 0.0)
    taken = counts.taken()
    counts.receive([SCORED], 1.0)
    assert (taken.scored[KEY], taken.last_reference_at["en-GB"]) == (1, 0.0)
    assert counts.scored[KEY] == 2
