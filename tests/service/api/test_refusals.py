"""Whatever is wrong with a request, on any route: the answer names the field and says what it has to be."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from conftest import CLIENT, RunningService

SECRET = "secretword"
POINTER = re.compile(r"#(/[a-z_]+(/\d+)?)?")
ADMIN_BODY = {"author": "ann", "note": "x"}
GOOD: dict[str, tuple[bytes, str]] = {
    "/v1/ingest/{provider}": (b'{"text": "secretword"}', "application/json"),
    "/v1/ingest/cloudevents": (
        b'{"specversion": "1.0", "id": "e", "source": "s", "type": "t", "data": {"text": "secretword"}}',
        "application/json",
    ),
    "/v1/references/{format}": (b"secretword (u-1)", "text/plain"),
    "/v1/utterances": (b'{"utterance_id": "u", "hypothesis": "secretword"}', "application/json"),
    "/v1/references": (b'{"utterance_id": "u", "reference": "secretword"}', "application/json"),
}
"""Bodies with which nothing is wrong, for routes that are not asked by a schema."""
NAMES = {"provider": "openai", "format": "trn"}

Schema = dict[str, Any]


class Route:
    """An operation of the OpenAPI document."""

    def __init__(self, openapi: Schema, method: str, path: str, operation: Schema) -> None:
        self.method, self.path = method.upper(), path
        self.parameters = operation.get("parameters", [])
        content = operation.get("requestBody", {}).get("content", {})
        body = content.get("application/json", {}).get("schema", {})
        if "$ref" in body:
            body = openapi["components"]["schemas"][body["$ref"].rpartition("/")[2]]
        self.body: Schema | None = body if "properties" in body else None

    def ask(self, service: RunningService, query: str = "", body: Any = None, **named: str) -> httpx.Response:
        names = NAMES | named
        path = re.sub(r"\{(\w+)\}", lambda found: quote(names.get(found[1], "nobody"), safe=""), self.path)
        content, media_type = GOOD.get(self.path, (json.dumps(ADMIN_BODY).encode(), "application/json"))
        if body is not None:
            content = json.dumps(body).encode()
        return CLIENT.request(
            self.method,
            f"{service.api}{path}?{query}" if query else service.api + path,
            content=None if self.method == "GET" else content,
            headers={"content-type": media_type},
        )


def routes(service: RunningService) -> list[Route]:
    openapi = service.get("/openapi.json")
    return [
        Route(openapi, method, path, operation)
        for path, operations in openapi["paths"].items()
        for method, operation in operations.items()
    ]


def plain(schema: Schema) -> Schema:
    """The schema without the word that it may be null."""
    found: Schema
    [found] = [each for each in schema.get("anyOf", [schema]) if each.get("type") != "null"]
    return found


def wrong_values(schema: Schema) -> Iterator[Any]:
    """Values of another type, and just outside each bound."""
    schema = plain(schema)
    kind = schema.get("type")
    yield 7 if kind in ("string", "array", "object") else SECRET
    if "enum" in schema or schema.get("format") == "date-time":
        yield SECRET
    if schema.get("minLength"):
        yield ""
    if "maxLength" in schema:
        yield SECRET * (schema["maxLength"] // len(SECRET) + 1)
    if "minimum" in schema or "exclusiveMinimum" in schema:
        yield schema["minimum"] - 1 if "minimum" in schema else schema["exclusiveMinimum"]
    if "maximum" in schema:
        yield schema["maximum"] + 1
    if kind == "array":
        yield [*wrong_values(schema["items"])]
        yield [0] * (schema["maxItems"] + 1)
    if kind == "object":
        yield {SECRET: [7]}
        yield {f"{SECRET}{number}": "x" for number in range(schema["maxProperties"] + 1)}


def bounds(schema: Schema) -> list[str]:
    """The numbers that a sentence about a schema has to have."""
    keys = ("minimum", "exclusiveMinimum", "maximum", "maxLength", "maxItems", "maxProperties")
    found = [plain(schema)[key] for key in keys if key in plain(schema)]
    return [str(bound) if isinstance(bound, int) else f"{bound:.10g}" for bound in found]


def must_name(answer: httpx.Response, field: str | None, schema: Schema | None = None) -> None:
    said = f"{answer.request.method} {answer.request.url} {answer.request.content[:200]!r}: {answer.text}"
    assert answer.status_code == 422, said
    assert answer.headers["content-type"] == "application/problem+json"
    [error] = answer.json()["errors"]
    assert POINTER.fullmatch(error["pointer"]), said
    assert error["detail"] == answer.json()["detail"]
    assert SECRET not in json.dumps({**answer.json(), "instance": ""}), said
    if field is None:
        assert error["pointer"] == "#", said
        assert re.search("known are|takes none|expected", error["detail"]), said
        return
    assert error["pointer"].split("/")[1] == field, said
    assert re.match(rf"{field}(\[\w+\]|\[\.\.\.\])?: (expected|this field is required)", error["detail"]), (
        said
    )
    is_of_a_part = "[" in error["detail"].partition(":")[0]
    for bound in [] if schema is None or is_of_a_part else bounds(schema):
        assert re.search(rf"\b{bound}\b", error["detail"]), said


def test_a_wrong_query_is_named_with_what_it_has_to_be(shared_service: RunningService) -> None:
    asked = 0
    for route in routes(shared_service):
        in_query = [each for each in route.parameters if each["in"] == "query"]
        needed = {each["name"]: "x" for each in in_query if each["required"]}
        must_name(route.ask(shared_service, f"{SECRET}=1"), None)
        for each in in_query:
            name = each["name"]
            if each["required"]:
                must_name(route.ask(shared_service), name, each["schema"])
            for value in wrong_values(each["schema"]):
                if value == 7 and not {"enum", "format"} & plain(each["schema"]).keys():
                    # In a query everything is a string.
                    continue
                query = "&".join(f"{key}={text}" for key, text in {**needed, name: value}.items())
                must_name(route.ask(shared_service, query), name, each["schema"])
                asked += 1
            twice = "&".join([*(f"{key}={text}" for key, text in needed.items()), f"{name}=x&{name}=x"])
            must_name(route.ask(shared_service, twice), name)
    assert asked > 50


def test_a_wrong_path_is_named_with_what_it_has_to_be(shared_service: RunningService) -> None:
    asked = 0
    for route in routes(shared_service):
        for each in route.parameters:
            if each["in"] == "path" and "maxLength" in each["schema"]:
                must_name(
                    route.ask(shared_service, **{each["name"]: SECRET * 60}), each["name"], each["schema"]
                )
                asked += 1
    assert asked > 8


def test_a_wrong_body_is_named_with_what_it_has_to_be(shared_service: RunningService) -> None:
    asked = 0
    for route in routes(shared_service):
        if route.body is None:
            continue
        must_name(route.ask(shared_service, body=[SECRET]), None)
        required = route.body.get("required", [])
        good = {name: good_value(route.body["properties"][name]) for name in required}
        must_name(route.ask(shared_service, body={**good, SECRET: 1}), None)
        for name, schema in route.body["properties"].items():
            if name in required:
                without = {key: value for key, value in good.items() if key != name}
                must_name(route.ask(shared_service, body=without), name, schema)
            for value in wrong_values(schema):
                must_name(route.ask(shared_service, body={**good, name: value}), name, schema)
                asked += 1
    assert asked > 100


def good_value(schema: Schema) -> Any:
    schema = plain(schema)
    if schema.get("format") == "date-time":
        return "2026-01-31T08:00:00Z"
    return {"string": "xx", "number": 1, "array": ["cohort=x"], "object": {"site": "x"}}[schema["type"]]


@pytest.mark.parametrize(
    ("content", "media_type", "status", "told"),
    [
        (b"", "application/json", 400, "the body is empty"),
        (b'{"secretword', "application/json", 400, "the body is not valid JSON"),
        (b"\xff", "application/json", 400, "the body is not valid JSON"),
        (b"secretword=1", "application/x-www-form-urlencoded", 415, "expected Content-Type application/json"),
    ],
)
def test_a_body_that_is_no_json_is_told_so_on_every_route(
    shared_service: RunningService, content: bytes, media_type: str, status: int, told: str
) -> None:
    for route in routes(shared_service):
        if route.body is not None:
            path = re.sub(r"\{\w+\}", "nobody", route.path)
            answer = CLIENT.request(
                route.method, shared_service.api + path, content=content, headers={"content-type": media_type}
            )
            said = answer.json()["detail"]
            assert (answer.status_code, said.startswith(told)) == (status, True), (path, said)
            assert SECRET not in answer.text
