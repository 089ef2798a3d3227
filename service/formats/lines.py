"""Text files as numbered lines, and what is said where one of them is not as its format has it."""

from __future__ import annotations

import re

from service.errors import Refused

_BREAK = re.compile(r"\r\n|\n|\r")
_SECONDS = re.compile(r"(\d{1,9}\.?\d{0,12}|\.\d{1,12})", re.ASCII)


class Damaged(Refused):
    """A line of a file is not as its format has it; the message names the line, never what stands there."""

    def __init__(self, line: int, detail: str) -> None:
        super().__init__(422, f"line {line}: {detail}")
        self.line = line


def lines_of(body: bytes) -> list[tuple[int, str]]:
    r"""Numbered lines, from 1, the blank ones among them; they end as Unix, Windows or old Macs end them.

    Raises
    ------
    Damaged
        If a line is not in UTF-8.

    Examples
    --------
    >>> lines_of(b"\xef\xbb\xbfone\r\n\r\nthree\n")
    [(1, 'one'), (2, ''), (3, 'three'), (4, '')]
    """
    try:
        text = body.removeprefix(b"\xef\xbb\xbf").decode()
    except UnicodeDecodeError as error:
        before = body[: error.start].decode("latin-1")
        raise Damaged(len(_BREAK.split(before)), "expected text in UTF-8") from None
    return list(enumerate(_BREAK.split(text), 1))


def records_of(body: bytes) -> list[tuple[int, str]]:
    r"""The lines of a file of NIST's that are neither blank nor comments.

    >>> records_of(b";; a comment\n\n a record \n")
    [(3, 'a record')]
    """
    return [
        (number, stripped)
        for number, line in lines_of(body)
        if (stripped := line.strip()) and not stripped.startswith(";;")
    ]


def seconds(text: str, line: int, name: str) -> float:
    """A time in seconds.

    Raises
    ------
    Damaged
        If it is no number that is at least 0.
    """
    if not _SECONDS.fullmatch(text):
        raise Damaged(line, f"expected {name} in seconds, such as 12.75")
    return float(text)
