"""What is said of scores: a table and alignments for a terminal, or JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.cells import cell_len

from detectors.alignment import ErrorCounts
from detectors.tally import Tally
from service.scoring.score import Scored

_COLUMNS = ("utts", "words", "sub", "del", "ins", "errors", "WER %", "empties", "loops")
_SPOKEN, _HEARD, _JUDGED = "REF: ", "HYP: ", "     "


def table(whole: Tally, groups: Mapping[str, Mapping[str, Tally]]) -> str:
    """All together, and a block for each kind of group, the one with most words first."""
    rows: list[tuple[str, ...]] = [("", *_COLUMNS), ("all", *_cells(whole))]
    for name, values in groups.items():
        rows += [(), (f"by {_printable(name)}",)]
        ordered = sorted(values.items(), key=lambda item: (-item[1].reference_words, item[0]))
        rows += [(f"  {_printable(value)}", *_cells(sums)) for value, sums in ordered]
    widths = [
        max(cell_len(row[column]) for row in rows if len(row) > column) for column in range(1 + len(_COLUMNS))
    ]
    return "\n".join(_line(row, widths) for row in rows)


def alignment(scored: Scored, width: int) -> str:
    """The words spoken above the words heard, with S, D and I under what differs, in lines of a width."""
    counts = scored.counts
    wer = "-" if counts.wer is None else f"{100 * counts.wer:.1f} %"
    told = f"words {counts.reference_words}, sub {counts.substitutions}, del {counts.deletions}"
    lines = [f"{_printable(scored.pair.name)}: {told}, ins {counts.insertions}, WER {wer}"]
    for block in _blocks(list(_judged(scored)), width - len(_SPOKEN)):
        for label, cells in zip((_SPOKEN, _HEARD, _JUDGED), zip(*block, strict=True), strict=True):
            lines.append((label + " ".join(cells)).rstrip())
    return "\n".join(lines)


def as_json(
    whole: Tally,
    groups: Mapping[str, Mapping[str, Tally]],
    scored: Sequence[Scored],
    *,
    shows_words: bool,
) -> dict[str, Any]:
    """The same as objects; words are in it where they are asked for."""
    return {
        "total": _object(whole),
        "groups": {
            name: {value: _object(sums) for value, sums in values.items()} for name, values in groups.items()
        },
        "pairs": [
            {
                **_counted(each.pair.name, each.counts),
                "utterances": [
                    _counted(heard.name, counts)
                    for heard, counts in zip(each.pair.heard, each.shares, strict=True)
                ],
                **({"alignment": each.alignment} if shows_words else {}),
            }
            for each in scored
        ],
    }


def _counted(name: str, counts: ErrorCounts) -> dict[str, Any]:
    return {
        "name": name,
        "reference_words": counts.reference_words,
        "substitutions": counts.substitutions,
        "deletions": counts.deletions,
        "insertions": counts.insertions,
    }


def _object(sums: Tally) -> dict[str, Any]:
    return {
        "utterances": sums.utterances,
        "reference_words": sums.reference_words,
        "substitutions": sums.substitutions,
        "deletions": sums.deletions,
        "insertions": sums.insertions,
        "wer": sums.wer,
        "empties": sums.empties,
        "loops": sums.loops,
    }


def _cells(sums: Tally) -> tuple[str, ...]:
    counts = (sums.utterances, sums.reference_words, sums.substitutions, sums.deletions, sums.insertions)
    wer = "-" if sums.wer is None else f"{100 * sums.wer:.2f}"
    return (*map(str, (*counts, sums.errors)), wer, str(sums.empties), str(sums.loops))


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    """A row whose first cell begins the line, and whose others end where their columns do."""
    cells = [" " * (width - cell_len(cell)) + cell for cell, width in zip(row[1:], widths[1:], strict=False)]
    first = row[0] if row else ""
    return "  ".join([first + " " * (widths[0] - cell_len(first)), *cells]).rstrip()


def _judged(scored: Scored) -> Iterator[tuple[str, str, str]]:
    """Cells of equal width: the word spoken, the word heard, and what that is."""
    for spoken, heard in scored.alignment:
        judged = "D" if heard is None else "I" if spoken is None else "" if spoken == heard else "S"
        texts = (_printable(spoken or ""), _printable(heard or ""), judged)
        width = max(map(cell_len, texts))
        shown = [text or "*" * width for text in texts[:2]]
        yield (
            shown[0] + " " * (width - cell_len(shown[0])),
            shown[1] + " " * (width - cell_len(shown[1])),
            judged.ljust(width),
        )


def _blocks(cells: Sequence[tuple[str, str, str]], width: int) -> Iterator[list[tuple[str, str, str]]]:
    """As many words as fit into a line, which is at least one."""
    block: list[tuple[str, str, str]] = []
    used = 0
    for cell in cells:
        size = len(cell[2]) + 1
        if block and used + size > width:
            yield block
            block, used = [], 0
        block.append(cell)
        used += size
    if block:
        yield block


def _printable(text: str) -> str:
    """The text without what would steer a terminal."""
    return "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in text)
