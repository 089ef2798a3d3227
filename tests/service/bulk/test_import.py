"""A history in a file comes into a service as if its lines had been posted one by one."""

import gzip
import json
import random
import sqlite3
import subprocess
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from chaos.stream import said
from commands import call
from conftest import RunningService
from recorded import DATASETS, recorded, recorded_file
from stand_in import Got, Reply, stand_in

from service.bulk import batches as batching
from service.bulk.importing import Imported, send_file
from service.bulk.mapping import Mapping, Unusable
from service.commands.remote import Remote
from service.errors import StartError
from service.store.store import FILE_NAME


@pytest.fixture(autouse=True)
def state_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    home = tmp_path / "state"
    monkeypatch.setenv("XDG_STATE_HOME", str(home))
    return home


def write(path: Path, lines: list[dict[str, Any]]) -> Path:
    content = "".join(f"{json.dumps(line)}\n" for line in lines).encode()
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)
    return path


def send(path: Path, api: str, mapping: Mapping | None = None, **more: bool) -> tuple[Imported, list[Any]]:
    rejected: list[tuple[int, str]] = []
    found = send_file(
        path,
        mapping or Mapping(),
        Remote(api),
        lambda _: None,
        lambda number, reason: rejected.append((number, reason)),
        from_start=more.get("from_start", False),
    )
    return found, rejected


def scored(service: RunningService) -> list[Any]:
    with closing(sqlite3.connect(service.data_dir / FILE_NAME)) as db:
        return db.execute(
            "SELECT utterance_id, cohort, spoken_at, substitutions, deletions, insertions, hits "
            "FROM scored ORDER BY seq"
        ).fetchall()


