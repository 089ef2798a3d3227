"""What rules join over an utterance's end is no error: in the service, in a replay, in files scored again."""

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from conftest import RunningService, eventually

from service.bulk.mapping import Mapping
from service.bulk.past import history_in
from service.commands.score import score
from service.settings.config_file import load_config
from service.store.store import FILE_NAME

HEARD = ["the dose is twenty", "five minutes later we stop", "it's", "been an E", "C G with five grams"]
SPOKEN = "The dose is twenty. Five minutes later we stopped. It's been an E C G with five grams."
COUNTS = {
    "r-0": [0, 0, 0, 4],
    "r-1": [1, 0, 0, 4],
    "r-2": [0, 0, 0, 2],
    "r-3": [0, 0, 0, 3],
    "r-4": [0, 0, 0, 5],
}
"""Substitutions, deletions, insertions and hits of each under `SPOKEN`."""
DRAWN = {"recording_id": "r", "selection": "random", "probability": 1.0}
NDJSON = {"content-type": "application/x-ndjson"}
Make = Callable[..., RunningService]


def utterances() -> list[dict[str, Any]]:
    return [
        {
            "utterance_id": f"r-{number}",
            "recording_id": "r",
            "hypothesis": text,
            "spoken_at": f"2026-03-02T08:00:0{number}Z",
        }
        for number, text in enumerate(HEARD)
    ]


def ask(service: RunningService, query: str) -> list[Any]:
    with closing(sqlite3.connect(f"file:{service.data_dir / FILE_NAME}?mode=ro", uri=True)) as db:
        return db.execute(query).fetchall()


def scored(service: RunningService) -> dict[str, list[int]]:
    rows = ask(service, "SELECT utterance_id, substitutions, deletions, insertions, hits FROM scored")
    return {key: counts for key, *counts in rows}


def test_a_reference_that_waited_over_a_restart_is_cut_as_its_utterances_are(make_service: Make) -> None:
    service = make_service()
    answer = service.post("/v1/references", {"reference": SPOKEN, "utterances": len(HEARD), **DRAWN})
    assert answer.json()["status"] == "waiting"
    [(kept,)] = ask(service, "SELECT knots FROM recording_references")
    assert len(kept) > 0
    service.kill()
    service.start()
    lines = "\n".join(map(json.dumps, reversed(utterances()))).encode()
    assert service.post("/v1/utterances", lines, **NDJSON).json()["accepted"] == len(HEARD)
    assert eventually(lambda: scored(service) == COUNTS)
    assert ask(service, "SELECT reference, knots FROM recording_references") == [(None, None)]
    [told] = service.get("/v1/recordings/r")["references"]
    assert (told["substitutions"], told["deletions"], told["insertions"]) == (1, 0, 0)


def test_a_passage_is_cut_as_the_utterances_that_it_covers_are(make_service: Make) -> None:
    service = make_service(recordings={"settle": "0s"})
    for body in utterances():
        service.post("/v1/utterances", body)
    passage = "The dose is twenty. Five minutes later we stopped."
    answer = service.post("/v1/references", {"reference": passage, "passage": True, **DRAWN})
    assert answer.json()["substitutions"] == 1
    assert scored(service) == {"r-0": COUNTS["r-0"], "r-1": COUNTS["r-1"]}


@pytest.fixture
def lines(tmp_path: Path) -> Path:
    path = tmp_path / "history.ndjson"
    told = [*utterances(), {"reference": SPOKEN, **DRAWN}]
    path.write_text("\n".join(map(json.dumps, told)))
    return path


def test_a_replay_of_the_lines_counts_what_the_service_counted(
    make_service: Make, lines: Path, tmp_path: Path
) -> None:
    service = make_service(recordings={"settle": "0s"})
    for body in utterances():
        service.post("/v1/utterances", body)
    service.post("/v1/references", {"reference": SPOKEN, **DRAWN})
    config = load_config(service.folder / "werwatch.yaml")

    def counted(source: Path) -> list[Any]:
        with history_in(
            source, Mapping(), config, lambda _: None, lambda *told: pytest.fail(str(told))
        ) as rows:
            return [(row.spoken_at, row.counts) for row in rows.scored_after(0, 10)]

    assert counted(lines) == counted(service.data_dir)
    assert len(counted(lines)) == len(HEARD)


def test_the_files_scored_again_have_the_same_counts_and_the_alignment_shows_them(lines: Path) -> None:
    def run(*options: str) -> Any:
        return json.loads(CliRunner().invoke(score, [str(lines), "--json", *options]).stdout)

    [pair] = run("--align")["pairs"]
    kinds = ("substitutions", "deletions", "insertions")
    found = {each["name"]: [each[kind] for kind in kinds] for each in pair["utterances"]}
    assert found == {name: counts[:3] for name, counts in COUNTS.items()}
    assert [pair[kind] for kind in kinds] == [1, 0, 0]
    assert [words for words in pair["alignment"] if words[0] != words[1]] == [["stopped", "stop"]]
    basic = run("--normalisation", "basic")["total"]
    assert (basic["substitutions"], basic["reference_words"]) == (1, 18)


def test_a_recording_that_was_found_correct_has_no_errors(lines: Path) -> None:
    told = [*utterances(), {"verdict": "correct", **DRAWN}]
    lines.write_text("\n".join(map(json.dumps, told)))
    total = json.loads(CliRunner().invoke(score, [str(lines), "--json"]).stdout)["total"]
    assert (total["substitutions"], total["deletions"], total["insertions"]) == (0, 0, 0)
