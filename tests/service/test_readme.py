"""What the README says is so."""

import gzip
import json
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from contextlib import chdir
from pathlib import Path

import pytest
from chaos.stream import said
from commands import call
from conftest import PATIENCE_S, RunningService
from engine_payloads import load

from detectors.choices import DECIDERS, OWN
from detectors.text import describe
from service.api.files import FORMATS
from service.providers import SOURCES
from service.settings.config_file import load_config
from service.store.store import FILE_NAME

ROOT = Path(__file__).parents[2]
README = "\n".join((ROOT / name).read_text() for name in ("README.md", "service/README.md"))


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def test_its_example_works_as_it_stands(make_service: Callable[..., RunningService]) -> None:
    service = make_service()
    [example] = [block for block in blocks("sh") if "post()" in block]
    example = example.replace("http://127.0.0.1:8600", service.api).replace(
        "http://127.0.0.1:9600", service.metrics
    )
    for shell in ("bash", "sh"):
        done = subprocess.run([shell, "-e", "-c", example], capture_output=True, text=True, check=True)
        first, second, cohorts, alerts, *metrics = done.stdout.splitlines()
        assert '"status":"accepted"' in first or '"status":"duplicate"' in first
        assert '"deletions":1' in second
        assert "en-GB-scotland" in cohorts
        assert alerts == '{"alerts":[],"next":null}'
        assert any(line.endswith(" 0.2") for line in metrics)


def test_a_recording_is_corrected_as_it_stands(make_service: Callable[..., RunningService]) -> None:
    service = make_service()
    [definition] = re.findall(r"^post\(\) .*$", README, re.MULTILINE)
    [example] = [block for block in blocks("sh") if "visit-4" in block and "post " in block]
    example = f"{definition}\n{example}".replace("http://127.0.0.1:8600", service.api)
    done = subprocess.run(["bash", "-e", "-c", example], capture_output=True, text=True, check=True)
    *_, answer, told = done.stdout.splitlines()
    scored = json.loads(answer)
    assert (scored["utterances"], scored["substitutions"], scored["deletions"]) == (2, 0, 3)
    assert json.loads(told)["references"][0]["status"] == "scored"


def test_the_client_sends_as_it_stands(make_service: Callable[..., RunningService]) -> None:
    service = make_service()
    [example] = blocks("python")
    code = example.replace("http://127.0.0.1:8600", service.api)
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, timeout=PATIENCE_S, check=True)
    told = service.post("/v1/references", {"utterance_id": "u-2", "verdict": "correct"}).json()
    assert (told["status"], told["cohort"]) == ("scored", "en-GB-scotland")


