"""A small webhook receiver that checks the signature of what it gets."""

from __future__ import annotations

import hmac
import json
import threading
import time
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

from service.receivers.webhook import decode_secret, sign

TOLERANCE_S = 300
MOST_BYTES = 100_000


@dataclass(frozen=True, slots=True)
class Notice:
    """A webhook that came in."""

    message_id: str
    is_verified: bool
    body: dict[str, Any]


class NoticeReceiver:
    """Listens on a free port of 127.0.0.1 while the context is open; ``notices`` grows."""

    def __init__(self, secret: str) -> None:
        self.notices: list[Notice] = []
        self._key = decode_secret(secret)
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = min(int(self.headers.get("content-length", 0)), MOST_BYTES)
                is_verified = receiver._take(dict(self.headers.items()), self.rfile.read(length))
                self.send_response(204 if is_verified else 401)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    @property
    def url(self) -> str:
        """Where to post."""
        return f"http://127.0.0.1:{self._server.server_address[1]}/"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _take(self, headers: dict[str, str], body: bytes) -> bool:
        sent = {name.lower(): value for name, value in headers.items()}
        message_id, timestamp = sent.get("webhook-id", ""), sent.get("webhook-timestamp", "")
        is_fresh = timestamp.isdecimal() and abs(time.time() - int(timestamp)) <= TOLERANCE_S
        expected = sign(self._key, message_id, int(timestamp), body) if is_fresh else ""
        signatures = sent.get("webhook-signature", "").split(" ")
        is_verified = is_fresh and any(hmac.compare_digest(expected, each) for each in signatures)
        if is_verified and message_id not in {notice.message_id for notice in self.notices}:
            self.notices.append(Notice(message_id, is_verified, json.loads(body)))
        return is_verified
