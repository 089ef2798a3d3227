"""What is usual where a cohort's units are spoken, so that traffic which only moves is no change.

A unit is expected at b + g, where g is the sum of its attribute values' effects (`detectors.slices.fit`).
These are centred on the mix that they were learned in. Under another mix, with w_k the share that value k has
lately and s_k the one that it had, what is not known of the effects is one more error of what is normal,

    var = sum_k (w_k - s_k)^2 var g_k

which the margins around the cohort's baselines take in. A value that was not heard when effects were learned
has none: it is held to b, as if nothing were known of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from detectors.slices.fit import Effect
from detectors.slices.sums import Pair
from detectors.unit import Attributes, Unit

MOST_VALUES = 128
"""Values whose effects are kept, those with the largest share first."""
FADING = 1.0 / 64.0
"""Weight of the newest unit in the mix of late."""
FIRST_UNITS = 64


@dataclass(slots=True)
class Usual:
    """One value: its effect, the variance of that, its share s and its share of late w."""

    beyond: float
    variance: float
    share: float
    lately: float


@dataclass(slots=True)
class SliceLevels:
    """The effects of attribute values for one cohort.

    Parameters
    ----------
    known
        By value; empty as long as nothing is learned.
    variance
        Of the cohort's expected rate, for what is not known of the effects under the mix of late.
    next_units
        With so many units of the cohort effects are learned again.
    is_final
        Whether they stay as they are.

    Examples
    --------
    >>> levels = SliceLevels()
    >>> ward, er = ("site", "ward-7"), ("site", "er")
    >>> levels.learn({ward: Effect(0.08, 0.0001, 0.2), er: Effect(-0.02, 0.0001, 0.8)})
    {('site', 'er'): -0.02, ('site', 'ward-7'): 0.08}
    >>> levels.beyond((("device", "cart"), ("site", "ward-7")))
    0.08
    """

    known: dict[Pair, Usual] = field(default_factory=dict)
    variance: float = 0.0
    next_units: int = FIRST_UNITS
    is_final: bool = False

    def of(self, unit: Unit) -> float:
        """g of a unit; of one that was spoken in several places, their mean by words."""
        if not self.known:
            return 0.0
        if not unit.elsewhere:
            return self.beyond(unit.attributes)
        words = unit.tally.reference_words
        if not words:
            return 0.0
        parts = unit.parts
        return sum([self.beyond(places) * tally.reference_words for places, tally in parts]) / words

    def beyond(self, attributes: Attributes) -> float:
        """g where these values are."""
        known = self.known
        return sum([known[pair].beyond for pair in attributes if pair in known])

    def hear(self, attributes: Attributes) -> None:
        """Follow the mix by one more unit."""
        variance = 0.0
        for pair, usual in self.known.items():
            usual.lately += FADING * ((pair in attributes) - usual.lately)
            variance += (usual.lately - usual.share) ** 2 * usual.variance
        self.variance = variance

    def learn(self, effects: Mapping[Pair, Effect]) -> dict[Pair, float]:
        """Know these effects from now on; return by how much that of each value moved."""
        moved = {pair: -usual.beyond for pair, usual in self.known.items()}
        most = sorted(effects.items(), key=lambda item: (-item[1].share, item[0]))[:MOST_VALUES]
        for pair, effect in most:
            moved[pair] = moved.get(pair, 0.0) + effect.beyond
        self.known = {
            pair: Usual(effect.beyond, effect.variance, effect.share, self._lately(pair, effect.share))
            for pair, effect in most
        }
        return moved

    def _lately(self, pair: Pair, share: float) -> float:
        before = self.known.get(pair)
        return share if before is None else before.lately

    def to_state(self) -> list[Any]:
        """JSON-ready state, for `detectors.state`."""
        known = [
            [*pair, usual.beyond, usual.variance, usual.share, usual.lately]
            for pair, usual in self.known.items()
        ]
        return [known, self.variance, self.next_units, self.is_final]

    @classmethod
    def from_state(cls, state: list[Any]) -> SliceLevels:
        """The levels whose state `to_state` gave."""
        known, variance, next_units, is_final = state
        usual = {(name, value): Usual(*numbers) for name, value, *numbers in known}
        return cls(usual, variance, next_units, is_final)
