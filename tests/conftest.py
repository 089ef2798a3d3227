"""A real service in a process of its own, for tests that talk to it."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from itertools import count, islice
from pathlib import Path
from typing import Any, NoReturn, Self

import httpx
import hypothesis
import pytest
import yaml
from bearer import Bearer, Process
from chaos.stream import said
from held_port import held_port
from prometheus_server import RunningPrometheus

START_S = STOP_S = PATIENCE_S = 180.0
"""Many times what anything takes that is waited for, since the machine may be slow and busy."""
CLIENT = httpx.Client(timeout=PATIENCE_S)
"""Making a client is slower than most requests that are made with it."""

# Who asks by another one waits as long: 5 s, as httpx has it, say what else the machine does.
for wait in ("connect", "read", "write", "pool"):
    setattr(httpx._config.DEFAULT_TIMEOUT_CONFIG, wait, PATIENCE_S)

# How long an example takes says what else the machine does.
hypothesis.settings.register_profile("patient", deadline=None)
hypothesis.settings.load_profile("patient")


def pytest_sessionfinish() -> None:
    CLIENT.close()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Give each process its share of what is slow first, so that none waits for one such test at the end."""
    processes = getattr(config, "workerinput", {"workercount": 1})["workercount"]
    slow = [item for item in items if item.get_closest_marker("slow")]
    others = iter([item for item in items if not item.get_closest_marker("slow")])
    left = len(items)
    items.clear()
    for number in range(processes):
        size = left // (processes - number)
        first = slow[number::processes]
        items += [*first, *islice(others, max(size - len(first), 0))]
        left -= size
    items += others


@dataclass
class RunningService:
    """``werwatch serve`` on free ports of 127.0.0.1, stopped by its own process id.

    With a bearer a program in Python begins where the imports are done, without from the command line.
    """

    folder: Path
    settings: dict[str, Any] = field(default_factory=dict)
    program: tuple[str, ...] = (sys.executable, "-m", "service.cli")
    bearer: Bearer | None = None
    process: Process | None = None
    api: str = ""
    metrics: str = ""

    @property
    def data_dir(self) -> Path:
        return self.folder / "data"

    @property
    def log(self) -> str:
        return (self.folder / "service.log").read_text()

    def start(self) -> RunningService:
        config = self.folder / "werwatch.yaml"
        defaults = {"listen": "127.0.0.1:0", "metrics_listen": "127.0.0.1:0", "data_dir": str(self.data_dir)}
        config.write_text(yaml.safe_dump({**defaults, **self.settings}))
        log_path = self.folder / "service.log"
        seen = len(self.log) if log_path.exists() else 0
        self.process = self._begin([*self.program, "serve", "--config", str(config)], log_path)
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline and self.process.poll() is None:
            found = re.search(r'API on (https?://[^\s"]+), metrics on (http://[^\s"]+)', self.log[seen:])
            if found:
                self.api, self.metrics = found.groups()
                return self
            time.sleep(0.02)
        self.kill()
        raise RuntimeError(f"the service did not start:\n{self.log[seen:]}")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process is not None and self.process.poll() is None:
            self.kill()

    def _begin(self, command: list[str], log_path: Path) -> Process:
        if self.bearer is not None and command[0] == sys.executable:
            return self.bearer.bear(command[1:], log_path)
        with log_path.open("ab") as log:
            return subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)

    def stop(self) -> int:
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(STOP_S)

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait(STOP_S)

    def post(self, route: str, body: Any, **headers: str) -> httpx.Response:
        if isinstance(body, bytes):
            headers.setdefault("content-type", "application/json")
            return CLIENT.post(self.api + route, content=body, headers=headers)
        return CLIENT.post(self.api + route, json=body, headers=headers)

    def get(self, route: str) -> Any:
        return CLIENT.get(self.api + route).raise_for_status().json()

    def scrape(self, accept: str = "") -> str:
        return CLIENT.get(self.metrics + "/metrics", headers={"accept": accept}).raise_for_status().text


def score(service: RunningService, begin: int, end: int) -> None:
    """Let a service score these utterances of the stream that `chaos.stream` makes."""
    lines = "\n".join(json.dumps(said(index, seed=1).both()) for index in range(begin, end))
    answer = service.post("/v1/references", lines.encode(), **{"content-type": "application/x-ndjson"})
    assert answer.json()["scored"] == end - begin


