"""What a configuration uses that a later version will refuse."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel


def deprecated(section: BaseModel, place: str = "") -> Iterator[str]:
    """Every key that is set and has ``deprecated=`` in its field, with its place and what that says.

    Such a text reads ``use KEY; refused from VERSION on``, and the version that is named comes after the one
    that first says so: a configuration that one version takes without a word is taken by the next one, too.

    Examples
    --------
    >>> from pydantic import Field
    >>> class Log(BaseModel):
    ...     verbose: bool = Field(default=False, deprecated="use log_level; refused from 0.3.0 on")
    >>> class Whole(BaseModel):
    ...     logs: list[Log] = []
    >>> list(deprecated(Whole.model_validate({"logs": [{}, {"verbose": True}]})))
    ['logs.1.verbose: use log_level; refused from 0.3.0 on']
    """
    # Asking for an attribute that is deprecated would warn by itself, in words for programmers.
    for name in sorted(section.model_fields_set):
        here = f"{place}{name}"
        said = type(section).model_fields[name].deprecated
        if said:
            yield f"{here}: {said}"
        yield from _within(vars(section)[name], here)


def _within(value: Any, place: str) -> Iterator[str]:
    if isinstance(value, BaseModel):
        yield from deprecated(value, f"{place}.")
    elif isinstance(value, list | tuple):
        for number, each in enumerate(value):
            yield from _within(each, f"{place}.{number}")
    elif isinstance(value, dict):
        for key, each in value.items():
            yield from _within(each, f"{place}.{key}")
