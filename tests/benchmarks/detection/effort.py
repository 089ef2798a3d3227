"""How much of everything a run does."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Effort:
    """Runs per cell, or utterances per family, of each section.

    ``changes`` picks the cells of the sections on delays (none: all), ``orders`` those of the recordings;
    ``has_slow`` lets the slow peers take part; ``has_all`` adds a second budget to specificity, lengthened
    recordings, and the very long family of streams.
    """

    budget_utterances: int
    power_runs: int
    specificity_runs: int
    coverage_runs: int
    late_runs: int
    claims_runs: int
    match_steps: int
    match_seeds: int
    compare_runs: int
    compare_common_runs: int
    real_runs: int
    cost_utterances: int
    cost_rounds: int
    changes: tuple[str, ...]
    orders: tuple[str, ...]
    has_slow: bool
    has_all: bool


FULL = Effort(
    budget_utterances=400_000,
    power_runs=40,
    specificity_runs=100,
    coverage_runs=40,
    late_runs=12,
    claims_runs=200,
    match_steps=6,
    match_seeds=40,
    compare_runs=18,
    compare_common_runs=12,
    real_runs=10,
    cost_utterances=20_000,
    cost_rounds=3,
    changes=(),
    orders=("concurrent", "blocks", "shuffled"),
    has_slow=True,
    has_all=True,
)
SHORT = Effort(
    budget_utterances=20_000,
    power_runs=3,
    specificity_runs=3,
    coverage_runs=1,
    late_runs=1,
    claims_runs=3,
    match_steps=0,
    match_seeds=2,
    compare_runs=1,
    compare_common_runs=1,
    real_runs=1,
    cost_utterances=5_000,
    cost_rounds=1,
    changes=("C +5", "C +10", "E +10", "A +5"),
    orders=("shuffled",),
    has_slow=False,
    has_all=False,
)
