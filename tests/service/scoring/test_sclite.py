"""That our counts are those of NIST's sclite, or differ from them for one reason.

We count an alignment with the fewest errors. To sclite a substitution costs 4, a deletion or an insertion 3,
and it takes an alignment of the least cost. So it finds as many words, and where it does not find the same:

- *another split*: as many errors, of which fewer are substitutions. A hit between a deletion and an insertion
  costs 6, the two substitutions in their place 8.
- *more errors*: two hits among three deletions and three insertions cost 18, the five substitutions in their
  place 20, which are an error less.

That it is so, and nothing else, is checked for every utterance: sclite's cost is the least that there is, and
its errors are never fewer than ours.
"""

import gzip
import json
import random
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import pytest
from recorded import DATASETS, recorded
from sclite import cost, least_cost, sclite

from detectors.alignment import ErrorCounts
from detectors.normalisation.basic import basic_tokens
from service.scoring.pairing import paired
from service.scoring.score import Scored, Tokens, score
from service.scoring.side import read_side

DEMO = Path("service/demo/recordings/hospital.ndjson.gz")
SAME, SPLIT, MORE = "the same", "another split", "more errors"


def scored(reference: Path, hypothesis: Path, tokens: Tokens) -> list[Scored]:
    pairs = paired(read_side(reference, None, "reference"), read_side(hypothesis, None, "hypothesis")).pairs
    return [score(pair, tokens) for pair in pairs]


def difference(ours: Scored, theirs: ErrorCounts) -> str:
    """The class of difference between two counts; anything but the known ones fails."""
    counts = ours.counts
    assert theirs.reference_words == counts.reference_words
    assert theirs.hypothesis_words == counts.hypothesis_words
    [(spoken, heard)] = ours.compared
    assert cost(theirs) == least_cost(spoken, heard) <= cost(counts)
    if theirs == counts:
        return SAME
    if theirs.errors == counts.errors:
        assert theirs.substitutions < counts.substitutions
        return SPLIT
    assert theirs.errors > counts.errors
    return MORE


def compared(rows: Iterable[tuple[str, str]], folder: Path, tokens: Tokens) -> Counter[str]:
    """Score pairs both ways, through files as people have them; each once, however often it is there."""
    reference, hypothesis = folder / "reference.trn", folder / "hypothesis.trn"
    often = Counter(rows)
    with reference.open("w") as spoken, hypothesis.open("w") as heard:
        for number, (said, found) in enumerate(often):
            spoken.write(f"{said} (all-{number})\n")
            heard.write(f"{found} (all-{number})\n")
    theirs = sclite(reference, hypothesis)
    ours = scored(reference, hypothesis, tokens)
    assert len(theirs) == len(ours) == len(often)
    differences: Counter[str] = Counter()
    for number, (each, count) in enumerate(zip(ours, often.values(), strict=True)):
        assert each.pair.name == f"all-{number}"
        differences[difference(each, theirs[each.pair.name])] += count
    return differences


def test_recorded_transcripts_have_the_counts_of_sclite_as_they_stand(tmp_path: Path) -> None:
    with gzip.open(DEMO, "rt") as lines:
        rows = [json.loads(line) for line in lines]
    pairs = [(row["reference"], row["hypothesis"]) for row in rows if "reference" in row]
    assert len(pairs) > 1_000
    found = compared(pairs, tmp_path, lambda text: text.lower().split())
    assert found[SAME] / found.total() > 0.9


@pytest.mark.slow
@pytest.mark.parametrize("dataset", DATASETS)
def test_real_engines_have_the_counts_of_sclite(dataset: str, tmp_path: Path) -> None:
    pairs = [
        (" ".join(basic_tokens(row["reference"])), " ".join(basic_tokens(row["hypothesis"])))
        for row in recorded(dataset)
    ]
    found = compared(pairs, tmp_path, str.split)
    assert found.total() >= 1_000
    assert found[SAME] / found.total() > 0.95
    assert found[MORE] / found.total() < 0.002


@pytest.mark.parametrize("seed", range(20))
def test_words_with_times_are_cut_as_sclite_cuts_them(seed: int, tmp_path: Path) -> None:
    """Where a word's middle is on the very end of a segment sclite rounds; none is here."""
    draw = random.Random(seed)
    (tmp_path / "reference.stm").write_text("".join(segments(draw)))
    (tmp_path / "hypothesis.ctm").write_text("".join(words(draw)))
    theirs = sclite(tmp_path / "reference.stm", tmp_path / "hypothesis.ctm")
    ours = scored(tmp_path / "reference.stm", tmp_path / "hypothesis.ctm", str.split)
    assert {f"{each.pair.heard[0].groups['speaker'][0]}-000" for each in ours} == theirs.keys()
    for each in ours:
        difference(each, theirs[f"{each.pair.heard[0].groups['speaker'][0]}-000"])


def segments(draw: random.Random) -> Iterable[str]:
    """Segments of two channels that follow each other, overlap or leave gaps; times in hundredths."""
    for channel in "AB":
        at = 0
        for number in range(6):
            start = max(0, at + draw.choice([-20, 0, 0, 50, 100]))
            at = start + draw.randrange(30, 200)
            said = " ".join(draw.choices("abcd", k=draw.randrange(6)))
            said = "IGNORE_TIME_SEGMENT_IN_SCORING" if draw.random() < 0.2 else said
            yield f"ward7 {channel} {channel.lower()}{number} {start / 100} {at / 100} {said}\n"


def words(draw: random.Random) -> Iterable[str]:
    """Words whose middles are at an odd number of halves of a hundredth, past the last segment too."""
    for channel in "AB":
        at = 0
        while at < 1500:
            duration = draw.randrange(5, 41, 2)
            yield f"ward7 {channel} {at / 100} {duration / 100} {draw.choice('abcd')}\n"
            at += duration + draw.choice([0, 0, 30])


def test_of_several_wordings_the_nearest_is_taken_as_sclite_takes_it(tmp_path: Path) -> None:
    """A word that may be left out, and is, counts for sclite as a word and a hit, and here not at all."""
    lines = {
        "all-0": ("i've { um / uh / @ } seen { it / that one } all", "i've seen that one all", 0),
        "all-1": ("{ a / b c / @ } d", "b c d", 0),
        "all-2": ("{ a { b / c } / d } e", "a c e", 0),
        "all-3": ("x { a / b } y", "x c y", 1),
        "all-4": ("the (old) chart", "the chart", 0),
        "all-5": ("the (old) chart", "the old chart", 0),
    }
    reference, hypothesis = tmp_path / "reference.trn", tmp_path / "hypothesis.trn"
    reference.write_text("".join(f"{spoken} ({name})\n" for name, (spoken, _, _) in lines.items()))
    hypothesis.write_text("".join(f"{heard} ({name})\n" for name, (_, heard, _) in lines.items()))
    theirs = sclite(reference, hypothesis, "-D")
    ours = {each.pair.name: each.counts for each in scored(reference, hypothesis, str.split)}
    assert {name: counts.errors for name, counts in theirs.items()} == {
        name: errors for name, (_, _, errors) in lines.items()
    }
    assert {name: counts.errors for name, counts in ours.items()} == {
        name: counts.errors for name, counts in theirs.items()
    }
    assert (theirs["all-4"].reference_words, ours["all-4"].reference_words) == (3, 2)
