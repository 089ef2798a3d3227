"""The hashing key: a store knows its own, and a change of it is whole or did not happen."""

import asyncio
import contextlib
import itertools
import json
import os
import random
import re
import shutil
import signal
import sqlite3
import sys
import time
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from commands import call
from conftest import RunningService, eventually

from service.api.translate import Translator
from service.api.wire import ReferenceIn, UtteranceIn, parse
from service.config import Config
from service.errors import Refused, StartError
from service.pipeline import Pipeline
from service.privacy import Hasher
from service.store.store import FILE_NAME
from service.upkeep.key_rotation import KEY_FILE, NEXT_KEY_FILE, rotate

TEXT = "no fever since monday"
SPOKEN = {"speaker_id": "s-1", "session_id": "x", "attributes": {"accent": "a"}}
AT = "2026-03-02T08:00:00Z"


def utterance(name: str) -> dict[str, Any]:
    return {"utterance_id": name, "hypothesis": TEXT, "spoken_at": AT, **SPOKEN}


def reference(name: str) -> dict[str, Any]:
    return {"utterance_id": name, "reference": TEXT + " morning", "selection": "random", "probability": 0.5}


SENT = [utterance("scored"), reference("scored"), utterance("unreferenced"), reference("early")]
"""One scored utterance, one that waits for its reference, one reference that waits."""
AGAIN = [utterance("scored"), reference("scored"), reference("unreferenced"), utterance("early")]
JOINED = ["duplicate", "duplicate", "scored", "scored"]
"""What becomes of the second under the first one's key,"""
UNJOINED = ["409", "409", "waiting", "accepted"]
"""and what under another key."""


def send(config: Config, bodies: list[dict[str, Any]]) -> list[str]:
    """Start, send, stop; the outcome or status of each."""
    pipeline = Pipeline(config)
    pipeline.start()
    translator = Translator(config, pipeline.hasher, pipeline.counts)
    records = [
        translator.utterance(parse(UtteranceIn, json.dumps(body).encode()), time.time())
        if "hypothesis" in body
        else translator.reference(parse(ReferenceIn, json.dumps(body).encode()), time.time())
        for body in bodies
    ]
    try:
        receipts = asyncio.run(pipeline.accept(records))
    finally:
        pipeline.close()
    return [str(each.status) if isinstance(each, Refused) else each.outcome.value for each in receipts]


def kept(data_dir: Path) -> bytes:
    return b"".join(path.read_bytes() for path in data_dir.iterdir() if path.name != KEY_FILE)


def write_key(path: Path, byte: int) -> Path:
    path.write_bytes(bytes([byte]) * 32)
    path.chmod(0o600)
    return path


def change(config: Config, to: Path | None = None) -> None:
    assert rotate(config, to, "ann", lambda _: True) is not None


@pytest.fixture
def config(tmp_path: Path) -> Config:
    """Of a store with something to lose."""
    config = Config(data_dir=tmp_path / "data")
    assert send(config, SENT) == ["accepted", "scored", "accepted", "waiting"]
    return config


def test_scored_rows_stay_and_what_cannot_be_joined_is_said_and_gone(
    make_service: Callable[..., RunningService],
) -> None:
    service = make_service()
    for body in SENT:
        route = "utterances" if "hypothesis" in body else "references"
        assert service.post(f"/v1/{route}", body).is_success
    assert eventually(lambda: scored(service) == (1, 1))
    command = ["rotate-key", "--author", "ann", "--config", str(service.folder / "werwatch.yaml")]
    done = call(*command)
    assert (done.returncode, "is in use by another werwatch" in done.stderr) == (2, True)
    service.stop()
    for answer in ("n", "y"):
        done = call(*command, given=answer)
        before, _, after = done.stdout.partition("the hashing key was changed (audit row 1):")
        assert counts(before) == ["1", "1", "1", "1"]
    assert (done.returncode, counts(after)) == (0, counts(before))

    service.start()
    assert scored(service) == (1, 1)
    [row] = service.get("/v1/interventions")["interventions"]
    assert (row["action"], row["author"], row["cohort"]) == ("rotate_key", "ann", None)
    refused = service.post("/v1/references", reference("scored"))
    assert "before the hashing key was changed" in refused.json()["detail"]
    for name in ("unreferenced", "early"):
        service.post("/v1/utterances", utterance(name))
        service.post("/v1/references", reference(name))
    assert eventually(lambda: scored(service) == (3, 3))


