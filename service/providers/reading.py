"""Reading a payload by its path: whatever is not as documented is named by its place, never by its value."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from typing import Any

from service.errors import Refused

HAIR = 1e-6
"""By how much a probability may miss 0 or 1, since engines compute in single precision."""


class Missing(Refused):
    """A part that is needed is absent, or null."""

    def __init__(self, pointer: str) -> None:
        super().__init__(422, f"{_shown(pointer)}: this field is required", pointer)


class WrongType(Refused):
    """A part is of another kind than documented."""

    def __init__(self, pointer: str, expected: str) -> None:
        super().__init__(422, f"{_shown(pointer)}: expected {expected}", pointer)


class Node:
    """A part of a payload that knows its place. Keys that nobody asks for are ignored.

    Parameters
    ----------
    value
        What `msgspec.json.decode` made of JSON.
    parent, key
        Where it was found; a place is only put in words once something is wrong with it.

    Examples
    --------
    >>> node = Node({"results": [{"text": "no fever", "time": "1.5"}]})
    >>> node["results"][0]["time"].decimal()
    1.5
    >>> node["results"][0]["words"]
    Traceback (most recent call last):
    ...
    service.providers.reading.Missing: results/0/words: this field is required
    """

    __slots__ = ("_key", "parent", "value")

    def __init__(self, value: Any, parent: Node | None = None, key: str | int = "") -> None:
        self.value = value
        self.parent = parent
        self._key = key

    @property
    def pointer(self) -> str:
        """Its place as a JSON pointer in a URI fragment."""
        if self.parent is None:
            return "#"
        return f"{self.parent.pointer}/{self._key}"

    def __getitem__(self, key: str | int) -> Node:
        """The part with this name or number.

        Raises
        ------
        Refused
            `Missing` if it is absent or null, `WrongType` if this is nothing that has such parts.
        """
        found = self.entry(key) if isinstance(key, int) else self.get(key)
        if found is None:
            raise Missing(Node(None, self, key).pointer)
        return found

    def __contains__(self, key: str) -> bool:
        return isinstance(self.value, dict) and key in self.value

    def get(self, key: str) -> Node | None:
        """The part with this name; None if it is absent or null.

        Raises
        ------
        Refused
            `WrongType` if this is no object.
        """
        if not isinstance(self.value, dict):
            raise self.wrong("an object")
        value = self.value.get(key)
        return None if value is None else Node(value, self, key)

    def entry(self, number: int) -> Node | None:
        """The part with this number; None if there are not so many, or it is null.

        Raises
        ------
        Refused
            `WrongType` if this is no array.
        """
        if not isinstance(self.value, list):
            raise self.wrong("an array")
        value = self.value[number] if number < len(self.value) else None
        return None if value is None else Node(value, self, number)

    def items(self) -> list[Node]:
        """The entries of an array.

        Raises
        ------
        Refused
            `WrongType` if it is none.
        """
        if not isinstance(self.value, list):
            raise self.wrong("an array")
        return [Node(value, self, number) for number, value in enumerate(self.value)]

    def entries(self, key: str) -> list[Node]:
        """The entries of an array that may be left out."""
        found = self.get(key)
        return [] if found is None else found.items()

    def values(self) -> list[Node]:
        """The values of an object whose keys are the sender's, and so are not named.

        Raises
        ------
        Refused
            `WrongType` if it is none.
        """
        if not isinstance(self.value, dict):
            raise self.wrong("an object")
        return [Node(value, self, "*") for value in self.value.values()]

    def text(self) -> str:
        """Text."""
        if not isinstance(self.value, str):
            raise self.wrong("a string")
        return self.value

    def boolean(self) -> bool:
        """A truth value."""
        if not isinstance(self.value, bool):
            raise self.wrong("a boolean")
        return self.value

    def number(self) -> float:
        """A finite number."""
        if isinstance(self.value, bool) or not isinstance(self.value, int | float):
            raise self.wrong("a number")
        return self._finite(self.value)

    def decimal(self) -> float:
        """A finite number, or one that is written in a string."""
        if not isinstance(self.value, str):
            return self.number()
        if not re.fullmatch(r"-?\d{1,30}(\.\d{1,30})?([eE][-+]?\d{1,3})?", self.value, re.ASCII):
            raise self.wrong("a number, also in a string")
        return self._finite(float(self.value))

    def seconds(self) -> float:
        """A duration as Protobuf writes it in JSON.

        >>> Node("1.940s").seconds()
        1.94
        """
        if not isinstance(self.value, str) or not re.fullmatch(
            r"-?\d{1,15}(\.\d{1,9})?s", self.value, re.ASCII
        ):
            raise self.wrong('a duration such as "1.940s"')
        return float(self.value[:-1])

    def probability(self) -> float:
        """A number from 0 to 1, also in a string."""
        number = self.decimal()
        if not -HAIR <= number <= 1 + HAIR:
            raise self.wrong("a number from 0 to 1")
        return min(max(number, 0.0), 1.0)

    def label(self) -> str:
        """What names a channel, a speaker or a request: text, or a whole number in its place."""
        if isinstance(self.value, int) and not isinstance(self.value, bool):
            return str(int(self._finite(self.value)))
        if not isinstance(self.value, str):
            raise self.wrong("a string or a whole number")
        return self.value

    def wrong(self, expected: str) -> WrongType:
        """The error that says what was expected here."""
        return WrongType(self.pointer, expected)

    def _finite(self, value: float) -> float:
        try:
            number = float(value)
        except OverflowError:
            number = math.inf
        if not math.isfinite(number):
            raise self.wrong("a finite number")
        return number


def text_at(node: Node, key: str) -> str | None:
    """The text of a part that may be left out, or be empty."""
    found = node.get(key)
    return None if found is None else found.text() or None


def label_at(node: Node, key: str) -> str | None:
    """The label of a part that may be left out, or be empty."""
    found = node.get(key)
    return None if found is None else found.label() or None


def common_label(nodes: Iterable[Node], *keys: str) -> str | None:
    """The label that all of these parts have under one of the keys; None if they differ, or have none."""
    found = {next(filter(None, (label_at(node, key) for key in keys)), None) for node in nodes}
    return found.pop() if len(found) == 1 else None


def probability_at(node: Node, *keys: str) -> float | None:
    """The probability of the part that is there of those, if one is."""
    for key in keys:
        found = node.get(key)
        if found is not None:
            return found.probability()
    return None


def span(start: Node | None, end: Node | None, per_second: float = 1.0) -> tuple[float | None, float | None]:
    """Start and end in seconds.

    Raises
    ------
    Refused
        `WrongType` if the end comes before the start.
    """
    first = None if start is None else start.decimal() / per_second
    last = None if end is None else end.decimal() / per_second
    if first is not None and last is not None and end is not None and last < first:
        raise end.wrong("a time that is not before its start")
    return first, last


def places(nodes: Iterable[Node], key: str, value: str) -> list[Node]:
    """Those entries whose ``key`` is ``value``, such as the words between punctuation."""
    return [node for node in nodes if node[key].text() == value]


def _shown(pointer: str) -> str:
    return pointer.removeprefix("#").removeprefix("/") or "the payload"
