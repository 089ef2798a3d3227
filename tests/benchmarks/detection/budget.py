"""False alarms on streams where nothing happens, against the stated budget, family by family."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from benchmarks.detection.figures import Rate
from benchmarks.detection.runs import (
    BUDGET_PER_100K,
    DAYS_A_MONTH,
    Watched,
    budget_a_month,
    jobs,
    spread,
    watch,
)
from benchmarks.detection.streams import FIVE, Scenario, many
from benchmarks.timing import table

FIRST_SEED = 100_000
PLAIN = Scenario(utterances=20_000)
OTHER_SHARES = (0.30, 0.20, 0.30, 0.15, 0.05)
SMALL = replace(PLAIN, cohorts=many(24), speakers=2, speaker_concentration=15.0)
"""No cohort ever has the speakers that a level asks for."""
NEW_WER = 0.35


def arriving(scenario: Scenario, first: int, index: int) -> Scenario:
    """The same with only so many cohorts up to an index, where the others appear, all of them bad."""
    old, new = scenario.cohorts[:first], scenario.cohorts[first:]
    late = tuple(replace(mix, share=0.0, wer=NEW_WER) for mix in new)
    shares = tuple(mix.share for mix in scenario.cohorts)
    return replace(scenario, cohorts=(*old, *late), mix_from=index, mix_shares=shares)


FAMILIES: Mapping[str, Scenario] = {
    "plain": PLAIN,
    "long, 100,000 utterances": Scenario(utterances=100_000),
    "200 a day": Scenario(utterances=12_000, references_per_day=200.0),
    "20,000 a day": Scenario(utterances=40_000, references_per_day=20_000.0),
    "3 cohorts": replace(PLAIN, cohorts=FIVE[:3]),
    "10 cohorts": replace(PLAIN, cohorts=many(10)),
    "30 cohorts": replace(PLAIN, utterances=40_000, cohorts=many(30)),
    "overdispersed": replace(PLAIN, utterance_concentration=3.0),
    "speakers far apart": replace(PLAIN, speaker_concentration=10.0),
    "12 recurring speakers a cohort": replace(PLAIN, speakers=12, speaker_concentration=15.0),
    "40 recurring speakers a cohort": replace(PLAIN, speakers=40, speaker_concentration=15.0),
    "correlated sessions": replace(PLAIN, session_concentration=15.0, more_per_unit=9.0),
    "sessions without speaker keys": replace(PLAIN, has_speaker_keys=False),
    "the same, 12 recurring speakers": replace(
        PLAIN, has_speaker_keys=False, speakers=12, speaker_concentration=15.0
    ),
    "heavy tails": replace(PLAIN, empty_share=0.02, loop_share=0.01),
    "nightly +4 for all": replace(PLAIN, night_points=4.0),
    "mix shifts at 8,000": replace(PLAIN, mix_from=8_000, mix_shares=OTHER_SHARES),
    "mix swings daily": replace(PLAIN, mix_shares=OTHER_SHARES, mix_daily=True),
    "E appears at 8,000": replace(PLAIN, late_cohort="E", late_from=8_000),
    "short, 4,000 utterances": Scenario(utterances=4_000),
    "24 cohorts of 2 speakers": SMALL,
    "the same, nightly +4 for all": replace(SMALL, night_points=4.0),
    "the same, 12 bad ones appear at 8,000": arriving(SMALL, 12, 8_000),
}


@dataclass(frozen=True)
class FalseAlarms:
    """False alarms of one family; rates per 30 days of the stream's time."""

    name: str
    budget: float
    alarms: Rate
    differential: Rate
    per_100k: Rate
    by_signal: Mapping[str, int]

    @property
    def is_kept(self) -> bool:
        """Whether the measured rate is at most the budget."""
        return self.alarms.value <= self.budget

    @property
    def is_refuted(self) -> bool:
        """Whether chance does not explain a rate above the budget."""
        return self.alarms.lower > self.budget

    def row(self) -> list[str]:
        """Cells for a table."""
        signals = ", ".join(f"{name} {count}" for name, count in sorted(self.by_signal.items()))
        verdict = "refuted" if self.is_refuted else "kept" if self.is_kept else "above"
        return [
            self.name,
            f"{self.budget:.2f}",
            str(self.alarms),
            str(self.differential),
            str(self.per_100k),
            verdict,
            signals or "-",
        ]


HEADING = [
    "nothing changes",
    "budget/month",
    "all alarms/month",
    "differential/month",
    "differential/100k",
    "budget",
    "events",
]


def summarise(name: str, watched: Sequence[Watched]) -> FalseAlarms:
    """Count one family's alarms."""
    months = sum(run.days for run in watched) / DAYS_A_MONTH
    utterances = sum(run.job.scenario.utterances for run in watched)
    raised = [raised for run in watched for raised in run.raised]
    differential = sum(each.is_differential for each in raised)
    return FalseAlarms(
        name=name,
        budget=watched[0].job.false_alarms_per_month,
        alarms=Rate(sum(each.is_alarm for each in raised), months),
        differential=Rate(differential, months),
        per_100k=Rate(differential, utterances / 100_000.0),
        by_signal=Counter(each.name for each in raised),
    )


def measure(
    utterances: int = 1_000_000,
    *,
    per_100k: float = BUDGET_PER_100K,
    workers: int | None = None,
    only: Sequence[str] = (),
) -> list[FalseAlarms]:
    """Every family over about this many utterances; ``only`` picks families by name.

    Without ``only``, families whose single stream is more than twice as long are left out.
    """
    names = [
        name
        for name, family in FAMILIES.items()
        if name in only or (not only and family.utterances <= 2 * utterances)
    ]
    tasks = {
        name: jobs(
            FAMILIES[name],
            range(FIRST_SEED, FIRST_SEED + max(1, utterances // FAMILIES[name].utterances)),
            per_100k,
        )
        for name in names
    }
    watched = spread(watch, [job for name in names for job in tasks[name]], workers)
    results, first = [], 0
    for name in names:
        results.append(summarise(name, watched[first : first + len(tasks[name])]))
        first += len(tasks[name])
    return results


def show(results: Sequence[FalseAlarms]) -> None:
    """Print the table."""
    month = budget_a_month(BUDGET_PER_100K, 2_000.0)
    title = (
        f"ours: false alarms; the budget of 5 per 100,000 is {month:.0f} a month at 2,000 utterances a day"
    )
    table(title, [HEADING, *(result.row() for result in results)])