def scored(service: RunningService) -> tuple[int, int]:
    [cohort] = service.get("/v1/cohorts")["cohorts"] or [{"scored_utterances": 0, "deletions": 0}]
    return cohort["scored_utterances"], cohort["deletions"]


def counts(told: str) -> list[str]:
    return re.findall(r"^  (\d+)", told, re.MULTILINE)


def test_without_a_change_everything_is_recognised(config: Config) -> None:
    assert rotate(config, None, "ann", lambda _: False) is None
    assert send(config, AGAIN) == JOINED


def test_after_a_change_nothing_is_compared_across_it(config: Config) -> None:
    change(config)
    assert send(config, AGAIN) == UNJOINED


def test_of_what_is_deleted_nothing_is_left(config: Config) -> None:
    word = Hasher((config.data_dir / KEY_FILE).read_bytes()).tokens(["fever"]).tobytes()
    with contextlib.closing(sqlite3.connect(config.data_dir / FILE_NAME)) as db:
        [(digest,)] = db.execute("SELECT reference_content FROM scored")
    for value in (word, digest):
        assert value in kept(config.data_dir)
    change(config)
    for value in (word, digest):
        assert value not in kept(config.data_dir)


def test_a_folder_without_a_store_is_left_alone(tmp_path: Path) -> None:
    config = Config(data_dir=tmp_path / "none")
    with pytest.raises(StartError, match="holds no store"):
        change(config)
    assert not config.data_dir.exists()


def test_a_key_of_ones_own_is_changed_for_one_that_is_named(tmp_path: Path) -> None:
    first, second = write_key(tmp_path / "first", 1), write_key(tmp_path / "second", 2)
    config = Config.model_validate({"data_dir": tmp_path / "data", "privacy": {"key_file": first}})
    later = Config.model_validate({"data_dir": tmp_path / "data", "privacy": {"key_file": second}})
    send(config, SENT)
    for to, message in (
        (None, "--to: expected exactly where privacy.key_file is set"),
        (first, "holds the key that the store has already"),
        (tmp_path / "none", "No such file"),
    ):
        with pytest.raises(StartError, match=message):
            change(config, to)
    with pytest.raises(StartError, match=r"let privacy\.key_file name the right one.* rotate-key --to"):
        send(later, AGAIN)
    change(config, second)
    with pytest.raises(StartError, match="written with another hashing key"):
        send(config, AGAIN)
    assert send(later, AGAIN) == UNJOINED


def test_a_key_beside_the_store_is_made_and_not_named(config: Config, tmp_path: Path) -> None:
    with pytest.raises(StartError, match="--to: expected exactly where"):
        change(config, write_key(tmp_path / "key", 1))


def test_a_store_is_not_opened_with_another_key_and_says_what_to_do(config: Config) -> None:
    key = config.data_dir / KEY_FILE
    right = key.read_bytes()
    write_key(key, 7)
    for message in ("was written with another hashing key", "the hashing key is missing"):
        with pytest.raises(StartError, match=message + "; put the right one back, or.*: werwatch rotate-key"):
            send(config, AGAIN)
        key.unlink(missing_ok=True)
    write_key(key, 0).write_bytes(right)
    assert send(config, AGAIN) == JOINED


def test_a_lost_key_is_replaced(config: Config) -> None:
    (config.data_dir / KEY_FILE).unlink()
    change(config)
    assert send(config, AGAIN) == UNJOINED


def test_a_store_of_a_version_that_did_not_know_its_key_takes_the_one_that_it_finds(config: Config) -> None:
    forget_check(config)
    assert send(config, AGAIN) == JOINED
    write_key(config.data_dir / KEY_FILE, 7)
    with pytest.raises(StartError, match="another hashing key"):
        send(config, AGAIN)


def test_such_a_store_makes_no_new_key_in_the_place_of_a_lost_one(config: Config) -> None:
    forget_check(config)
    (config.data_dir / KEY_FILE).unlink()
    with pytest.raises(StartError, match="the hashing key is missing"):
        send(config, AGAIN)


