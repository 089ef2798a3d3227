"""What a long past costs: the same work on stores that hold more and more."""

from __future__ import annotations

import math
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import psutil
from conftest import RunningService

from benchmarks.bodies import SECONDS_EACH, TEMPLATES
from benchmarks.figures import Asked, Figure, Section, compared
from benchmarks.load import Traffic
from benchmarks.running import SERVER, load, pinned
from benchmarks.seeded import seeded, store_of

SIZES = (10_000, 100_000, 1_000_000, 10_000_000)
SCORED_SHARE = 10
"""One utterance of so many is scored already; the references that are measured come to the others."""
ROUNDS = 5
REQUESTS = 40_000
"""More than the ids that are filed together, so that each run has filing in it."""
BULK, BULKS = 1_000, 40
REFERENCES = 1_280
SEEN = 10
CONNECTIONS = 32
MOST_S = 120.0
AT_ONCE = 1 << 24


@dataclass
class _Store:
    """A running service with its past, and what was measured on it."""

    size: int
    service: RunningService
    next: int
    ingest_per_s: list[float] = field(default_factory=list)
    bulk_per_s: list[float] = field(default_factory=list)
    reference_ms: list[float] = field(default_factory=list)

    def measure(self, turn: int) -> None:
        """Send new utterances one by one and in bulk, then references to old ones from all over the store."""
        _read(store_of(self.service))
        new = Traffic("/v1/utterances", self.next, CONNECTIONS, most=REQUESTS)
        [answers] = load(self.service.api, MOST_S, new)
        self.next = answers.next
        self.ingest_per_s.append(answers.per_s)
        many = Traffic("/v1/utterances", self.next, 1, BULK, most=BULKS)
        [answers] = load(self.service.api, MOST_S, many)
        self.next = answers.next
        self.bulk_per_s.append(BULK * answers.per_s)
        scored = self.size // SCORED_SHARE
        stride = (self.size - scored) // REFERENCES
        while math.gcd(stride, TEMPLATES) > 1:
            # All templates shall have their turn, as many speakers and cohorts whatever the size.
            stride -= 1
        first = scored + turn * stride // ROUNDS
        old = Traffic("/v1/references", first, most=REFERENCES, stride=stride)
        [answers] = load(self.service.api, MOST_S, old)
        self.reference_ms.append(1e3 * answers.median_s)

    @property
    def memory_mb(self) -> float:
        """What the process holds now."""
        assert self.service.process is not None
        return psutil.Process(self.service.process.pid).memory_info().rss / 1e6


def _read(path: Path) -> None:
    """Bring a file into the system's page cache: some machines let go of what lies there unused."""
    with path.open("rb", buffering=0) as file:
        while file.read(AT_ONCE):
            pass


def run() -> Section:
    """Measure all sizes in turn."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        stores = [_Store(size, _started(stack, folder / str(size), size), size) for size in SIZES]
        for turn in range(ROUNDS):
            for store in stores:
                store.measure(turn)
        figures = [figure for store in stores for figure in _figures(store, stores[0])]
    return Section(
        "Cost against volume",
        figures,
        [
            f"Medians of {ROUNDS} runs in turn: {REQUESTS:,} utterances over {CONNECTIONS} connections,",
            f"{BULK * BULKS:,} in bulk over one, then {REFERENCES:,} references over one, to utterances from",
            "all over the store. Each store holds the same 23 days, so that the monitor has the same to do.",
            "The files are in the system's page cache.",
        ],
    )


def _started(stack: ExitStack, folder: Path, size: int) -> RunningService:
    """Every store holds the same weeks, so that the monitor has the same to do with its references."""
    folder.mkdir()
    each_s = SECONDS_EACH * SIZES[-1] / size
    service = stack.enter_context(seeded(folder, size, size // SCORED_SHARE, seen=SEEN, each_s=each_s))
    with pinned(SERVER):
        return service.start()


def _figures(store: _Store, smallest: _Store) -> list[Figure]:
    name = f"{store.size:,} stored"
    return [
        compared(
            f"{name}: utterances",
            "requests/s",
            store.ingest_per_s,
            smallest.ingest_per_s,
            Asked(0.8, "more"),
        ),
        compared(
            f"{name}: utterances in bulk",
            "utterances/s",
            store.bulk_per_s,
            smallest.bulk_per_s,
            Asked(0.8, "more"),
        ),
        compared(
            f"{name}: median time of a reference",
            "ms",
            store.reference_ms,
            smallest.reference_ms,
            Asked(1.2, "less"),
        ),
        Figure(f"{name}: file", store_of(store.service).stat().st_size / 1e6, "MB"),
        Figure(f"{name}: resident memory", store.memory_mb, "MB"),
    ]
