"""A detector's state as plain JSON values and back, so that it survives a restart exactly.

Dataclasses are written field by field; other classes bring ``to_state()`` and ``from_state()``. Floats
keep every bit, because JSON writes the shortest text that reads back as the same double.
"""

from __future__ import annotations

import types
from collections import deque
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import cache
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

T = TypeVar("T")


def dump(value: Any) -> Any:
    """Plain lists, dicts, numbers and strings that `load` turns back into an equal value.

    Examples
    --------
    >>> from detectors.wer import UnitSums
    >>> load(UnitSums, dump(UnitSums(units=2, errors=1.5))).errors
    1.5
    """
    if value is None or isinstance(value, bool | int | float | str):
        return value.value if isinstance(value, Enum) else value
    if hasattr(value, "to_state"):
        return value.to_state()
    if is_dataclass(value):
        return {f.name: dump(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): dump(item) for key, item in value.items()}
    if isinstance(value, list | tuple | deque):
        return [dump(item) for item in value]
    raise TypeError(f"cannot write the state of a {type(value).__name__}")


def load(kind: type[T], state: Any) -> T:
    """An object of ``kind`` from the state that `dump` made of one.

    Raises
    ------
    KeyError, TypeError
        If the state is of another shape, for example of another version.
    """
    loaded: T = _load(kind, state)
    return loaded


@cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)


def _load(hint: Any, state: Any) -> Any:
    return _load_container(hint, state) if get_origin(hint) else _load_plain(hint, state)


def _load_plain(hint: Any, state: Any) -> Any:
    if hasattr(hint, "from_state"):
        return hint.from_state(state)
    if is_dataclass(hint) and isinstance(hint, type):
        hints = _hints(hint)
        return hint(**{f.name: _load(hints[f.name], state[f.name]) for f in fields(hint)})
    if isinstance(hint, type) and issubclass(hint, Enum):
        return hint(state)
    return state


def _load_container(hint: Any, state: Any) -> Any:
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        is_none = state is None
        return None if is_none else _load(next(a for a in arguments if a is not type(None)), state)
    if origin is dict:
        return {key: _load(arguments[1], item) for key, item in state.items()}
    if origin is tuple and arguments[1:] != (Ellipsis,):
        return tuple(_load(a, item) for a, item in zip(arguments, state, strict=True))
    return origin(_load(arguments[0], item) for item in state)
