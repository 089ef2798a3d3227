"""Records what programs do to a folder, and takes the power away at chosen instants."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from power.answers import Answers
from power.disk import Disk
from power.trace import Call, in_order, traced, wait_for_end

NAMING = ("rename", "unlink", "link", "mkdir")
SYNCING = ("fsync", "fdatasync")
CHANGING = ("write", "pwrite64", "ftruncate")


@dataclass(frozen=True, slots=True)
class Loss:
    """The power fails: ``root`` is what is left, ``answers`` what was told before.

    Attributes
    ----------
    at
        Where, for whoever reads of a failure.
    is_clean
        Whether all is lost that was not certain; else chance left some of it.
    """

    at: str
    is_clean: bool
    root: Path
    answers: Answers


@dataclass(slots=True)
class Recording:
    """Programs that run one after the other; what they keep is in ``root``."""

    folder: Path
    traces: list[Path] = field(default_factory=list)

    @property
    def root(self) -> Path:
        return self.folder / "disk"

    def begin(self) -> None:
        """Take what is in ``root`` now for certain."""
        shutil.copytree(self.root, self.folder / "before")

    def program(self, *words: str) -> tuple[str, ...]:
        """The words to run a program by, so that it is recorded."""
        self.root.mkdir(exist_ok=True)
        self.traces.append(self.folder / f"trace-{len(self.traces)}")
        return (*traced(self.traces[-1]), *words)

    def losses(self, instants: int, seed: int) -> Iterator[Loss]:
        """Take the power away at the first and the last answer, and whenever a command had said something.

        Of the other answers, and of what changes names, synchronises and changes contents, at so many each.
        """
        for trace in self.traces:
            wait_for_end(trace)
        ordered, chance = in_order(self.traces), random.Random(seed)
        chosen = _chosen(ordered, instants, chance)
        before = self.folder / "before"
        disk, answers = Disk(self.root, before if before.exists() else None), Answers()
        for number, call in enumerate(ordered, 1):
            disk.apply(call)
            answers.hear(call)
            if number not in chosen:
                continue
            for is_clean, lose in _ways(disk, chance, by_name=call.name in NAMING):
                root = self.folder / "left"
                lose(root)
                at = f"after call {number} of {len(ordered)}, {call.name}, {lose}"
                yield Loss(at, is_clean, root, answers)
                shutil.rmtree(root)


def _ways(
    disk: Disk, chance: random.Random, *, by_name: bool
) -> Iterator[tuple[bool, Callable[[Path], None]]]:
    """Whether all is lost that can be, and how the power fails."""
    yield True, disk.lose_power
    yield False, partial(disk.lose_power, chance=chance)
    for number in range(disk.uncertain_names if by_name else 0):
        yield False, partial(disk.lose_name, number=number)


def _chosen(ordered: list[Call], instants: int, chance: random.Random) -> set[int]:
    numbered = list(enumerate(ordered, 1))
    answered = [number for number, call in numbered if call.is_success]
    said = [number for number, call in numbered if call.is_said]
    kinds = [
        [number for number, call in numbered if call.name in NAMING],
        [number - behind for number, call in numbered if call.name in SYNCING for behind in (0, 1)],
        [number for number, call in numbered if call.name in CHANGING],
        answered,
    ]
    picked = [number for kind in kinds for number in chance.sample(kind, min(instants, len(kind)))]
    return {*answered[:1], *answered[-1:], *said, *picked}