def forget_check(config: Config) -> None:
    with contextlib.closing(sqlite3.connect(config.data_dir / FILE_NAME)) as db, db:
        db.execute("DELETE FROM hashing_key")


STEPS = {"open_key", "rotate", "_rotate", "_settle", "create_key"}


def is_killed(at: int, work: Callable[[], object]) -> bool:
    """Work in a child that is killed before its given line about keys; False if it comes to its end."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        seen = 0

        def trace(frame: FrameType, event: str, _: Any) -> Any:
            nonlocal seen
            if frame.f_code.co_name not in STEPS:
                return None
            seen += event == "line"
            if seen == at:
                os.kill(os.getpid(), signal.SIGKILL)
            return trace

        sys.settrace(trace)
        try:
            work()
        finally:
            os._exit(0)
    return os.waitpid(child, 0)[1] == signal.SIGKILL


def test_a_change_that_is_killed_at_any_line_is_whole_or_did_not_happen(
    config: Config, tmp_path: Path
) -> None:
    states: list[list[str]] = []
    for line in itertools.count(1):
        copy = Config(data_dir=tmp_path / f"killed-at-{line}")
        shutil.copytree(config.data_dir, copy.data_dir)
        if not is_killed(line, partial(change, copy)):
            break
        if states[-1:] == [UNJOINED] and (copy.data_dir / NEXT_KEY_FILE).exists():
            # The next start has to complete the change, and may be killed as well.
            starts = (is_killed(later, partial(Pipeline, copy)) for later in itertools.count(1))
            assert sum(itertools.takewhile(bool, starts)) > 5
        states.append(send(copy, AGAIN))
        assert not (copy.data_dir / NEXT_KEY_FILE).exists()
    changed_at = states.index(UNJOINED)
    assert states == [JOINED] * changed_at + [UNJOINED] * (len(states) - changed_at)
    assert 20 < changed_at < len(states) - 5


def test_a_change_after_a_broken_one_begins_from_what_the_store_says(config: Config, tmp_path: Path) -> None:
    for line in itertools.count(1):
        copy = Config(data_dir=tmp_path / f"killed-at-{line}")
        shutil.copytree(config.data_dir, copy.data_dir)
        if not is_killed(line, partial(change, copy)):
            break
        if (copy.data_dir / NEXT_KEY_FILE).exists():
            change(copy)
            assert send(copy, AGAIN) == UNJOINED


def damage_page(content: bytearray, chance: random.Random) -> None:
    page = chance.randrange(1, len(content) // 4_096)
    content[page * 4_096 : (page + 1) * 4_096] = chance.randbytes(4_096)


def damage_bytes(content: bytearray, chance: random.Random) -> None:
    for _ in range(20):
        content[chance.randrange(100, len(content))] ^= 0x55


def damage_schema(content: bytearray, chance: random.Random) -> None:
    # The name of what a trigger is on, in bytes that are no text.
    at = content.index(b"CREATE TRIGGER")
    content[at : at + 14] = b"\xfc" * 14


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("damage", [damage_page, damage_bytes, damage_schema])
def test_a_damaged_store_is_refused_and_left_as_it_was_with_its_key(
    damage: Callable[[bytearray, random.Random], None], seed: int, config: Config
) -> None:
    store = config.data_dir / FILE_NAME
    content, key = bytearray(store.read_bytes()), (config.data_dir / KEY_FILE).read_bytes()
    damage(content, random.Random(seed))
    store.write_bytes(content)
    before = rows_of(store)
    with contextlib.suppress(StartError):
        change(config)
        # It was not what matters that was hit.
        return
    assert store.read_bytes() == content
    assert rows_of(store) == before
    assert (config.data_dir / KEY_FILE).read_bytes() == key
    assert not (config.data_dir / NEXT_KEY_FILE).exists()


def rows_of(store: Path) -> list[Any] | str:
    try:
        with contextlib.closing(sqlite3.connect(store)) as db:
            return db.execute("SELECT * FROM utterances").fetchall()
    except (sqlite3.Error, UnicodeDecodeError) as error:
        return type(error).__name__
