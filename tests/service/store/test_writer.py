"""One thread writes; what it answered is on disk."""

import asyncio
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from conftest import PATIENCE_S

from service.config import Config
from service.errors import Refused, StoreUnavailable
from service.pipeline import Pipeline
from service.store.writer import TOGETHER_S


@pytest.fixture
def pipeline(tmp_path: Path) -> Iterator[Pipeline]:
    pipeline = Pipeline(Config.model_validate({"data_dir": tmp_path}))
    pipeline.start()
    yield pipeline
    pipeline.close()


def commits(pipeline: Pipeline) -> list[str]:
    """Grows by one a commit of the writing connection."""
    seen: list[str] = []
    pipeline.store._db.set_trace_callback(lambda sql: seen.append(sql) if sql == "COMMIT" else None)
    return seen


def test_requests_that_wait_together_share_a_commit_and_are_answered_after_it(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    # However slow the machine is, they have not taken long.
    monkeypatch.setattr("service.store.writer.TOGETHER_S", 3_600.0)

    async def scenario() -> None:
        with closing(sqlite3.connect(pipeline.store.path)) as other:
            has_begun, may_go_on = threading.Event(), threading.Event()

            def hold() -> None:
                has_begun.set()
                may_go_on.wait()

            # What a new service tidies up after its first commit is over before the second one.
            await pipeline.writer.run(lambda: None)
            await pipeline.writer.run(lambda: None)
            seen = commits(pipeline)
            first = asyncio.create_task(pipeline.writer.run(hold))
            await asyncio.to_thread(has_begun.wait)
            jobs = [
                asyncio.create_task(pipeline.writer.run(lambda n=n: pipeline.store.put_cohort(f"c{n}")))  # type: ignore[misc]
                for n in range(50)
            ]
            await asyncio.sleep(0)
            assert pipeline.writer.waiting == 50
            assert not any(job.done() for job in jobs)
            may_go_on.set()
            await asyncio.wait(jobs, return_when=asyncio.FIRST_COMPLETED)
            assert other.execute("SELECT COUNT(*) FROM cohorts").fetchone() == (50,)
            await asyncio.gather(first, *jobs)
            assert len(seen) == 2

    asyncio.run(scenario())


def test_what_takes_long_leaves_the_rest_to_the_next_commit_also_at_the_end(pipeline: Pipeline) -> None:
    async def scenario() -> list[int]:
        seen = commits(pipeline)
        has_begun, may_go_on = threading.Event(), threading.Event()

        def hold() -> int:
            has_begun.set()
            may_go_on.wait()
            return len(seen)

        def take_long() -> int:
            ends_at = time.monotonic() + TOGETHER_S
            while time.monotonic() < ends_at:
                pass
            return len(seen)

        first = asyncio.create_task(pipeline.writer.run(hold))
        await asyncio.to_thread(has_begun.wait)
        jobs = [asyncio.create_task(pipeline.writer.run(take_long)) for _ in range(3)]
        await asyncio.sleep(0)
        closing_pipeline = asyncio.create_task(asyncio.to_thread(pipeline.writer.close, 30.0))
        may_go_on.set()
        commits_before = [await first, *[await job for job in jobs]]
        await closing_pipeline
        return commits_before

    assert len(set(asyncio.run(scenario()))) == 4


def test_every_commit_is_synced_also_after_a_rollback(pipeline: Pipeline) -> None:
    def durability() -> tuple[int, str]:
        db = pipeline.store._db
        return db.execute("PRAGMA synchronous").fetchone()[0], db.execute("PRAGMA journal_mode").fetchone()[0]

    def refuse() -> None:
        raise Refused(409, "no")

    async def scenario() -> None:
        full = 2
        assert await pipeline.writer.run(durability) == (full, "wal")
        with pytest.raises(Refused):
            await pipeline.writer.run(refuse)
        assert await pipeline.writer.run(durability) == (full, "wal")

    asyncio.run(scenario())


def test_when_the_thread_ends_by_a_fault_everybody_is_refused_and_nobody_waits(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(threading, "excepthook", lambda _: None)
    may_go_on = threading.Event()

    def fail() -> bool:
        may_go_on.wait()
        raise RuntimeError("zygomaticus")

    async def scenario() -> None:
        pipeline.writer._after_commit = fail
        await pipeline.writer.run(lambda: None)
        waiting = [asyncio.create_task(pipeline.writer.run(lambda: None)) for _ in range(5)]
        await asyncio.sleep(0)
        may_go_on.set()
        for job in waiting:
            with pytest.raises(StoreUnavailable, match="the writer has stopped"):
                await asyncio.wait_for(job, PATIENCE_S)
        for _ in range(3):
            with pytest.raises(StoreUnavailable, match="the writer has stopped"):
                await asyncio.wait_for(pipeline.writer.run(lambda: None), PATIENCE_S)

    asyncio.run(scenario())
    assert not pipeline.writer.is_alive
    assert "zygomaticus" not in caplog.text


def test_what_comes_in_behind_the_end_of_the_thread_is_refused(pipeline: Pipeline) -> None:
    async def scenario() -> None:
        pipeline.writer.close(1.0)
        # As where the check was passed just before.
        pipeline.writer._refused = None
        with pytest.raises(StoreUnavailable):
            await asyncio.wait_for(pipeline.writer.run(lambda: None), PATIENCE_S)

    asyncio.run(scenario())
