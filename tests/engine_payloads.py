"""Payloads of speech engines, written after their documentation, and the ways in which one can be wrong."""

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

FOLDER = Path(__file__).parent / "service" / "providers" / "fixtures"
ALL_NAMES = sorted(f"{path.parent.name}/{path.stem}" for path in FOLDER.glob("*/*.json"))
EVENTS = [name for name in ALL_NAMES if name.startswith("cloudevents/")]
NAMES = [name for name in ALL_NAMES if name not in EVENTS]
SHAPELESS = (
    "faster_whisper/pair_without_words",
    "rev_ai/stream_connected",
    "speechmatics/stream_about_audio",
    "vosk/silence",
)
"""Payloads that could be of several engines."""
REPLACEMENTS: tuple[Any, ...] = (
    None, True, 0, -1, 7, 1.5, -0.25, 10**400, "", "changed", "1e999", "-5", "9" * 20 + "s",
    [], [None], ["x"], [[]], {}, {"a": None}, [{}], [{"a": {}}],
)  # fmt: skip


def load(name: str) -> Any:
    """The payload ``engine/name``."""
    return json.loads((FOLDER / f"{name}.json").read_text())


def places(value: Any, place: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Where something stands in a payload."""
    keys: Any = (
        value.keys() if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    )
    for key in keys:
        yield (*place, key)
        yield from places(value[key], (*place, key))


def texts(value: Any) -> set[str]:
    """The longer strings of a payload, but for keywords: none of them may be in an error or a log."""
    if isinstance(value, str):
        return {value} if len(value) > 12 and not value.isalpha() else set()
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return set().union(*map(texts, parts))


@st.composite
def damaged(draw: st.DrawFn, names: list[str]) -> tuple[str, Any]:
    """A payload of which up to three parts were removed or are of another kind, with its provider."""
    name = draw(st.sampled_from(names))
    return name.partition("/")[0], draw(damaged_copies(load(name)))


@st.composite
def damaged_copies(draw: st.DrawFn, sound: Any) -> Any:
    """A copy of which up to three parts were removed or are of another kind."""
    payload = copy.deepcopy(sound)
    for _ in range(draw(st.integers(1, 3))):
        place = draw(st.sampled_from(list(places(payload)) or [()]))
        if not place:
            break
        parent = payload
        for key in place[:-1]:
            parent = parent[key]
        if draw(st.booleans()):
            del parent[place[-1]]
        else:
            parent[place[-1]] = copy.deepcopy(draw(st.sampled_from(REPLACEMENTS)))
    return payload
