"""Kills a service over and over under load, and holds it to what it answered."""

from __future__ import annotations

import json
import random
import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from on_call import OnCall, on_call

from chaos.ledger import Ledger
from chaos.lives import End, Lives
from chaos.load import Load
from chaos.replay import found, told, uninterrupted
from chaos.stream import DETECTION
from service.api.translate import Translator
from service.config import Config
from service.privacy import Hasher, load_key
from service.store.store import FILE_NAME
from service.telemetry.counts import Counts

SECRET = "whsec_MDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDA="
ANY, STARTING, STOPPING = "any", "starting", "stopping"
INSTANTS = (ANY, ANY, STARTING, STOPPING, "catching up", "snapshot", "transaction", "notice")
STARTING_S, STOPPING_S, LIVING_S, AIMED_S = 0.4, 0.4, 1.0, 3.0
"""How long a life lasts at most, by how it is to end."""
ENOUGH, A_FEW = 3_600, 500
"""Utterances in which a cohort gets worse and recovers, and what all lanes together are done with soon."""
PATIENCE_S = 300.0
ANSWERS, ANSWERS_BY_CHANCE = (204, 204, 500, 503), 20
"""So many of the first attempts to deliver meet one of these, the others 204."""
REBASELINES = 0.1
"""Share of lives in which somebody declares a new normal."""


@dataclass(slots=True)
class Summary:
    """What a run has met; `str` is a table."""

    kills: Counter[str] = field(default_factory=Counter)
    figures: dict[str, int] = field(default_factory=dict)

    def __str__(self) -> str:
        lines = [f"{self.kills.total():>9,}  kills, of these"]
        lines += [f"{count:>9,}    at: {instant}" for instant, count in sorted(self.kills.items())]
        lines += [f"{figure:>9,}  {name}" for name, figure in self.figures.items()]
        return "\n".join(lines)


def survive(folder: Path, kills: int, seed: int, say: Callable[[str], None]) -> Summary:
    """Kill a service so many times; raise AssertionError where it did not keep what it promised."""
    chance = random.Random(f"{seed} kills")
    summary = Summary()
    answers = chance.choices(ANSWERS, k=ANSWERS_BY_CHANCE)
    with on_call(*answers) as server:
        key = folder / "key"
        settings = {
            "detection": DETECTION,
            # How long one alert speaks for others goes by the wall clock.
            "alerts": {"group_interval": "0s"},
            "privacy": {"key_file": str(key)},
            "receivers": [{"name": "oncall", "kind": "webhook", "url": server.url, "secret": SECRET}],
        }
        hasher = Hasher(load_key(key, may_create=True))
        config = Config.model_validate(settings)
        ledger = Ledger(Translator(config, hasher, Counts()))
        load = Load(seed, ledger)
        with closing(Lives(folder, settings)) as lives:
            for number in range(kills):
                instant = chance.choice(INSTANTS)
                summary.kills[_live_and_die(lives, load, ledger, instant, chance)] += 1
                say(f"{number + 1} kills, {load.index} utterances begun, {len(server.seen)} notices")
            _live_to_the_end(lives, load, ledger)
        with _reading(lives) as db:
            ledger.check(db)
            ending, expected = found(db), uninterrupted(db, config, folder / "uninterrupted")
    assert ending == expected
    delivered = _delivered(server)
    assert told(delivered) == expected.notices
    assert "lost" not in lives.log
    states = Counter(state for _, _, _, state, _ in ending.alerts)
    assert states["resolved"] > 0
    summary.figures = {
        "requests answered": load.answered.total(),
        "requests answered, of many lines": load.answered["bulk"],
        "requests not answered, sent again": load.unanswered,
        "requests put off by a service that stops": load.put_off,
        "rows of what was not answered, kept all the same": ledger.kept_unanswered,
        "utterances and references acknowledged": ledger.acknowledged,
        "scored rows, as in an uninterrupted run": ending.seq,
        "new normals declared": ending.intervention,
        "alerts": len(ending.alerts),
        "alerts, resolved": states["resolved"],
        "notices": len(delivered),
        "attempts to deliver them": len(server.seen),
    }
    return summary


def _live_and_die(lives: Lives, load: Load, ledger: Ledger, instant: str, chance: random.Random) -> str:
    """Return the instant at which it died, which is any if it did not get to its own."""
    entry = round(2 ** chance.uniform(0, 2 if instant == "notice" else 6))
    end = End(instant, entry, chance.uniform(0.0, 0.01))
    living_s = chance.uniform(0.02, LIVING_S) if instant in (ANY, STOPPING) else AIMED_S
    starting_s, stopping_s = chance.uniform(0.0, STARTING_S), chance.uniform(0.0, STOPPING_S)
    declares = chance.random() < REBASELINES
    lives.begin(end)
    if instant == STARTING:
        time.sleep(starting_s)
    elif lives.is_ready():
        with _reading(lives) as db:
            ledger.check(db)
        load.go_on(lives.api)
        if declares:
            _declare(lives, ledger)
        deadline = time.monotonic() + living_s
        while time.monotonic() < deadline and not lives.is_dead:
            time.sleep(0.002)
    met = instant if instant in (STARTING, STOPPING) or lives.is_dead else ANY
    if instant == STOPPING:
        lives.ask_to_stop()
        time.sleep(stopping_s)
    lives.kill()
    load.pause()
    return met


def _live_to_the_end(lives: Lives, load: Load, ledger: Ledger) -> None:
    lives.begin(End())
    assert lives.is_ready()
    load.go_on(lives.api)
    # By then what the last kill broke off was sent again.
    enough = max(ENOUGH, load.index + A_FEW)
    _wait(lambda: load.index >= enough)
    load.pause()
    _wait(lambda: _value(lives, "werwatch_monitor_rows_behind") == 0)
    _wait(lambda: _value(lives, 'werwatch_outbox_notices{receiver="oncall",state="pending"}') == 0)
    lives.stop()


def _declare(lives: Lives, ledger: Ledger) -> None:
    body = {"cohort": None, "author": "chaos", "note": "a new normal"}
    # Without an answer it may have taken effect or not.
    with suppress(httpx.TransportError):
        ledger.declared += httpx.post(f"{lives.api}/v1/rebaselines", json=body, timeout=PATIENCE_S).is_success


@contextmanager
def _reading(lives: Lives) -> Iterator[sqlite3.Connection]:
    uri = f"{(lives.data_dir / FILE_NAME).resolve().as_uri()}?mode=ro"
    with closing(sqlite3.connect(uri, uri=True)) as db:
        db.execute("BEGIN")
        yield db


def _delivered(server: OnCall) -> dict[str, Any]:
    """What was told, by the id that it was told under; the same however often."""
    texts: dict[str, bytes] = {}
    for _, headers, text in server.seen:
        key = {name.lower(): value for name, value in headers.items()}["webhook-id"]
        assert texts.setdefault(key, text) == text
    bodies = {f"{key}-oncall": json.loads(text) for key, text in texts.items()}
    events = {json.dumps(body, sort_keys=True) for body in bodies.values()}
    assert len(events) == len(bodies), "one event was told under two ids"
    return bodies


def _value(lives: Lives, series: str) -> float:
    scrape = httpx.get(f"{lives.metrics}/metrics", timeout=PATIENCE_S).raise_for_status().text
    [line] = [line for line in scrape.splitlines() if line.startswith(f"{series} ")]
    return float(line.split()[-1])


def _wait(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.05)
