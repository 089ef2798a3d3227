"""A local HTTP server that lets as many wait for it as real ones do."""

from __future__ import annotations

from http.server import ThreadingHTTPServer


class PatientServer(ThreadingHTTPServer):
    """With a queue of five, as `http.server` has it, bursts are tried again after 1, 3 and 7 s."""

    request_queue_size = 128
