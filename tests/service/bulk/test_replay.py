"""A replay raises what a live run over the same rows raised, wherever the rows come from."""

import json
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from bearer import Bearer
from chaos.stream import DETECTION, said
from commands import call
from conftest import RunningService, catches_up
from recorded import recorded_file

from service.bulk.mapping import Mapping
from service.bulk.past import history_in
from service.bulk.replaying import as_json, replay
from service.errors import StartError
from service.settings.config_file import load_config
from service.store.store import FILE_NAME
from service.upkeep.backup import back_up

UTTERANCES = 4_000


def command(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return call("replay", *arguments)


def unexpected(number: int, reason: str) -> None:
    pytest.fail(f"line {number}: {reason}")


def found(source: Path, config: Path, *more: str) -> Any:
    done = command(source, "--json", "--config", config, *more)
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("history") / "history.ndjson"
    lines = []
    for index in range(UTTERANCES):
        told = said(index, 1)
        lines += [json.dumps(told.utterance()), json.dumps(told.correction())]
    path.write_text("\n".join(lines))
    return path


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory, bearer: Bearer, history: Path) -> RunningService:
    """A service that took the same lines, and was stopped."""
    service = RunningService(
        tmp_path_factory.mktemp("service"), {"detection": DETECTION}, bearer=bearer
    ).start()
    lines = history.read_text().split("\n")
    for begin in range(0, len(lines), 1_000):
        for route, kind in (("/v1/utterances", 0), ("/v1/references", 1)):
            body = "\n".join(lines[begin + kind : begin + 1_000 : 2]).encode()
            assert service.post(route, body, **{"content-type": "application/x-ndjson"}).is_success
    assert catches_up(service)
    assert service.get("/v1/alerts")["alerts"]
    assert service.stop() == 0
    return service


def ask(service: RunningService, query: str) -> list[Any]:
    with closing(sqlite3.connect(service.data_dir / FILE_NAME)) as db:
        return db.execute(query).fetchall()


def test_a_file_a_folder_and_a_backup_tell_what_the_live_run_told(
    live: RunningService, history: Path, tmp_path: Path
) -> None:
    config = live.folder / "werwatch.yaml"
    backup = tmp_path / "backup.db"
    back_up(load_config(config, {}), backup)
    replayed = found(live.data_dir, config)
    assert found(backup, config) == replayed
    assert found(history, config) == replayed
    assert replayed["scored_utterances"] == UTTERANCES
    fired = {row["alert_id"]: row for row in replayed["events"] if row["state"] != "resolved"}
    ended = {row["alert_id"] for row in replayed["events"] if row["state"] == "resolved"}
    alerts = {row[0]: row for row in ask(live, "SELECT alert_id, state, facts FROM alerts")}
    assert fired.keys() == alerts.keys()
    assert {identity for identity, state, _ in alerts.values() if state == "resolved"} == ended
    for identity, _, facts in alerts.values():
        told = json.loads(facts)
        for name in ("signal", "cohort", "since", "detected_at", "before"):
            assert fired[identity][name] == told[name]
    assert len(fired) >= 3


def test_its_monitor_ends_in_the_state_of_the_live_one_bit_for_bit(live: RunningService) -> None:
    config = load_config(live.folder / "werwatch.yaml", {})
    with history_in(live.data_dir, Mapping(), config, lambda _: None, unexpected) as history:
        replayed = replay(history, config.monitor_settings(), lambda _: None)
    [(state,)] = ask(live, "SELECT state FROM snapshot")
    assert json.loads(json.dumps(replayed.monitor.to_state())) == json.loads(state)


def test_what_people_told_the_monitor_counts(live: RunningService, tmp_path: Path) -> None:
    shutil.copytree(live.data_dir, tmp_path / "data")
    with closing(sqlite3.connect(tmp_path / "data" / FILE_NAME)) as db, db:
        db.execute(
            "INSERT INTO interventions (after_seq, action, cohort, author, note, taken_at) "
            "VALUES (2000, 'rebaseline', NULL, 'ann', 'new engine', 0)"
        )
    config = load_config(live.folder / "werwatch.yaml", {})
    settings = config.monitor_settings()
    told = []
    for folder in (live.data_dir, tmp_path / "data"):
        with history_in(folder, Mapping(), config, lambda _: None, unexpected) as history:
            told.append(as_json(replay(history, settings, lambda _: None), settings)["events"])
    assert told[0] != told[1]
    before = [event for event in told[0] if event["detected_at"] < said(1_990, 1).spoken_at.isoformat()]
    assert before
    assert told[1][: len(before)] == before


def test_other_settings_show_what_they_would_have_meant(
    live: RunningService, history: Path, tmp_path: Path
) -> None:
    strict = tmp_path / "strict.yaml"
    strict.write_text("detection: {false_alarms_per_month: 0.01, smallest_change_points: 20}")
    with_default = found(live.data_dir, live.folder / "werwatch.yaml")
    assert len(found(live.data_dir, strict)["events"]) < len(with_default["events"])
    done = command(history, "--config", live.folder / "werwatch.yaml")
    assert done.returncode == 0
    *events, last = [line for line in done.stdout.splitlines() if ": learning, " not in line]
    assert len(events) == len(with_default["events"])
    assert events[0].startswith(f"{with_default['events'][0]['detected_at']}  ")
    assert last.endswith("in 4,000 scored utterances, at 1000 false alarms a month and changes from 5 points")