def test_histories_come_in_as_it_stands(
    make_service: Callable[..., RunningService], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    service = make_service()
    for year in ("2025", "2026"):
        lines = [said(index, int(year)).both() | {"utterance_id": f"{year}-{index}"} for index in range(10)]
        content = "\n".join(map(json.dumps, lines)).encode()
        (tmp_path / f"{year}.ndjson.gz").write_bytes(gzip.compress(content))
    row = {"utterance_id": "c", "engine": "whisper", "reference": "a b", "hypothesis": "a", "accent": "en-IE"}
    (tmp_path / "corpus.ndjson").write_text(json.dumps(row) + "\n" + json.dumps({**row, "engine": "other"}))
    [example] = [block for block in blocks("sh") if "werwatch import" in block]
    for line in example.replace("\\\n", " ").strip().splitlines():
        run(tmp_path, shlex.split(line), "--api", service.api)
    cohorts = {each["cohort"]: each["scored_utterances"] for each in service.get("/v1/cohorts")["cohorts"]}
    assert (cohorts["en-IE"], sum(cohorts.values())) == (1, 21)
    shutil.copytree(service.data_dir, tmp_path / "werwatch-data")
    (tmp_path / "werwatch.yaml").write_text("{}")
    [example] = [block for block in blocks("sh") if "werwatch replay" in block]
    told = [run(tmp_path, shlex.split(line)) for line in example.strip().splitlines()]
    assert ["in 10 scored" in told[0], "in 21 scored" in told[1]] == [True, True]
    [example] = [block for block in blocks("sh") if "werwatch backtest" in block]
    run(tmp_path, shlex.split(example))
    assert (tmp_path / "backtest.html").read_text().startswith("<!doctype html>")


def test_payloads_of_engines_can_be_sent_as_it_stands(make_service: Callable[..., RunningService]) -> None:
    service = make_service()
    files = {
        "call": "deepgram/call_on_two_channels",
        "note": "openai/verbose_json",
        "event": "amazon_transcribe/stream",
        "result": "vosk/final",
        "cloudevent": "cloudevents/structured",
    }
    for name, payload in files.items():
        (service.folder / f"{name}.json").write_text(json.dumps(load(payload)))
    [example] = [block for block in blocks("sh") if "engine()" in block]
    example = example.replace("http://127.0.0.1:8600", service.api)
    done = subprocess.run(
        ["sh", "-e", "-c", example], cwd=service.folder, capture_output=True, text=True, check=True
    )
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert [answer["accepted"] for answer in answers] == [3, 1, 1, 1, 1]
    cohorts = ["en-GB-scotland", "en-IN", "en-IE", "unknown", "en-NG"]
    assert [answer["kept"][0]["cohort"] for answer in answers] == cohorts


def test_references_are_sent_as_it_stands(make_service: Callable[..., RunningService]) -> None:
    service = make_service()
    (service.folder / "corrected.trn").write_text("no fever (note-1)\n")
    (service.folder / "corrected.stm").write_text("visit-9 1 ann 0 2 no fever since monday\n")
    (service.folder / "visit-4.vtt").write_text("WEBVTT\n\n00:00.000 --> 00:02.000\nno fever\n")
    annotation = Path(__file__).parent / "formats" / "label_studio" / "whole_task.json"
    (service.folder / "annotation.json").write_text(annotation.read_text())
    [example] = [block for block in blocks("sh") if "references()" in block]
    example = example.replace("http://127.0.0.1:8600", service.api)
    done = subprocess.run(
        ["sh", "-e", "-c", example], cwd=service.folder, capture_output=True, text=True, check=True
    )
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert [answer.get("waiting") for answer in answers] == [1, 1, 1, 1], answers
    assert [name for name in FORMATS if f"| `{name}` |" not in README] == []


def test_it_lists_every_provider() -> None:
    assert [name for name in SOURCES if f"| `{name}` |" not in README] == []


def test_what_is_said_on_purpose_can_be_said_as_it_stands(
    make_service: Callable[..., RunningService],
) -> None:
    service = make_service()
    service.post(
        "/v1/utterances", {"utterance_id": "u", "hypothesis": "", "attributes": {"accent": "en-GB-scotland"}}
    )
    [example] = [block for block in blocks("sh") if "rebaseline" in block]
    lines = example.strip().splitlines()
    said = [run(service.folder, shlex.split(line), "--api", service.api) for line in lines]
    assert ["audit row 1" in said[0], "audit row 2" in said[1]] == [True, True]


def test_a_store_is_backed_up_verified_and_restored_as_it_stands(
    make_service: Callable[..., RunningService],
) -> None:
    service = make_service()
    service.post("/v1/utterances", {"utterance_id": "u", "hypothesis": "no fever"})
    [example] = [block for block in blocks("sh") if "backup" in block]
    saved, verified, restored = (shlex.split(line, comments=True) for line in example.strip().splitlines())
    for command in (saved, verified):
        run(service.folder, command, "--config", "werwatch.yaml")
    assert service.stop() == 0
    (service.data_dir / FILE_NAME).unlink()
    run(service.folder, restored, "--config", "werwatch.yaml")
    service.start()
    answer = service.post("/v1/utterances", {"utterance_id": "u", "hypothesis": "no fever"})
    assert answer.json()["status"] == "duplicate"


def test_files_are_scored_as_it_stands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    [example] = [block for block in blocks("sh") if "werwatch score" in block]
    spoken = "give two hundred milligrams of ibuprofen daily"
    (tmp_path / "reference.trn").write_text(f"{spoken} (utt-7)\n")
    (tmp_path / "hypothesis.trn").write_text("Give 200 mg before ibuprofen. (utt-7)\n")
    (tmp_path / "reference.stm").write_text(f"ward7 1 ann 0 9 <welsh> {spoken}\n")
    (tmp_path / "hypothesis.ctm").write_text("ward7 1 1 1 give\n")
    row = {"utterance_id": "a", "accent": "welsh", "engine": "x", "reference": spoken, "hypothesis": "give"}
    (tmp_path / "scored.ndjson.gz").write_bytes(gzip.compress(json.dumps(row).encode()))
    monkeypatch.setenv("COLUMNS", "80")
    shown = [run(tmp_path, shlex.split(line)) for line in example.splitlines()]
    alignment = shown[0].partition("\n\n")[0]
    assert f"```text\n{alignment}\n```" in README
    assert "  welsh" in shown[1]
    assert json.loads(shown[2])["groups"]["engine"]["x"]["deletions"] == 5


def run(folder: Path, words: list[str], *more: str) -> str:
    """Call a command as it stands, from a folder; return what it says."""
    program, *arguments = words
    assert program in ("werwatch", ".venv/bin/werwatch")
    with chdir(folder):
        done = call(*arguments, *more)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_its_configurations_are_good_ones(tmp_path: Path) -> None:
    path = tmp_path / "werwatch.yaml"
    receivers, senders = set(), set()
    for example in blocks("yaml"):
        path.write_text(example)
        config = load_config(path, {})
        receivers |= {receiver.name for receiver in config.receivers}
        senders |= {token.name for token in config.api_tokens}
    assert receivers >= {"oncall", "pager"}
    assert senders >= {"app", "grafana"}


def test_it_lists_every_step_of_the_normaliser() -> None:
    rows = [f"| `{name}` | {line} |" for name, line in describe("en").items()]
    assert "\n".join(rows) in README


def test_it_names_every_detector() -> None:
    assert all(f"`{name}`" in README for name in DECIDERS if name != OWN)


def test_every_make_target_that_it_names_exists() -> None:
    makefile = (ROOT / "Makefile").read_text()
    named = set(re.findall(r"(?:`|^|=1 )make ([a-z-]+)", README, re.MULTILINE))
    assert {"demo", "control", "test", "bench"} <= named
    assert all(re.search(rf"^{target}:", makefile, re.MULTILINE) for target in named)
