"""What Google's and NVIDIA's answers share: Protobuf's JSON leaves out what has its default value."""

from __future__ import annotations

from service.providers.reading import Node


def is_final(result: Node, best: Node, *, is_whole: bool = False) -> bool | None:
    """Whether a result is final; None where a stream's partial and a whole answer look the same.

    Parameters
    ----------
    best
        Its first alternative.
    is_whole
        True if the answer is known to be about a whole file.
    """
    said, stability = result.get("isFinal"), result.get("stability")
    if said is not None:
        return said.boolean()
    if stability is not None and stability.number() > 0:
        return False
    return is_whole or bool(best.entries("words")) or certainty_or_score(best) is not None or None


def certainty(part: Node) -> float | None:
    """The confidence of a part, None where it is 0, which stands for "not set"."""
    found = part.get("confidence")
    return None if found is None else found.probability() or None


def certainty_or_score(part: Node) -> float | None:
    """The same for engines whose confidence may be no probability."""
    found = part.get("confidence")
    return None if found is None else found.number() or None