def command(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return call("import", *arguments)


def tangled(seed: int, *, is_early: bool) -> list[dict[str, Any]]:
    """Utterances, references and both in one, some twice or changed; references early, or not."""
    chance = random.Random(seed)
    lines: list[tuple[float, dict[str, Any]]] = []
    for index in range(120):
        told = said(index, seed)
        kinds = [[told.utterance(), told.correction()], [told.both()]]
        kinds += [[told.correction(), told.utterance()]] if is_early else []
        own = chance.choice(kinds)
        if chance.random() < 0.3:
            own = [*own, {**told.utterance(), "hypothesis": "something else"}]
        if chance.random() < 0.3:
            own = [*own, chance.choice(own)]
        places = [index + chance.random() * 12 for _ in own]
        lines += zip(places if is_early else sorted(places), own, strict=True)
    return [line for _, line in sorted(lines, key=lambda each: each[0])]


@pytest.mark.parametrize(("seed", "is_early"), [(1, False), (2, False), (3, True), (4, True)])
def test_what_comes_of_a_file_is_what_comes_of_its_lines(
    seed: int,
    is_early: bool,
    make_service: Callable[..., RunningService],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(batching, "MOST_LINES", 37)
    lines = tangled(seed, is_early=is_early)
    one_by_one, at_once = make_service(), make_service()
    refused = []
    for number, line in enumerate(lines, 1):
        route = "/v1/references" if "reference" in line else "/v1/utterances"
        if one_by_one.post(route, line).is_error:
            refused.append(number)
    found, rejected = send(write(tmp_path / "all.ndjson.gz", lines), at_once.api)
    in_order = sorted if is_early else list
    assert in_order(scored(at_once)) == in_order(scored(one_by_one))
    assert [number for number, _ in rejected] == refused
    assert refused
    assert found.lines == len(lines)
    again, _ = send(tmp_path / "all.ndjson.gz", at_once.api)
    assert again.outcomes["duplicate"] == len(lines) - again.rejected
    assert in_order(scored(at_once)) == in_order(scored(one_by_one))


def test_lines_that_are_not_taken_are_named_with_their_reason(
    shared_service: RunningService, tmp_path: Path
) -> None:
    good = said(0, 7).both()
    content = [
        json.dumps(good),
        "no json",
        "",
        json.dumps({"utterance_id": "bad-1"}),
        json.dumps({**good, "utterance_id": "bad-2", "accent": "en"}),
        json.dumps({"utterance_id": "bad-3", "hypothesis": "without a time"}),
        "[1]",
        "\ud800".encode("utf-8", "surrogatepass").decode("latin-1"),
        json.dumps({**good, "utterance_id": "fine"}),
    ]
    path = tmp_path / "history.ndjson"
    path.write_text("\n".join(content))
    done = command(path, "--api", shared_service.api)
    assert done.returncode == 1
    numbers = [line.removeprefix(f"{path}:").split(":")[0] for line in done.stderr.splitlines()]
    assert numbers == ["2", "4", "5", "6", "7", "8"]
    assert f"{path}:4: expected a hypothesis, a reference or a verdict" in done.stderr
    assert f"{path}:5: unknown field; known are " in done.stderr
    assert f"{path}:6: spoken_at: this field is required in a history" in done.stderr
    assert done.stdout == f"{path}: 9 lines: 2 scored, 6 rejected\n"
    assert command(path, "--api", shared_service.api).stdout == f"{path}: 9 lines: 2 duplicate, 6 rejected\n"


def taking(got: Got) -> Reply:
    count = got.body.count(b"\n") + 1
    told = {"lines": count, "accepted": count, "rejected_lines": []}
    return Reply(
        200, json.dumps({**dict.fromkeys(("duplicate", "replaced", "waiting", "scored"), 0), **told}).encode()
    )


def sent(got: list[Got]) -> list[str]:
    return [json.loads(line)["utterance_id"] for each in got for line in each.body.split(b"\n")]


def test_what_was_stopped_goes_on_where_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batching, "MOST_LINES", 10)
    lines = [said(index, 1).utterance() for index in range(45)]
    path = write(tmp_path / "history.ndjson", lines)
    broken = {"after": 2}

    def answer(got: Got) -> Reply:
        broken["after"] -= 1
        return taking(got) if broken["after"] >= 0 else Reply(403, b'{"detail": "not any more"}')

    with stand_in(answer) as server:
        with pytest.raises(StartError, match="not any more"):
            send(path, server.url)
        broken["after"] = 100
        server.got.clear()
        found, _ = send(path, server.url)
        assert (found.begun_at, found.lines) == (20, 45)
        assert sent(server.got) == [line["utterance_id"] for line in lines[20:]]
        server.got.clear()
        # Complete, it begins anew, as another service may be there now.
        assert send(path, server.url)[0].begun_at == 0
        assert len(sent(server.got)) == 45


def test_what_was_stopped_begins_anew_in_a_file_that_is_another_now(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batching, "MOST_LINES", 10)
    lines = [said(index, 1).utterance() for index in range(45)]
    path = write(tmp_path / "history.ndjson", lines)
    broken = {"after": 2}

    def answer(got: Got) -> Reply:
        broken["after"] -= 1
        return taking(got) if broken["after"] >= 0 else Reply(403)

    with stand_in(answer) as server:
        with pytest.raises(StartError, match="HTTP 403"):
            send(path, server.url)
        write(path, [*lines[:15], said(99, 1).utterance(), *lines[15:]])
        broken["after"] = 100
        assert send(path, server.url)[0].begun_at == 0
        broken["after"] = 1
        with pytest.raises(StartError):
            send(path, server.url)
        broken["after"] = 100
        assert send(path, server.url, from_start=True)[0].begun_at == 0


def test_it_waits_for_a_service_that_goes_and_comes_again(
    make_service: Callable[..., RunningService],
    hold_port: Callable[[], int],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(batching, "MOST_LINES", 10)
    service = make_service(listen=f"127.0.0.1:{hold_port()}")
    gone: list[int] = []

    def lines() -> list[dict[str, Any]]:
        return [said(index, 1).both() for index in range(100)]

    path = write(tmp_path / "history.ndjson", lines())

    def note_read(position: int) -> None:
        if position > path.stat().st_size / 2 and not gone:
            gone.append(position)
            service.kill()
            service.start()

    found = send_file(path, Mapping(), Remote(service.api), note_read, print, from_start=False)
    assert (found.lines, found.rejected) == (100, 0)
    assert len(scored(service)) == 100


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "no answer of werwatch"),
        (["--map", "accent"], "--map: expected NAME=VALUE, got accent"),
        (["--map", "accent=accent"], "--map: the API has no accent; it has attributes, "),
        (["--set", "probability=often"], "--set: probability: the API takes no 'often' there"),
        (["--token-file", "/nowhere"], "/nowhere cannot be read"),
    ],
)
def test_what_cannot_begin_says_why(arguments: list[str], message: str, tmp_path: Path) -> None:
    path = write(tmp_path / "history.ndjson", [said(0, 1).both()])
    done = command(path, "--api", "http://127.0.0.1:1", *arguments)
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    path = write(tmp_path / "history.ndjson.gz", [said(index, 1).both() for index in range(100)])
    content = path.read_bytes()
    for spoilt in (content[:-400], content[:200] + bytes(400) + content[600:]):
        path.write_bytes(spoilt)
        with (
            stand_in(taking) as server,
            pytest.raises(StartError, match=r"history.ndjson.gz: cannot be read"),
        ):
            send(path, server.url)


