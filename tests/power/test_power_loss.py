"""Whenever the power fails, what was answered before is there, once, and werwatch goes on with it."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest
from bearer import Bearer
from chaos.ledger import Ledger
from chaos.lives import MORTAL
from chaos.load import Load
from chaos.stream import DETECTION
from conftest import PATIENCE_S, RunningService, program, score

from power.losses import Loss, Recording
from service.api.translate import Translator
from service.config import Config
from service.pipeline import Pipeline
from service.privacy import Hasher
from service.store.store import FILE_NAME
from service.telemetry.counts import Counts
from service.upkeep.verify import verify

INSTANTS, SEED = int(os.environ.get("POWER_INSTANTS", "4")), 3
"""Of each kind; `make power` asks for more."""
UTTERANCES, ROWS = 150, 1_500
OFTEN = (sys.executable, MORTAL, "never", "1", "0")
"""A service that saves its state every tenth of a second."""
SHRINKING = (
    "import service.cli, service.store.room as room, service.watching.watch as watch;"
    "room.SPARE_BYTES, watch.SAVE_EVERY_S = 10_000, 0.1; service.cli.main()"
)


@pytest.fixture
def recording(tmp_path: Path) -> Recording:
    program("strace", "strace")
    return Recording(tmp_path)


@pytest.fixture
def serve(recording: Recording, tmp_path: Path) -> Iterator[Callable[..., RunningService]]:
    """Start a recorded service of the one data folder."""
    with ExitStack() as stack:

        def start(*words: str, **settings: Any) -> RunningService:
            settings = {"data_dir": str(recording.root / "data"), "detection": DETECTION, **settings}
            service = RunningService(tmp_path, settings, recording.program(*(words or OFTEN)))
            return stack.enter_context(service).start()

        yield start


class Sender:
    """Sends the mixed load of the chaos tests, also to one service after another."""

    def __init__(self) -> None:
        config = Config.model_validate({"detection": DETECTION})
        self._load = Load(SEED, Ledger(Translator(config, Hasher(bytes(32)), Counts())))

    def send(self, service: RunningService, utterances: int) -> None:
        enough, deadline = self._load.index + utterances, time.monotonic() + PATIENCE_S
        self._load.go_on(service.api)
        while self._load.index < enough and time.monotonic() < deadline:
            time.sleep(0.02)
        self._load.pause()


def config_of(loss: Loss, **settings: Any) -> Config:
    return Config.model_validate({"data_dir": loss.root / "data", "detection": DETECTION, **settings})


def go_on(loss: Loss, config: Config) -> None:
    """A start, with all that it looks at, and its end."""
    pipeline = Pipeline(config)
    # Of what was begun a part may be left; that nobody lost what was promised is seen elsewhere.
    assert not loss.is_clean or pipeline.store.loss is None, loss.at
    pipeline.start()
    pipeline.close()
    is_good(loss, config)


def is_good(loss: Loss, config: Config) -> None:
    assert [finding.text for finding in verify(config) if not finding.is_good] == [], loss.at


def hold(loss: Loss, config: Config, key: bytes) -> None:
    """Hold what is left to what was answered."""
    if loss.answers.answered:
        assert (config.data_dir / "key").read_bytes() == key, loss.at
        is_good(loss, config)
    go_on(loss, config)
    found = (config.data_dir / "key").read_bytes()
    ledger = Ledger(Translator(config, Hasher(found), Counts()))
    for exchange in loss.answers.heard:
        noted = ledger.send(exchange.objects)
        if exchange.status is not None:
            ledger.acknowledge(noted)
    with closing(sqlite3.connect(config.data_dir / FILE_NAME)) as db:
        ledger.check(db)


def test_what_was_answered_is_there_from_the_first_start_on(
    recording: Recording, serve: Callable[..., RunningService]
) -> None:
    sender = Sender()
    service = serve()
    sender.send(service, UTTERANCES)
    service.kill()
    service = serve()
    sender.send(service, UTTERANCES)
    assert service.stop() == 0
    key, answered = (recording.root / "data" / "key").read_bytes(), 0
    for loss in recording.losses(INSTANTS, SEED):
        hold(loss, config_of(loss), key)
        answered = len(loss.answers.answered)
    assert answered > 20


def command(recording: Recording, service: RunningService, *words: str) -> str:
    """Run a recorded command on the service's data folder; return what it says."""
    config = service.folder / "werwatch.yaml"
    full = recording.program(sys.executable, "-m", "service.cli", *words, "--config", str(config))
    done = subprocess.run(full, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def said(loss: Loss, words: str) -> bool:
    return any(words in each for each in loss.answers.said)


def ids(path: Path, table: str = "utterances") -> list[str]:
    with closing(sqlite3.connect(path)) as db:
        return [name for (name,) in db.execute(f"SELECT utterance_id FROM {table} ORDER BY 1")]


def test_a_key_is_changed_or_is_not_and_a_backup_or_a_restored_store_is_whole_once_it_is_said(
    recording: Recording, serve: Callable[..., RunningService]
) -> None:
    service, key_file = serve(), recording.root / "data" / "key"
    sender = Sender()
    sender.send(service, UTTERANCES)
    assert service.stop() == 0
    store, keys = recording.root / "data" / FILE_NAME, [key_file.read_bytes()]
    kept = ids(store)
    command(recording, service, "backup", str(recording.root / "copy.db"))
    scored = ids(store, "scored")
    assert "was changed" in command(recording, service, "rotate-key", "--author", "ann", "--yes")
    keys.append(key_file.read_bytes())
    was_backed_up = was_changed = 0
    for loss in recording.losses(INSTANTS, SEED):
        copy, config = loss.root / "copy.db", config_of(loss)
        was_backed_up += (is_there := said(loss, "copy.db: "))
        assert copy.exists() or not is_there, loss.at
        if copy.exists():
            # Complete or not there.
            assert ids(copy) == kept, loss.at
        was_changed += (is_new := said(loss, "was changed"))
        go_on(loss, config)
        key = (config.data_dir / "key").read_bytes()
        assert key in keys or not loss.answers.answered, loss.at
        assert key == keys[1] or not is_new, loss.at
        if is_there:
            assert ids(config.data_dir / FILE_NAME, "scored") == scored
            assert ids(config.data_dir / FILE_NAME) == (scored if key == keys[1] else kept), loss.at
    assert was_backed_up > was_changed > 0


def test_a_restored_store_is_the_one_before_or_the_copy(
    recording: Recording, serve: Callable[..., RunningService]
) -> None:
    service, sender = serve(), Sender()
    store, copy = recording.root / "data" / FILE_NAME, recording.root / "copy.db"
    sender.send(service, UTTERANCES)
    assert service.stop() == 0
    command(recording, service, "backup", str(copy))
    service = serve()
    sender.send(service, UTTERANCES)
    # Its last rows are in the log alone.
    service.kill()
    command(recording, service, "restore", "--force", str(copy))
    copied, was_restored = ids(copy), 0
    assert ids(store) == copied
    before = ids(next(store.parent.glob("replaced-*")) / FILE_NAME)
    for loss in recording.losses(INSTANTS, SEED):
        config = config_of(loss)
        was_restored += (is_restored := said(loss, "the store before it is in "))
        go_on(loss, config)
        found = ids(config.data_dir / FILE_NAME)
        assert found == copied or not is_restored, loss.at
        if said(loss, "copy.db: ") and not is_restored and set(found) != set(copied):
            assert set(found) >= acknowledged(loss), loss.at
        if is_restored:
            [aside] = config.data_dir.glob("replaced-*")
            assert ids(aside / FILE_NAME) == before
    assert was_restored > 0


def acknowledged(loss: Loss) -> set[str]:
    """The utterances that were answered."""
    return {
        each["utterance_id"]
        for exchange in loss.answers.answered
        for each in exchange.objects
        if "hypothesis" in each
    }


def test_what_was_erased_stays_gone(recording: Recording, serve: Callable[..., RunningService]) -> None:
    kept = {"privacy": {"keep_text": True}}
    service = serve(**kept)
    for number in range(8):
        body = {"utterance_id": f"u-{number}", "hypothesis": f"secret{number} fever"}
        assert service.post("/v1/utterances", body).status_code == 202
    for number in range(0, 8, 2):
        assert service.post("/v1/erasures", {"utterance_id": f"u-{number}"}).is_success
    service.kill()
    erased_in_all = 0
    for loss in recording.losses(INSTANTS, SEED):
        erased = [
            each.objects[0]["utterance_id"] for each in loss.answers.answered if "erasures" in each.route
        ]
        left = b"".join(path.read_bytes() for path in (loss.root / "data").rglob("*") if path.is_file())
        assert [name for name in erased if f"secret{name[2:]}".encode() in left] == [], loss.at
        go_on(loss, config_of(loss, **kept))
        erased_in_all += len(erased)
    assert erased_in_all > 0


def test_a_file_that_shrinks_keeps_what_was_answered(
    recording: Recording, serve: Callable[..., RunningService], tmp_path: Path, bearer: Bearer
) -> None:
    store = recording.root / "data" / FILE_NAME
    recording.root.mkdir()
    settings = {"data_dir": str(store.parent), "detection": DETECTION}
    before = RunningService(tmp_path, settings, bearer=bearer).start()
    score(before, 0, ROWS)
    assert before.stop() == 0
    recording.begin()
    size = store.stat().st_size
    service = serve(
        sys.executable, "-c", SHRINKING, privacy={"scored_retention": "1s", "alert_retention": "1s"}
    )
    number, deadline = 0, time.monotonic() + PATIENCE_S
    while ids(store, "scored") or store.stat().st_size > 0.7 * size:
        assert time.monotonic() < deadline, (len(ids(store, "scored")), size, store.stat().st_size)
        body = {"utterance_id": f"new-{number}", "hypothesis": "no fever"}
        assert service.post("/v1/utterances", body).status_code == 202
        number += 1
        time.sleep(0.05)
    service.kill()
    has_shrunk = 0
    for loss in recording.losses(INSTANTS, SEED):
        config = config_of(loss)
        go_on(loss, config)
        found = ids(config.data_dir / FILE_NAME)
        assert len(set(found)) == len(found), loss.at
        assert acknowledged(loss) <= set(found), loss.at
        has_shrunk += (config.data_dir / FILE_NAME).stat().st_size < size
    assert has_shrunk > 0
