"""A notice as a message of Slack: blocks, and the line that stands in for them.

Source: Slack's documentation of Block Kit, with its limits.
"""

from __future__ import annotations

from typing import Any

from service.receivers.rendering import Reading, shortened

MOST_OF_A_HEADER, MOST_OF_A_TEXT, MOST_OF_A_FIELD, MOST_FIELDS = 150, 3_000, 2_000, 10


def message(reading: Reading) -> dict[str, Any]:
    """``text`` and ``blocks`` of a message that says everything."""
    title = shortened(reading.title, MOST_OF_A_TEXT)
    blocks: list[dict[str, Any]] = [
        {
            "type": "header",
            "text": {"type": "plain_text", "text": shortened(title, MOST_OF_A_HEADER), "emoji": False},
        }
    ]
    if len(title) > MOST_OF_A_HEADER:
        blocks.append(_section(escaped(title)))
    fields = [_marked(_field(name, value)) for name, value in reading.facts]
    blocks += [
        {"type": "section", "fields": fields[first : first + MOST_FIELDS]}
        for first in range(0, len(fields), MOST_FIELDS)
    ]
    if reading.look_first:
        blocks.append(_section(f"*Look first*\n{escaped(' '.join(reading.look_first))}"))
    if reading.remarks:
        remark = _marked(_cut(escaped(" ".join(reading.remarks)), MOST_OF_A_TEXT))
        blocks.append({"type": "context", "elements": [remark]})
    buttons = [
        {"type": "button", "text": {"type": "plain_text", "text": text}, "url": url}
        for text, url in reading.links.items()
    ]
    if buttons:
        blocks.append({"type": "actions", "elements": buttons})
    return {"text": _cut(escaped(title), MOST_OF_A_TEXT), "blocks": blocks}


def reply(reading: Reading) -> dict[str, Any]:
    """One line, for the thread below a message that says everything itself."""
    return {"text": _cut(escaped(reading.title), MOST_OF_A_TEXT)}


def escaped(text: str) -> str:
    """A text that Slack takes for nothing but text.

    Examples
    --------
    >>> escaped("<!channel> & co")
    '&lt;!channel&gt; &amp; co'
    """
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _cut(text: str, most: int) -> str:
    """Cut an escaped text, but not inside of what stands for one character."""
    if len(text) <= most:
        return text
    kept = text[: most - 1]
    start = kept.rfind("&")
    if start >= 0 and ";" not in kept[start:]:
        kept = kept[:start]
    return kept + "…"


def _field(name: str, value: str) -> str:
    return _cut(f"*{escaped(name)}*\n{escaped(value)}", MOST_OF_A_FIELD)


def _section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": _marked(_cut(text, MOST_OF_A_TEXT))}


def _marked(text: str) -> dict[str, Any]:
    # Verbatim: nothing in a cohort's name becomes a link or calls a channel.
    return {"type": "mrkdwn", "text": text, "verbatim": True}
