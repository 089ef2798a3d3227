"""What is said of a request that does not fit its route: which field, and what that has to be."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import Request

from service.api.expected import Schema, expected, part
from service.api.headers import header
from service.errors import Refused

JSON_LIKE = re.compile(r"application/([a-z0-9.+-]+\+)?json")
WHOLE = "#"
"""The JSON pointer of all that was sent."""
NO_JSON = "the body is not valid JSON in UTF-8"


def invalid(request: Request, fault: Mapping[str, Any], openapi: Mapping[str, Any]) -> Refused:
    """The refusal of a request in which pydantic found a fault, one of `RequestValidationError.errors`."""
    source, *place = fault["loc"]
    operation = openapi["paths"][request.scope["route"].path_format][request.method.lower()]
    if source != "body":
        schemas = {each["name"]: each["schema"] for each in operation["parameters"]}
        return _of_field(fault, place, {"properties": schemas})
    name = operation["requestBody"]["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
    schema = openapi["components"]["schemas"][name]
    return _of_body(fault, place, schema, header(request.scope, b"content-type"))


def unknown_field(known: Sequence[str] | Mapping[str, Any]) -> Refused:
    """The refusal of an object with a field that nobody knows, whose name is not repeated."""
    return Refused(422, f"unknown field; known are {', '.join(known)}", WHOLE)


def required(name: str, schema: Schema) -> Refused:
    """The refusal of an object of this schema that lacks a field."""
    return Refused(422, f"{name}: this field is required, {expected(part(schema, [name]))}", f"#/{name}")


def wrong(place: Sequence[str | int], schema: Schema) -> Refused:
    """The refusal of a value at a place in an object of this schema.

    Names that the schema does not know are the sender's, and not repeated.

    Examples
    --------
    >>> schema = {"properties": {"sizes": {"items": {"type": "integer", "minimum": 1}}}}
    >>> refused = wrong(["sizes", 2], schema)
    >>> refused.detail, refused.pointer
    ('sizes[2]: expected a whole number from 1', '#/sizes/2')
    """
    shown, pointer = "", WHOLE
    for number, step in enumerate(place):
        if isinstance(step, int):
            shown, pointer = f"{shown}[{step}]", f"{pointer}/{step}"
        elif step in part(schema, place[:number]).get("properties", {}):
            shown, pointer = f"{shown}.{step}".removeprefix("."), f"{pointer}/{step}"
        else:
            shown = f"{shown}[...]"
            break
    found = part(schema, place)
    return Refused(422, f"{shown}: expected {expected(found)}", pointer)


def _of_body(
    fault: Mapping[str, Any], place: Sequence[str | int], schema: Schema, content_type: str
) -> Refused:
    """What is wrong with a body, whose own faults come before those of its fields."""
    media_type = content_type.partition(";")[0].strip().lower()
    match fault["type"]:
        case "missing" if not place:
            return Refused(400, "the body is empty")
        case _ if not JSON_LIKE.fullmatch(media_type):
            return Refused(415, "expected Content-Type application/json")
        case "json_invalid":
            return Refused(400, NO_JSON)
        case "extra_forbidden":
            return unknown_field(schema["properties"])
        case "value_error" if not place:
            return Refused(422, str(fault["ctx"]["error"]), WHOLE)
    return _of_field(fault, place, schema) if place else Refused(422, "expected a JSON object", WHOLE)


def _of_field(fault: Mapping[str, Any], place: Sequence[str | int], schema: Schema) -> Refused:
    # Of a name in an object this stands behind it, and the object is what is wrong.
    place = place[:-2] if place[-1] == "[key]" else place
    if fault["type"] == "missing":
        return required(str(place[0]), schema)
    if fault["type"] == "string_unicode":
        return Refused(422, f"{place[0]}: expected Unicode without lone surrogates", f"#/{place[0]}")
    return wrong(place, schema)
