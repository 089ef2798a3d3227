"""While a start takes long, whatever clients do holds up neither probes nor the start."""

import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress

from conftest import PATIENCE_S

from service.listeners.listening import bind
from service.listeners.meanwhile import Meanwhile

MOST_BYTES = 600
"""What it sends at most, so that a service that waits for its end fails and does not hang."""


@contextmanager
def going_on_for_ever(address: tuple[str, int]) -> Iterator[None]:
    """A client that sends a request byte by byte, without an end."""
    is_over = threading.Event()

    def send() -> None:
        with suppress(OSError), closing(socket.create_connection(address)) as connection:
            connection.sendall(b"POST /v1/utterances HTTP/1.1\r\nHost: x\r\n")
            for _ in range(MOST_BYTES):
                connection.sendall(b"x")
                if is_over.wait(0.1):
                    return

    sending = threading.Thread(target=send)
    sending.start()
    try:
        yield
    finally:
        is_over.set()
        sending.join()


def ask(address: tuple[str, int], path: str) -> bytes:
    with closing(socket.create_connection(address, timeout=PATIENCE_S)) as connection:
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        return connection.recv(65_536)


def test_who_goes_on_for_ever_holds_up_nobody() -> None:
    with (
        closing(bind("listen", "127.0.0.1:0")) as api,
        closing(bind("metrics_listen", "127.0.0.1:0")) as metrics,
    ):
        meanwhile = Meanwhile(api, metrics, None)
        with going_on_for_ever(api.getsockname()), meanwhile:
            meanwhile.say("half done")
            assert ask(metrics.getsockname(), "/healthz").startswith(b"HTTP/1.1 200")
            assert b"half done" in ask(metrics.getsockname(), "/readyz")
            answer = ask(api.getsockname(), "/v1/alerts")
            assert answer.startswith(b"HTTP/1.1 503")
            assert b"half done" in answer
