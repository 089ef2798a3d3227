"""Records that grow without end, read in pages: the newest row first, then on to what is older."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Protocol, TypeVar

from fastapi import Query

from service.store.history import ENDLESS

Limit = Annotated[int, Query(ge=1, le=1000)]
After = Annotated[
    int | None, Query(ge=1, le=ENDLESS, description="A row's id: go on behind it, to older ones.")
]


class Numbered(Protocol):
    """A row of a record."""

    @property
    def id(self) -> int:
        """Its number; the newest has the highest."""


Row = TypeVar("Row", bound=Numbered)


def page(rows: Sequence[Row], limit: int) -> tuple[Sequence[Row], int | None]:
    """Of one row more than asked for, if there is, those to show, and what to ask for ``after`` next.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> rows = [SimpleNamespace(id=number) for number in (9, 8, 5)]
    >>> [row.id for row in page(rows, 2)[0]], page(rows, 2)[1], page(rows, 3)[1]
    ([9, 8], 8, None)
    """
    shown = rows[:limit]
    return shown, shown[-1].id if len(rows) > limit else None
