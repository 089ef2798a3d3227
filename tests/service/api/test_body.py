"""A body's lines: numbered as they stand there, without the blank ones, and not too many."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.api.body import split_lines
from service.config import Limits
from service.errors import Refused

PIECES = st.lists(
    st.sampled_from([b"{}", b"x", b" ", b"\t\r", b"\n", b"\n", b"\n\n"]), min_size=1, max_size=14
)


@given(PIECES.map(b"".join), st.integers(1, 8))
@settings(max_examples=500, derandomize=True, deadline=None)
def test_lines_are_those_between_line_ends(body: bytes, most: int) -> None:
    limits = Limits().model_copy(update={"lines": most})
    lines = body.removesuffix(b"\n").split(b"\n")
    if len(lines) > most:
        with pytest.raises(Refused, match=f"^the body has {len(lines)} lines, more than {most}; split it"):
            split_lines(body, limits)
    else:
        expected = [(number, line) for number, line in enumerate(lines, 1) if line.strip()]
        assert split_lines(body, limits) == expected
