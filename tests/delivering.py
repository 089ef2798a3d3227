"""A delivery worker at work on a pipeline of its own, and nothing left of both behind it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing

from service.config import Config
from service.delivery.worker import DeliveryWorker
from service.pipeline import Pipeline
from service.receivers.kinds import endpoints
from service.store.reader import Reader


@asynccontextmanager
async def delivering(settings: Config) -> AsyncIterator[tuple[Pipeline, Reader]]:
    """The pipeline and a reader of its store, while a worker delivers; the last of this loop's threads."""
    pipeline = Pipeline(settings)
    pipeline.start()
    with closing(Reader(settings.data_dir)) as reader:
        task = asyncio.create_task(DeliveryWorker(pipeline, reader, endpoints(settings)).run())
        try:
            yield pipeline, reader
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            await asyncio.to_thread(pipeline.close)
            # A query whose task was cancelled goes on, and a connection that is closed meanwhile is a crash.
            await asyncio.get_running_loop().shutdown_default_executor()
