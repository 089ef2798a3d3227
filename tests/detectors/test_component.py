import random

from detectors.component import Component
from detectors.evidence import EvidenceProcess
from detectors.tally import Tally


def observations(count: int) -> list[tuple[float, Tally]]:
    noise = random.Random(4)
    return [
        (noise.gauss(0.03, 0.1), Tally(units=1, utterances=number, speakers=[f"speaker {number}"]))
        for number in range(1, count + 1)
    ]


def summed(tallies: list[Tally]) -> Tally:
    whole = Tally()
    for tally in tallies:
        whole.merge(tally)
    return whole


def test_every_component_holds_what_was_gathered_since_its_own_onset() -> None:
    process = EvidenceProcess(smallest_change=0.05, rate=0.01)
    begun: set[int] = set()
    seen = []
    for number, (deviation, tally) in enumerate(observations(300)):
        process.update(deviation, 0.01, 0.1, 1_000.0, float(number), tally)
        seen.append(tally)
        for component in process.components:
            assert component.onset_s == number + 1.0 - component.steps
            assert component.since == summed(seen[-component.steps :])
        begun |= {component.steps for component in process.components}
    assert {1, 2, 3} < begun


def test_what_observations_are_made_of_stays_as_it_was() -> None:
    process = EvidenceProcess(smallest_change=0.05, rate=0.01)
    seen = observations(50)
    for deviation, tally in seen:
        process.update(deviation, 0.01, 0.1, 1_000.0, 0.0, tally)
    assert seen == observations(50)


def test_without_tallies_nothing_is_gathered() -> None:
    process = EvidenceProcess(smallest_change=0.05, rate=0.01)
    for deviation, _ in observations(50):
        process.update(deviation, 0.01, 0.1, 1_000.0)
    assert all(component.since == Tally() for component in process.components)


def test_a_component_before_any_observation_has_no_mean_but_0() -> None:
    assert Component().mean == 0.0
