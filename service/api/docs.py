"""The API's description as one plain page: no script, nothing from elsewhere."""

from __future__ import annotations

import json
import re
from html import escape
from typing import Any

DOCS_POLICY = "default-src 'none'; style-src 'unsafe-inline'"

_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem; padding: 0 1rem; }
h2 { margin: 2.5rem 0 .3rem; font-size: 1.1rem; }
code, pre { font-family: ui-monospace, monospace; font-size: .9rem; }
pre { background: #f3f5f8; padding: .8rem; overflow-x: auto; }
.verb { color: #fff; background: #2a5d9f; padding: .1rem .5rem; border-radius: .3rem; margin-right: .5rem; }
table { border-collapse: collapse; width: 100%; }
td, th { text-align: left; padding: .2rem .8rem .2rem 0; border-bottom: 1px solid #dde2e9; }
"""


def docs_page(openapi: dict[str, Any]) -> str:
    """An HTML page that lists every route with its fields, an example and its answers."""
    info = openapi["info"]
    sections = [
        _operation(verb, path, operation)
        for path, operations in openapi["paths"].items()
        for verb, operation in operations.items()
    ]
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>werwatch API</title>'
        f"<style>{_STYLE}</style></head><body><h1>{escape(info['title'])} {escape(info['version'])}</h1>"
        f'<p>{escape(info["summary"])} Machine-readable: <a href="/openapi.json">/openapi.json</a>.</p>'
        f"{''.join(sections)}</body></html>"
    )


def _operation(verb: str, path: str, operation: dict[str, Any]) -> str:
    parts = [
        f'<h2><span class="verb">{verb.upper()}</span><code>{escape(path)}</code></h2>',
        f"<p>{_prose(operation.get('description', ''))}</p>",
    ]
    parameters = operation.get("parameters", [])
    if parameters:
        rows = [(f"{each['name']} ({each['in']})", each["schema"], each["required"]) for each in parameters]
        parts.append(_table("parameter", rows))
    for media_type, content in operation.get("requestBody", {}).get("content", {}).items():
        parts.append(_body(media_type, content["schema"]))
    parts += [
        f"<p>Needs a token with the scope <code>{escape(scope)}</code>.</p>"
        for way in operation.get("security", [])
        for scope in way["token"]
    ]
    answers = ", ".join(
        f"{status} {escape(answer['description'])}"
        for status, answer in sorted(operation["responses"].items())
    )
    parts.append(f"<p>Answers: {answers}.</p>")
    return "".join(parts)


def _body(media_type: str, schema: dict[str, Any]) -> str:
    title = f"<p><code>{escape(media_type)}</code>. {_prose(schema.get('description', ''))}</p>"
    if "properties" not in schema:
        return title
    required = schema.get("required", [])
    fields = [(name, field, name in required) for name, field in schema["properties"].items()]
    table = _table("field", sorted(fields, key=lambda row: not row[2]))
    examples = "".join(
        f"<pre>{escape(json.dumps(example, indent=2))}</pre>" for example in schema.get("examples", [])
    )
    return f"{title}{table}{examples}"


def _table(what: str, rows: list[tuple[str, dict[str, Any], bool]]) -> str:
    lines = "".join(
        f"<tr><td><code>{escape(name)}</code></td><td>{escape(_kind(schema))}</td>"
        f"<td>{'required' if is_required else ''}</td></tr>"
        for name, schema, is_required in rows
    )
    return f"<table><tr><th>{what}</th><th>kind</th><th></th></tr>{lines}</table>"


def _prose(text: str) -> str:
    return re.sub(r"``(.+?)``", r"<code>\1</code>", escape(text))


def _kind(field: dict[str, Any]) -> str:
    if "anyOf" in field:
        return " or ".join(_kind(each) for each in field["anyOf"] if each.get("type") != "null")
    if "enum" in field:
        return " | ".join(map(str, field["enum"]))
    if "const" in field:
        return str(field["const"])
    bounds = [
        f"{word} {field[key]}"
        for key, word in (
            ("minimum", "from"),
            ("exclusiveMinimum", "above"),
            ("maximum", "to"),
            ("minLength", "from"),
            ("maxLength", "to"),
        )
        if key in field
    ]
    unit = " characters" if "minLength" in field or "maxLength" in field else ""
    kind = field.get("format", field.get("type", "any"))
    return f"{kind} {' '.join(bounds)}{unit}".strip()