def test_a_line_without_use_says_what_is_expected() -> None:
    with pytest.raises(Unusable, match="expected a hypothesis"):
        Mapping().line(b'{"text": "x"}', 0)


def test_what_is_the_same_for_all_has_the_type_that_the_api_takes() -> None:
    given = ["confidence=0.5", "audio.start_s=0", "passage=true", "utterances=3", "attributes.site=7"]
    mapping = Mapping.of(["attributes=about"], given, [], None, 0.0)
    spoken = mapping.line(b'{"utterance_id":"u","hypothesis":"x","spoken_at":"Z","about":{"accent":"en"}}', 0)
    assert spoken is not None
    fields = json.loads(spoken.body)
    assert (fields["confidence"], fields["audio"]) == (0.5, {"start_s": 0.0})
    assert fields["attributes"] == {"accent": "en", "site": "7"}
    corrected = mapping.line(b'{"recording_id": "r", "reference": "x"}', 0)
    assert corrected is not None
    told = json.loads(corrected.body)
    assert (told["passage"], told["utterances"]) == (True, 3)


SETS = {
    "afrispeech": ("aws-transcribe", ["attributes.accent=accent", "session_id=recording"]),
    "earnings21": ("google", ["attributes.accent=sector", "session_id=recording"]),
    "edacc": ("parakeet-tdt-0.6b-v3", ["attributes.accent=accent", "session_id=recording"]),
    "eka-noise": ("gemini-2.0-flash", ["utterance_id=utterance_id", "attributes.accent=accent"]),
    "primock57": ("openai-whisper-1", ["attributes.accent=role", "session_id=recording"]),
    "svarah": ("crisp_v0823_cohere_q4k", ["attributes.accent=accent"]),
}


@pytest.mark.parametrize("name", DATASETS)
def test_recordings_of_real_engines_come_in_whole(
    name: str, make_service: Callable[..., RunningService]
) -> None:
    path = recorded_file(name)
    engine, taken = SETS[name]
    expected = {row["utterance_id"] for row in recorded(name) if row["engine"] == engine}
    service = make_service()
    options = ["--only", f"engine={engine}", "--set", "selection=random", "--set", "probability=1"]
    for each in (*taken, "speaker_id=speaker", "attributes.engine=engine"):
        options += ["--map", each]
    done = command(path, "--api", service.api, "--begin", "2026-01-05T08:00:00Z", *options)
    kept = scored(service)
    assert {row[0] for row in kept} == expected
    assert len(kept) == len(expected)
    if name == "eka-noise":
        # One engine heard each utterance under several noises, which this names alike.
        assert done.returncode == 1
    else:
        assert (done.returncode, done.stderr) == (0, "")


def test_references_are_sent_as_tools_save_them(
    make_service: Callable[..., RunningService], tmp_path: Path
) -> None:
    service = make_service()
    for name in ("a", "b"):
        service.post("/v1/utterances", {"utterance_id": name, "hypothesis": "no fever"})
    corrected, visit = tmp_path / "corrected.trn.gz", tmp_path / "visit.srt"
    corrected.write_bytes(gzip.compress(f"no fever (a)\n\nnone ({'x' * 200})\n".encode()))
    visit.write_text("1\n00:00:00,000 --> 00:00:01,000\nno fewer\n")
    done = command(
        str(corrected), "--api", service.api, "--set", "selection=random", "--set", "probability=0.5"
    )
    assert (done.returncode, done.stdout) == (1, f"{corrected}: 2 lines: 1 scored, 1 rejected\n")
    assert done.stderr.startswith(f"{corrected}:3: utterance_id: expected a string of 1 to 128 characters")
    done = command(visit, "--api", service.api, "--set", "utterance_id=b")
    assert (done.returncode, done.stdout) == (0, f"{visit}: 1 lines: 1 scored\n")
    done = command(visit, "--api", service.api)
    assert done.stderr.startswith(f"werwatch: {visit}: line 1: nothing in it says what it is about")
    done = command(visit, "--api", service.api, "--only", "a=b")
    assert done.stderr == f"werwatch: {visit}: --map, --only and --begin are for files of lines in JSON\n"
