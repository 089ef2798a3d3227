"""Runs the service: both listeners, the writer and the delivery worker, until asked to stop."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import signal
import socket
import ssl
import sys
import threading
from collections.abc import Callable, Coroutine, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, NoReturn, cast

import uvicorn

from service import __version__
from service.api.finishing import Finishing
from service.app import build_api, build_metrics
from service.config import Config
from service.delivery.worker import DeliveryWorker
from service.listeners.connections import BoundedConnection
from service.listeners.encrypted import EncryptedConnection
from service.listeners.listening import AT_ONCE, BACKLOG, bind, name_of
from service.listeners.meanwhile import Meanwhile
from service.pipeline import Pipeline
from service.receivers.kinds import endpoints
from service.settings.admission import Admission
from service.settings.reloading import Reloading
from service.store.reader import Reader
from service.telemetry.log_lines import log_loop_fault
from service.telemetry.metrics import Metrics
from service.telemetry.tracing import spans_of

RECEIVE_S, ANSWER_S = 3, 6
"""After SIGTERM: how long bodies may still arrive, and answers be made; 10 s must do for everything."""
SWITCH_S = 0.0005
"""How long a thread that scores or writes may hold up the loop that answers; Python's own 5 ms add up."""

logger = logging.getLogger("werwatch")


class _Server(uvicorn.Server):
    """One listener of two: signals are handled once, for both."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, and let more clients wait than asyncio lets in at once, which are one number for it."""
        await super().startup(sockets)
        for bound in sockets or ():
            bound.listen(BACKLOG)


@dataclass(frozen=True, slots=True)
class _Listener:
    """An application and where it is reached."""

    app: Finishing
    bound: socket.socket
    client_timeout_s: int
    note_crowded_out: Callable[[], None]
    context: Callable[[], ssl.SSLContext] | None = None

    @property
    def url(self) -> str:
        return f"{'http' if self.context is None else 'https'}://{name_of(self.bound)}"

    def settings(self) -> uvicorn.Config:
        connection: Callable[..., asyncio.Protocol] = partial(BoundedConnection, self.note_crowded_out)
        if self.context is not None:
            connection = partial(EncryptedConnection, self.context, self.note_crowded_out)
        # The access log would print paths and queries; requests are counted in the metrics instead.
        return uvicorn.Config(
            self.app,
            access_log=False,
            log_config=None,
            lifespan="off",
            http=cast("type[asyncio.Protocol]", connection),
            ws="none",
            proxy_headers=False,
            headers=[("server", f"werwatch/{__version__}")],
            timeout_keep_alive=self.client_timeout_s,
            timeout_graceful_shutdown=ANSWER_S,
            backlog=AT_ONCE,
        )


def serve(config: Config, config_file: Path | None = None) -> None:
    """Run until SIGTERM or SIGINT, then finish what was accepted; at SIGHUP read the file again.

    Raises
    ------
    StartError, ConfigError
        If it cannot start; nothing is left running then.
    """
    # Until the loop listens to signals; what is on disk by then is whole.
    told_to_stop = threading.Event()

    def leave(*_: object) -> NoReturn:
        # Whoever runs just then may drop the exception, as a finaliser does.
        told_to_stop.set()
        sys.exit(0)

    signal.signal(signal.SIGTERM, leave)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    # Made before the loop runs, since what their clients import would hold it up.
    receivers = endpoints(config)
    spans = spans_of(config)
    admission = Admission.of(config)
    context = None if admission.tls is None else admission.context
    with contextlib.ExitStack() as stack:
        if spans is not None:
            stack.callback(spans.close)
        api_socket = stack.enter_context(bind("listen", config.listen))
        metrics_socket = stack.enter_context(bind("metrics_listen", config.metrics_listen))
        with Meanwhile(api_socket, metrics_socket, admission.tls) as meanwhile:
            pipeline = Pipeline(config, meanwhile.say)
        pipeline.start()
        stack.callback(pipeline.close)
        # Closed before the pipeline: only the last connection to close folds the write-ahead log in.
        reader = Reader(config.data_dir)
        stack.callback(reader.close)
        metrics = Metrics(pipeline, reader)
        timeout_s = int(config.limits.client_timeout.total_seconds())
        crowd_out = pipeline.counts.crowd_out
        worker = DeliveryWorker(pipeline, reader, receivers, spans)
        reloading = Reloading(config_file, pipeline, worker, admission)
        api, health = (
            build_api(pipeline, reader, metrics, reloading, spans),
            build_metrics(pipeline, reader, metrics),
        )
        listeners = (
            _Listener(Finishing(api), api_socket, timeout_s, partial(crowd_out, "api"), context),
            _Listener(Finishing(health), metrics_socket, timeout_s, partial(crowd_out, "metrics")),
        )
        asyncio.run(_run(listeners, reloading, told_to_stop, worker.run(), pipeline.recordings.run()))
    # Python lets go of its handlers before it ends: one more signal then would look like a failure.
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    logger.info("stopped; everything that was accepted is on disk")


async def _run(
    listeners: Sequence[_Listener],
    reloading: Reloading,
    told_to_stop: threading.Event,
    *workers: Coroutine[Any, Any, None],
) -> None:
    servers = [_Server(listener.settings()) for listener in listeners]
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(log_loop_fault)

    def stop() -> None:
        for server in servers:
            server.should_exit = True
        for listener in listeners:
            loop.call_later(RECEIVE_S, listener.app.stop_receiving)

    asked: set[asyncio.Task[None]] = set()

    def reload() -> None:
        task = asyncio.create_task(reloading.reload_or_say())
        asked.add(task)
        task.add_done_callback(asked.discard)

    for number in (signal.SIGTERM, signal.SIGINT):
        _tell_loop(number, stop)
    _tell_loop(signal.SIGHUP, reload)
    if told_to_stop.is_set():
        stop()
    logger.info("API on %s, metrics on %s", *(listener.url for listener in listeners))
    # Modules and tables stay: looking through them for garbage would hold everybody up for 0.1 s.
    gc.freeze()
    sys.setswitchinterval(SWITCH_S)
    working = [asyncio.create_task(worker) for worker in workers]
    try:
        await asyncio.gather(
            *(server.serve([listener.bound]) for server, listener in zip(servers, listeners, strict=True))
        )
    finally:
        for task in working:
            task.cancel()
        for task in working:
            with contextlib.suppress(asyncio.CancelledError):
                await task


def _tell_loop(number: signal.Signals, react: Callable[[], None]) -> None:
    loop = asyncio.get_running_loop()

    def tell(*_: object) -> None:
        # Once the loop is over the last things are saved, and no signal may break that off.
        if not loop.is_closed():
            loop.call_soon_threadsafe(react)

    signal.signal(number, tell)