def eventually(is_so: Callable[[], object]) -> bool:
    """Whether something becomes so before patience ends."""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        if is_so():
            return True
        time.sleep(0.05)
    return False


def catches_up(service: RunningService) -> bool:
    """Whether the monitor has seen all that was scored, before patience ends; no stop waits for that."""
    # What is written next is answered after the monitor's turn; before that it does not know of any rows.
    assert service.post("/v1/alerts/nobody/acknowledge", {"author": "ann"}).status_code == 404
    return eventually(lambda: "werwatch_monitor_rows_behind 0.0" in service.scrape())


class BadDay:
    """What goes wrong around a service that runs as ``program``; see ``bad_day.py``."""

    def __init__(self, folder: Path, **faults: float) -> None:
        self._file = folder / "day.json"
        self.program = (sys.executable, str(Path(__file__).parent / "bad_day.py"), str(self._file))
        self.becomes(**faults)

    def becomes(self, **faults: float) -> None:
        """Let exactly this go wrong from now on."""
        written = self._file.with_suffix(".new")
        written.write_text(json.dumps(faults))
        written.rename(self._file)


@pytest.fixture(scope="session")
def bearer() -> Iterator[Bearer]:
    with closing(Bearer()) as bearer:
        yield bearer


@pytest.fixture
def make_service(tmp_path: Path, bearer: Bearer) -> Iterator[Callable[..., RunningService]]:
    number = count()
    with ExitStack() as stack:

        def make(*program: str, **settings: Any) -> RunningService:
            folder = tmp_path / f"service-{next(number)}"
            folder.mkdir()
            service = RunningService(folder, settings, program or RunningService.program, bearer)
            return stack.enter_context(service).start()

        yield make


@pytest.fixture
def refused(tmp_path: Path, bearer: Bearer) -> Callable[[Path], subprocess.CompletedProcess[str]]:
    """Let ``werwatch serve`` with a configuration end by itself; all that it says is in its stderr."""

    def serve(config: Path) -> subprocess.CompletedProcess[str]:
        log = tmp_path / f"{config.name}.log"
        log.unlink(missing_ok=True)
        words = ["-m", "service.cli", "serve", "--config", str(config)]
        code = bearer.bear(words, log).wait(START_S)
        return subprocess.CompletedProcess(words, code, "", log.read_text())

    return serve


@pytest.fixture
def hold_port() -> Iterator[Callable[[], int]]:
    """Give `held_port`s that last until the test ends."""
    with ExitStack() as stack:
        yield lambda: stack.enter_context(held_port())


@pytest.fixture
def make_proxy(tmp_path: Path) -> Iterator[Callable[..., Any]]:
    """Start a proxy; arguments as of `proxy_process.Proxy` after the folder."""
    from proxy_process import Proxy  # noqa: PLC0415 -- it imports from here

    with ExitStack() as stack:
        yield lambda *words: stack.enter_context(Proxy(tmp_path, *words)).start()


@pytest.fixture(scope="module")
def shared_service(tmp_path_factory: pytest.TempPathFactory, bearer: Bearer) -> Iterator[RunningService]:
    with RunningService(tmp_path_factory.mktemp("service"), bearer=bearer) as service:
        yield service.start()


def program(name: str, package: str) -> str:
    """Path of a program; without it a test skips, and fails where CI is set."""
    return shutil.which(name) or missing(name, f"apt-get install {package}")


def missing(name: str, how_to_get_it: str) -> NoReturn:
    """Skip a test that needs what is not there, and fail it where CI is set."""
    say = pytest.fail if os.environ.get("CI") else pytest.skip
    say(f"{name} is missing: {how_to_get_it}")


def must_mount() -> None:
    """Skip a test that mounts a small disk where that is not allowed, and fail it where CI is set."""
    if os.geteuid() != 0:
        missing("root", "run the tests as root, who alone can mount a small disk")


@pytest.fixture
def make_prometheus(
    tmp_path: Path, hold_port: Callable[[], int]
) -> Iterator[Callable[..., RunningPrometheus]]:
    """Start a real Prometheus; arguments as of `RunningPrometheus` after the port."""
    number = count()
    with ExitStack() as stack:

        def make(*targets: str, **options: Any) -> RunningPrometheus:
            folder = tmp_path / f"prometheus-{next(number)}"
            folder.mkdir()
            binary = program("prometheus", "prometheus")
            prometheus = RunningPrometheus(binary, folder, hold_port(), targets, **options)
            stack.callback(prometheus.stop)
            return prometheus.start()

        yield make
