"""What the log says, and what a crash may leave behind."""

import asyncio
import io
import json
import logging
import re
import resource
import signal
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from conftest import CLIENT, PATIENCE_S, STOP_S, RunningService, eventually

from service.telemetry.log_lines import log_loop_fault, write_log

SECRET = "quinquagesimal"


def lines(log: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log.splitlines()]


def answered(service: RunningService, count: int) -> list[dict[str, Any]]:
    """The lines about this many requests; a line is written after its answer."""
    deadline = time.monotonic() + PATIENCE_S
    found: list[dict[str, Any]] = []
    while len(found) < count and time.monotonic() < deadline:
        complete = service.log.rpartition("\n")[0]
        found = [line for line in lines(complete) if line["message"] == "answered"]
    return found


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    root, ours = logging.getLogger(), logging.getLogger("werwatch")
    before = (root.handlers[:], root.level, ours.level, logging.raiseExceptions, warnings.showwarning)
    stream = io.StringIO()
    write_log(stream, "debug")
    yield stream
    root.handlers[:], root.level, ours.level, logging.raiseExceptions, warnings.showwarning = before


def test_every_line_is_one_object_with_time_level_and_message(make_service: Any) -> None:
    service = make_service(log_level="debug")
    service.post("/v1/utterances", {"utterance_id": "u", "hypothesis": "x"})
    service.stop()
    for line in lines(service.log):
        assert {"time", "level", "logger", "message"} <= set(line)
    assert lines(service.log)[-1]["message"].startswith("stopped")


def test_a_request_is_found_in_the_log_by_its_id(make_service: Any) -> None:
    service = make_service(log_level="debug")
    answer = service.post(
        f"/v1/references?{SECRET}=1",
        {"utterance_id": SECRET, "reference": SECRET},
        **{"x-request-id": "of-the-app/7"},
    )
    assert answer.headers["x-request-id"] == "of-the-app/7"
    [line] = answered(service, 1)
    assert (line["request_id"], line["method"], line["route"], line["status"]) == (
        "of-the-app/7", "POST", "/v1/references", 422
    )  # fmt: skip
    assert SECRET not in service.log


@pytest.mark.parametrize("sent", ["", "a b", "x" * 65, 'a"b', "a{b}", "ü"])
def test_an_id_that_is_not_well_formed_is_made_anew(shared_service: RunningService, sent: str) -> None:
    headers = {b"x-request-id": sent.encode()}
    answers = [CLIENT.get(shared_service.api + "/v1/alerts", headers=headers) for _ in range(2)]
    first, second = (answer.headers["x-request-id"] for answer in answers)
    assert re.fullmatch("[0-9a-f]{12}-[0-9a-f]+", first)
    assert first != second


def test_a_path_that_holds_something_sent_is_logged_as_its_route(make_service: Any) -> None:
    service = make_service(log_level="debug")
    for path in (f"/v1/alerts/{SECRET}", f"/v1/{SECRET}"):
        assert CLIENT.get(service.api + path).status_code == 404
    assert [line["route"] for line in answered(service, 2)] == ["/v1/alerts/{alert_id}", None]
    assert SECRET not in service.log


def test_requests_are_not_logged_below_debug(make_service: Any) -> None:
    service = make_service()
    service.get("/v1/alerts")
    service.stop()
    assert "answered" not in service.log


def test_of_an_error_only_kind_and_place_are_written(log: io.StringIO) -> None:
    try:
        raise KeyError(SECRET)
    except KeyError:
        logging.getLogger("werwatch.x").exception("it failed")
        logging.getLogger("other").exception("it failed with %s", SECRET)
        logging.getLogger("other").error(RuntimeError(SECRET))
    warnings.showwarning(f"the value {SECRET}", UserWarning, "some.py", 7)
    written = lines(log.getvalue())
    assert [line["message"] for line in written] == [
        "it failed", "it failed with %s", "RuntimeError", "UserWarning at some.py:7",
    ]  # fmt: skip
    assert re.fullmatch(r"KeyError at .*test_log.py:\d+", written[0]["error"])
    assert SECRET not in log.getvalue()


def test_a_record_that_cannot_be_written_shows_no_value(
    log: io.StringIO, capsys: pytest.CaptureFixture[str]
) -> None:
    logging.getLogger("werwatch.x").error("%d rows", SECRET)
    assert log.getvalue() == capsys.readouterr().err == ""


def test_an_error_that_the_event_loop_finds_shows_no_value(log: io.StringIO) -> None:
    async def fail() -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(log_loop_fault)
        future = loop.create_future()
        future.set_result(SECRET)
        loop.call_soon(future.set_result, SECRET)
        loop.call_exception_handler({"message": SECRET})
        await asyncio.sleep(0.01)

    asyncio.run(fail())
    told = "\n".join(line["message"] for line in lines(log.getvalue()))
    assert "unexpected InvalidStateError at" in told
    assert "without an error" in told
    assert SECRET not in log.getvalue()


LEAVE = """
import sys, threading
from service.telemetry.crash import leave_no_values_behind
from service.telemetry.log_lines import write_log
write_log(sys.stdout, "debug")
leave_no_values_behind()
"""
FAIL = f"def fail(word='{SECRET}'): raise ValueError(word)\n"


@pytest.mark.parametrize(
    ("way", "expected"),
    [
        ("fail()", "ended by ValueError at <string>:"),
        ("threading.Thread(target=fail, name='t').start()", "thread t ended by ValueError at <string>:"),
        ("type('X', (), {'__del__': fail})()", "unexpected ValueError at <string>:"),
    ],
)
def test_an_error_that_nobody_catches_leaves_its_place_alone(way: str, expected: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", LEAVE + FAIL.replace("word=", "self=None, word=") + way],
        capture_output=True, text=True, timeout=PATIENCE_S, check=False,
    )  # fmt: skip
    assert expected in lines(done.stdout)[0]["message"]
    assert SECRET not in done.stdout + done.stderr


def test_no_image_of_the_memory_may_be_taken() -> None:
    ask = "import ctypes, resource as r\nprint(r.getrlimit(r.RLIMIT_CORE), ctypes.CDLL(None).prctl(3))"
    command = [sys.executable, "-c", LEAVE + ask]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, check=True)
    assert done.stdout == "(0, 0) 0\n"


@pytest.mark.parametrize("number", [signal.SIGSEGV, signal.SIGABRT])
def test_a_fatal_signal_leaves_positions_in_the_code_and_no_core(
    tmp_path: Path, number: signal.Signals
) -> None:
    here = Path.cwd()
    limit = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (limit[1], limit[1]))
    with RunningService(tmp_path, {"log_level": "debug"}) as service:
        try:
            service.start()
        finally:
            resource.setrlimit(resource.RLIMIT_CORE, limit)
        assert service.process is not None
        pid = service.process.pid
        taken: list[int] = []

        def post() -> None:
            try:
                for index in range(100_000):
                    body = {"utterance_id": f"u{index}", "hypothesis": f"{SECRET} " * 900}
                    taken.append(service.post("/v1/utterances", body).status_code)
            except httpx.TransportError:
                return

        thread = threading.Thread(target=post)
        thread.start()
        assert eventually(lambda: len(taken) > 20)
        service.process.send_signal(number)
        assert service.process.wait(STOP_S) == -number
        thread.join()
    assert "Fatal Python error" in service.log
    assert SECRET not in service.log
    cores = [path for folder in (here, tmp_path) for path in folder.glob("core*") if path.is_file()]
    assert not cores, (pid, cores)
