"""A receiver of notices that remembers every attempt and has bad days."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler

from patient_server import PatientServer


@dataclass
class OnCall:
    """A server that gives the scripted answers first and 204 after them."""

    script: list[tuple[int, dict[str, str]]] = field(default_factory=list)
    seen: list[tuple[float, dict[str, str], bytes]] = field(default_factory=list)
    url: str = ""


@contextmanager
def on_call(*script: int | tuple[int, dict[str, str]]) -> Iterator[OnCall]:
    server_state = OnCall([answer if isinstance(answer, tuple) else (answer, {}) for answer in script])

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers["content-length"])
            body = self.rfile.read(length)
            if len(body) < length:
                # Who was killed while it sent has told nothing yet.
                return
            server_state.seen.append((time.monotonic(), dict(self.headers.items()), body))
            status, headers = server_state.script.pop(0) if server_state.script else (204, {})
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = PatientServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    server_state.url = f"http://127.0.0.1:{server.server_address[1]}/"
    try:
        yield server_state
    finally:
        server.shutdown()
        server.server_close()
