"""Runs the proxy: its listener, its metrics, and what hands copies to the service."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import httpcore
import httpx
import uvicorn
from prometheus_client import generate_latest
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from service import __version__
from service.commands.remote import Remote
from service.listeners.listening import bind, name_of
from service.proxy.copies import Copies
from service.proxy.counts import Counts
from service.proxy.forwarder import Forwarder
from service.proxy.tee import Tee
from service.telemetry.log_lines import log_loop_fault

MOST_BYTES = 10_000_000
"""Of an answer that is copied; as much as a body may have at the service, as it is set by default."""
IDLE_S = 4.0
"""How long a connection to the engine may be idle and be used again: most servers close theirs after 5 s."""
ANSWER_S, HAND_OVER_S = 20, 5.0
"""After SIGTERM: how long calls may still take, and then copies on their way to the service."""

logger = logging.getLogger("werwatch.proxy")


@dataclass(frozen=True, slots=True)
class Settings:
    """What the command line says; see there."""

    engine: str
    provider: str
    listen: str
    metrics_listen: str
    paths: list[str]


_TOLD_ELSEWHERE = (
    # The app gets an answer of ours.
    "Unsupported upgrade request.",
    "No supported WebSocket library detected.",
    # How an answer that the engine broke off is broken off for the app; it is counted.
    "ASGI callable returned without completing response.",
)


class _Server(uvicorn.Server):
    """One listener of two: signals are handled once, for both."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def run(settings: Settings, service: Remote) -> None:
    """Forward until SIGTERM or SIGINT, then finish what was begun."""
    with (
        bind("--listen", settings.listen) as listener,
        bind("--metrics-listen", settings.metrics_listen) as metrics,
    ):
        asyncio.run(_run(settings, service, listener, metrics))


async def _run(settings: Settings, service: Remote, listener: socket.socket, metrics: socket.socket) -> None:
    counts = Counts()
    logging.getLogger("uvicorn.error").addFilter(lambda line: not str(line.msg).startswith(_TOLD_ELSEWHERE))
    async with (
        service.lasting_connection() as client,
        httpcore.AsyncConnectionPool(
            ssl_context=httpx.create_ssl_context(),
            max_connections=None,
            max_keepalive_connections=None,
            keepalive_expiry=IDLE_S,
        ) as pool,
    ):
        copies = Copies(client, settings.provider, settings.paths, MOST_BYTES, counts)
        forwarder = Forwarder(pool, settings.engine, partial(Tee, copies, counts), counts)
        servers = [_server(forwarder), _server(_metrics(counts))]
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(log_loop_fault)
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, _stop, servers)
        logger.info("proxy on http://%s, metrics on http://%s", name_of(listener), name_of(metrics))
        handing_over = asyncio.create_task(copies.hand_over())
        try:
            await asyncio.gather(servers[0].serve([listener]), servers[1].serve([metrics]))
            await copies.finish(HAND_OVER_S)
        finally:
            handing_over.cancel()


def _server(app: ASGIApp) -> _Server:
    return _Server(
        uvicorn.Config(
            app,
            access_log=False,
            log_config=None,
            lifespan="off",
            http="h11",
            ws="none",
            proxy_headers=False,
            server_header=False,
            date_header=False,
            timeout_keep_alive=75,
            timeout_graceful_shutdown=ANSWER_S,
        )
    )


def _stop(servers: list[_Server]) -> None:
    for server in servers:
        server.should_exit = True


def _metrics(counts: Counts) -> ASGIApp:
    contents: dict[str, Callable[[], bytes]] = {
        "/metrics": partial(generate_latest, counts.registry),
        "/healthz": lambda: b"ok\n",
    }

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        content = contents.get(scope["path"])
        answer = Response(status_code=404) if content is None else PlainTextResponse(content())
        answer.headers["server"] = f"werwatch/{__version__}"
        await answer(scope, receive, send)

    return app
