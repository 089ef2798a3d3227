"""NIST's sclite, with which the field's error rates were counted for decades: what it finds in two files."""

import re
import subprocess
from pathlib import Path

from conftest import program
from rapidfuzz.distance import Levenshtein

from detectors.alignment import ErrorCounts

_SCORES = re.compile(
    r"^id: \((\S+)\)$.*?^Scores: \(#C #S #D #I\) (\d+) (\d+) (\d+) (\d+)$", re.MULTILINE | re.DOTALL
)
INSERTION, DELETION, SUBSTITUTION = 3, 3, 4
"""What an error costs where sclite aligns; here all errors cost the same."""


def sclite(reference: Path, hypothesis: Path, *options: str) -> dict[str, ErrorCounts]:
    """Counts by utterance; their endings tell the formats of the two files. Ids come back in lower case."""
    command = [program("sctk", "sctk"), "sclite", "-e", "utf-8", "-i", "spu_id", *options]
    command += ["-r", str(reference), reference.suffix[1:], "-h", str(hypothesis), hypothesis.suffix[1:]]
    command += ["-o", "pralign", "-O", str(reference.parent), "-n", "found"]
    subprocess.run(command, capture_output=True, check=True, timeout=1_800)
    told = (reference.parent / "found.pra").read_text(errors="replace")
    return {
        name: ErrorCounts(int(substitutions), int(deletions), int(insertions), int(hits))
        for name, hits, substitutions, deletions, insertions in _SCORES.findall(told)
    }


def cost(counts: ErrorCounts) -> int:
    """What sclite minimises."""
    return SUBSTITUTION * counts.substitutions + DELETION * counts.deletions + INSERTION * counts.insertions


def least_cost(reference: list[str], hypothesis: list[str]) -> int:
    """The least that any alignment costs it."""
    weights = (INSERTION, DELETION, SUBSTITUTION)
    return Levenshtein.distance(reference, hypothesis, weights=weights)
