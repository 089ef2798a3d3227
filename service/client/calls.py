"""What the app calls: it hands over an object and goes on."""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any, Unpack

from service.client.buffer import Buffer, Counts
from service.client.fields import About, Corrected, Unsendable, said
from service.client.forks import Forks
from service.client.sender import Destination, Sender

MOST_TOLD = 20
"""Faults of objects that are logged, each once."""

logger = logging.getLogger("werwatch.client")


class Calls(ABC):
    """The calls of both clients; see there."""

    def __init__(
        self,
        url: str,
        *,
        token: str | None = None,
        token_file: Path | str | None = None,
        ca_file: Path | str | None = None,
        client_cert: Path | str | None = None,
        most_bytes: int = 8_000_000,
        interval_s: float = 0.5,
        timeout_s: float = 10.0,
    ) -> None:
        self._destination = Destination(
            url, token, _path(token_file), _path(ca_file), _path(client_cert), timeout_s
        )
        self._interval_s = interval_s
        self._buffer = Buffer(most_bytes)
        self._told: set[str] = set()
        self._forks = Forks(self._begin_anew)
        self._sender = self._new_sender()

    def utterance(self, utterance_id: str, hypothesis: str, **about: Unpack[About]) -> None:
        """Hand over a final transcript. Never raises, and never waits for the service.

        Parameters
        ----------
        utterance_id, hypothesis, **about
            The fields of ``POST /v1/utterances``. Without ``spoken_at`` it was spoken now.
        """
        self._put("/v1/utterances", {"utterance_id": utterance_id, "hypothesis": hypothesis, **about})

    def reference(
        self, utterance_id: str | None, reference: str | None = None, **about: Unpack[Corrected]
    ) -> None:
        """Hand over what a human says was spoken. Never raises, and never waits for the service.

        Parameters
        ----------
        utterance_id, reference, **about
            The fields of ``POST /v1/references``: ``selection`` and ``probability`` say how it came to be
            corrected, ``verdict="correct"`` stands for the text, ``hypothesis`` brings the utterance along.
        """
        self._put("/v1/references", {"utterance_id": utterance_id, "reference": reference, **about})

    @property
    def counts(self) -> Counts:
        """What became of everything that was handed over."""
        return self._buffer.counts

    def _put(self, route: str, fields: dict[str, Any]) -> None:
        try:
            line, left_out = said(fields)
        except Exception as error:  # noqa: BLE001 -- whatever the app hands over must not break it
            self._buffer.count_invalid()
            what = str(error) if isinstance(error, Unsendable) else type(error).__name__
            self._tell(f"what cannot be written as JSON is not sent: {what}")
            return
        if left_out:
            self._buffer.count_left_out(left_out)
            self._tell("numbers that are not finite are left out of what is sent")
        is_news = self._buffer.put(route, line)
        self._see_to_it(is_news=is_news)

    def _tell(self, message: str) -> None:
        # The same again and again would fill the app's log.
        if message not in self._told and len(self._told) < MOST_TOLD:
            self._told.add(message)
            logger.warning("%s", message)

    def _begin_anew(self) -> None:
        """In a process that was forked there is neither the thread nor the loop that sends."""
        self._buffer.begin_anew()
        self._sender = self._new_sender()

    def _new_sender(self) -> Sender:
        return Sender(self._buffer, self._destination, self._interval_s, self._forks)

    @abstractmethod
    def _see_to_it(self, *, is_news: bool) -> None:
        """Have somebody send what waits; raise nothing."""


def _path(file: Path | str | None) -> Path | None:
    return None if file is None else Path(file)
