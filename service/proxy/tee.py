"""A copy of one answer while it passes by; whatever goes wrong with it, the answer does not notice."""

from __future__ import annotations

import logging
import re
import secrets
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from service.api.beside import PREFIX
from service.errors import place_of
from service.proxy.copies import Answer, Copies
from service.proxy.counts import Copy, Counts

_WELL_FORMED = re.compile(rb"[A-Za-z0-9._-]{1,64}")
_IN_PART = (204, 205, 206)
"""Statuses of answers without a body, or with a part of one."""
_NAMES_OF_CALLS = (b"x-request-id", b"request-id", b"dg-request-id")

Headers = Sequence[tuple[bytes, bytes]]
logger = logging.getLogger("werwatch.proxy")


class Tee:
    """Takes what the forwarder shows it, and offers a copy at the end.

    Every step is one that cannot fail: its first error is counted and ends the copy alone.
    """

    def __init__(self, copies: Copies, counts: Counts, method: str, path: str, headers: Headers) -> None:
        self._copies = copies
        self._counts = counts
        self._method = method
        self._path = path
        self._asked = headers
        self._began_at = datetime.now(UTC)
        self._answered: Headers = ()
        self._event_id = ""
        self._parts: list[bytes] = []
        self._size = 0
        self._is_on = True

    def begin(self, status: int, headers: Headers) -> Headers:
        """Look at the head of the answer; return the headers that the app gets besides."""
        added: list[tuple[bytes, bytes]] = []

        def look() -> None:
            has_whole_body = 200 <= status < 300 and status not in _IN_PART and self._method != "HEAD"
            self._is_on = has_whole_body and self._copies.are_wanted(self._path)
            if self._is_on:
                self._answered = headers
                self._event_id = _name_of(headers)
                given = _value(self._asked, b"x-werwatch-utterance-id")
                named = given or f"cloudevents:proxy:{self._event_id}"
                added.append((b"x-werwatch-event", named.encode("latin-1")))

        self._guard(look)
        return added

    def add(self, part: bytes) -> None:
        """Note a part of the body."""

        def keep() -> None:
            self._size += len(part)
            if self._size <= self._copies.most_bytes:
                self._parts.append(part)
            else:
                self._parts.clear()

        self._guard(keep)

    def end(self) -> None:
        """Hand the copy over."""

        def offer() -> None:
            if self._size > self._copies.most_bytes:
                self._counts.copy(Copy.TOO_LARGE)
                return
            self._copies.offer(
                Answer(
                    event_id=self._event_id,
                    said=[(name, value) for name, value in self._asked if name.startswith(PREFIX)],
                    began_at=self._began_at.isoformat(),
                    content_type=_value(self._answered, b"content-type"),
                    encoding=_value(self._answered, b"content-encoding"),
                    body=b"".join(self._parts),
                )
            )

        self._guard(offer)

    def _guard(self, step: Callable[[], None]) -> None:
        if not self._is_on:
            return
        try:
            step()
        except Exception as error:  # noqa: BLE001 -- the call has to go through, whatever it is
            self._is_on = False
            self._counts.copy(Copy.FAILED)
            logger.warning("a copy failed: %s at %s", type(error).__name__, place_of(error))


def _name_of(headers: Headers) -> str:
    for name in _NAMES_OF_CALLS:
        value = next((value for key, value in headers if key.lower() == name), b"")
        if _WELL_FORMED.fullmatch(value):
            return value.decode()
    return secrets.token_hex(12)


def _value(headers: Headers, name: bytes) -> str:
    return next((value.decode("latin-1") for key, value in headers if key.lower() == name), "")