def test_nothing_is_left_and_nothing_changed(
    live: RunningService, history: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    before = {path: path.read_bytes() for path in live.data_dir.iterdir()}
    for source in (live.data_dir, history):
        assert command(source).returncode == 0
    assert list(tmp_path.iterdir()) == []
    assert {path: path.read_bytes() for path in live.data_dir.iterdir()} == before


def test_lines_that_are_not_taken_are_named_and_the_others_replayed(tmp_path: Path) -> None:
    path = tmp_path / "history.ndjson"
    lines = [json.dumps(said(0, 1).both()), "{}", json.dumps({**said(1, 1).both(), "confidence": 7})]
    path.write_text("\n".join(lines))
    done = command(path)
    assert [line.split(": ")[0] for line in done.stderr.splitlines()] == [f"{path}:2", f"{path}:3"]
    assert "0 alerts, 0 of them pages, in 1 scored utterances" in done.stdout
    assert done.returncode == 1


def test_references_that_lead_to_nothing_are_counted_with_the_reason(tmp_path: Path) -> None:
    path = tmp_path / "history.ndjson"
    drawn = {"selection": "random", "probability": 1.0}
    spoken = [{**said(index, 1).utterance(), "recording_id": "visit"} for index in range(2)]
    references = [
        {"utterance_id": "nobody", "reference": "x", **drawn},
        {"recording_id": "visit", "reference": "x y", "utterances": 3, **drawn},
        {"recording_id": "another", "reference": "x y", **drawn},
        {"recording_id": "visit", "reference": "nothing like it was said", "passage": True, **drawn},
    ]
    path.write_text("\n".join(map(json.dumps, [*spoken, *references])))
    told = [line.removeprefix(f"{path}: not used: ") for line in command(path).stderr.splitlines()]
    assert told[:2] == [
        "1 reference, whose utterance is not there",
        "2 references by recording: its utterances are not there, or not all of them",
    ]
    assert [line[:26] for line in told[2:]] == ["1 reference by recording: "]


def test_a_reference_for_a_recording_is_scored_once_all_of_the_history_is_there(tmp_path: Path) -> None:
    path = tmp_path / "history.ndjson"
    spoken = [said(index, 1) for index in range(5)]
    lines = [{**one.utterance(), "recording_id": "visit"} for one in spoken]
    text = " ".join(one.reference for one in spoken)
    reference = {"recording_id": "visit", "reference": text, "selection": "random", "probability": 1.0}
    path.write_text("\n".join(map(json.dumps, [lines[0], reference, *lines[1:]])))
    done = command(path)
    assert (done.stderr, done.returncode) == ("", 0)
    assert "0 alerts, 0 of them pages, in 5 scored utterances" in done.stdout


def test_a_history_without_random_references_says_so(tmp_path: Path) -> None:
    path = tmp_path / "history.ndjson"
    line = {**said(0, 1).both(), "selection": "volunteered"}
    path.write_text(json.dumps({name: value for name, value in line.items() if name != "probability"}))
    assert "nothing in it feeds detection; see detection.selections" in command(path).stdout


@pytest.mark.parametrize("content", [None, b"SQLite format 3\0" + bytes(100)])
def test_what_is_no_history_is_named(content: bytes | None, tmp_path: Path) -> None:
    source = tmp_path / "source"
    if content is None:
        source.mkdir()
    else:
        source.write_bytes(content)
    with (
        pytest.raises(StartError, match="source"),
        history_in(source, Mapping(), load_config(None, {}), lambda _: None, unexpected),
    ):
        pass


@pytest.mark.slow
def test_a_stream_of_a_real_engine_names_what_it_would_have_raised(tmp_path: Path) -> None:
    stream = tmp_path / "edacc.ndjson.gz"
    make = recorded_file("edacc").parent / "make_replay.py"
    told = ["edacc-global-swap", "--seed", "0", "--repeat", "16", "--out", str(stream)]
    subprocess.run([sys.executable, "-B", str(make), *told], check=True, timeout=1_800)
    truth = json.loads(Path(f"{stream}.truth.json").read_text())
    config = tmp_path / "werwatch.yaml"
    config.write_text("detection: {false_alarms_per_month: 30}")
    begin = datetime(2026, 1, 5, 8, tzinfo=UTC)
    options = [
        "--begin",
        begin.isoformat(),
        "--gap",
        "60",
        "--set",
        "selection=random",
        "--set",
        "probability=1",
    ]
    for each in ("attributes.accent=cohort", "speaker_id=speaker", "session_id=recording"):
        options += ["--map", each]
    replayed = found(stream, config, *options)
    assert replayed["scored_utterances"] == truth["n"]
    change = (begin + timedelta(minutes=truth["change_index"])).isoformat()
    everybody = [event for event in replayed["events"] if event["signal"] == "global"]
    assert [event["state"] for event in everybody] == ["firing"]
    assert everybody[0]["detected_at"] > change
    assert everybody[0]["title"].startswith("all cohorts: WER 14.")
