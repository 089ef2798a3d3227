"""What a field has to be, in words: made of the JSON schema that describes it, so that the two agree."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

_BREAKS = r"\u2028-\u202e\u2066-\u2069"
"""What ends a line or a paragraph, or turns the direction of what follows."""
NO_CONTROLS = rf"^[^\x00-\x1f\x7f-\x9f{_BREAKS}]+$"
ONE_LINE = rf"^[^\x00-\x1f\x7f-\x9f{_BREAKS}]*$"
"""Nothing that a terminal obeys when it lists who did what."""
SOME_LINES = rf"^[^\x00-\x08\x0b-\x1f\x7f-\x9f{_BREAKS}]*$"
_PATTERNS = {
    NO_CONTROLS: "without control characters",
    ONE_LINE: "without control characters",
    SOME_LINES: "without control characters but tabs and line feeds",
}
_NAMES = {"integer": "a whole number", "number": "a finite number", "boolean": "true or false"}

Schema = Mapping[str, Any]


def expected(schema: Schema) -> str:
    """What a value has to be, with its bounds; what may be null may as well be left out.

    Examples
    --------
    >>> expected({"type": "number", "exclusiveMinimum": 0, "maximum": 100})
    'a finite number above 0 and up to 100'
    >>> expected({"anyOf": [{"type": "string", "minLength": 1, "maxLength": 128}, {"type": "null"}]})
    'a string of 1 to 128 characters'
    >>> expected({"type": "array", "minItems": 1, "items": {"enum": ["day", "week"]}})
    'an array of at least 1 entries, each one of day, week'
    """
    if "anyOf" in schema:
        return ", or ".join(expected(each) for each in schema["anyOf"] if each.get("type") != "null")
    match schema.get("type"):
        case _ if "enum" in schema:
            return f"one of {', '.join(map(str, schema['enum']))}"
        case "string":
            return _string(schema)
        case "array":
            return f"an array{_size(schema, 'Items', 'entries')}{_each(schema.get('items'))}"
        case "object":
            return _object(schema)
        case kind:
            return f"{_NAMES.get(str(kind), 'a value')}{_range(schema)}"


def part(schema: Schema, place: Sequence[str | int]) -> Schema:
    """The schema of what stands at a place in a value; an empty one where none is known.

    Examples
    --------
    >>> part({"properties": {"a": {"items": {"type": "string"}}}}, ["a", 3])
    {'type': 'string'}
    """
    for step in place:
        for each in schema.get("anyOf", [schema]):
            found = each.get("items") if isinstance(step, int) else _value(each, step)
            if found:
                schema = found
                break
        else:
            return {}
    return schema


def _string(schema: Schema) -> str:
    if schema.get("format") == "date-time":
        return "a time with its timezone, such as 2026-01-31T08:00:00Z"
    said = f"a string{_size(schema, 'Length', 'characters')}"
    pattern = schema.get("pattern")
    return said if pattern is None else f"{said} {_PATTERNS.get(pattern, f'like {pattern}')}"


def _object(schema: Schema) -> str:
    names = schema.get("propertyNames")
    said = f"an object{_size(schema, 'Properties', 'names')}"
    if names is not None:
        said += f", each{_size(names, 'Length', 'characters')}"
    value = _value(schema, None)
    return f"{said} with {expected(value)}" if value and names is not None else said


def _value(schema: Schema, name: str | None) -> Schema | None:
    named: Schema | None = schema.get("properties", {}).get(name)
    if named is not None:
        return named
    others = [*schema.get("patternProperties", {}).values(), schema.get("additionalProperties")]
    return next((each for each in others if isinstance(each, Mapping)), None)


def _each(items: Schema | None) -> str:
    return f", each {expected(items)}" if items else ""


def _size(schema: Schema, of: str, what: str) -> str:
    least, most = schema.get(f"min{of}"), schema.get(f"max{of}")
    if most is None:
        return f" of at least {least} {what}" if least else ""
    return f" of {least} to {most} {what}" if least else f" of at most {most} {what}"


def _range(schema: Schema) -> str:
    least, above, most = (schema.get(key) for key in ("minimum", "exclusiveMinimum", "maximum"))
    if above is not None:
        return f" above {_shown(above)}" + ("" if most is None else f" and up to {_shown(most)}")
    if least is not None:
        return f" from {_shown(least)}" + ("" if most is None else f" to {_shown(most)}")
    return "" if most is None else f" up to {_shown(most)}"


def _shown(bound: float) -> str:
    """Whole numbers in full: the largest row's id means nothing when it is rounded."""
    return str(bound) if isinstance(bound, int) else f"{bound:.10g}"
