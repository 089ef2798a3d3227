"""The command that says what settings mean: tables, JSON, and a page that needs nothing else."""

import html.parser
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from chaos.stream import said
from commands import call
from recorded import recorded_file

from service.bulk.page import page


def command(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return call("backtest", *arguments)


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("history") / "history.ndjson"
    path.write_text("\n".join(json.dumps(said(index, 1).both()) for index in range(1_800)))
    return path


FEW = ("--runs", "1", "--budget", "1", "--smallest-change", "5")


def test_it_says_the_same_in_every_form_and_each_time(history: Path, tmp_path: Path) -> None:
    shown = tmp_path / "shown.html"
    done = command(history, *FEW, "--json")
    assert (done.returncode, done.stderr) == (0, "")
    found = json.loads(done.stdout)
    text = command(history, *FEW, "--html", shown).stdout
    assert shown.read_text() == page(found)
    [own] = found["settings"]
    assert own["alerts"] >= 1
    assert f"{own['alerts_a_month']:9.2f}" in text
    for cohort in found["cohorts"]:
        assert cohort["cohort"] in text
        assert cohort["judged_in"] == 1.0
        noticed = [change["noticed_within_30d"] for change in cohort["changes"]]
        assert noticed == sorted(noticed)


class Parts(html.parser.HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))


def outcome(cohort: str) -> dict[str, Any]:
    event = {
        "detected_at": "2026-01-06T00:00:00Z",
        "state": "firing",
        "severity": "page",
        "cohort": cohort,
        "title": f"{cohort}: worse",
    }
    settings = {"false_alarms_per_month": 1.0, "smallest_change_points": 5.0}
    change = {"points": 5.0, "median_delay_days": None, "delays_days": [None, 2.0], "noticed_within_30d": 0.5}
    return {
        "from": "2026-01-05T00:00:00Z",
        "until": "2026-01-12T00:00:00Z",
        "days": 7.0,
        "runs": 2,
        "learning_days": 30,
        "history": {"settings": settings, "scored_utterances": 10, "events": [event]},
        "settings": [
            {**settings, "alerts_a_month": 1.0, "pages": 1, "alarms_a_month_with_nothing_changed": 0.0}
        ],
        "cohorts": [
            {
                "cohort": cohort,
                "scored_utterances_a_day": 1.0,
                "wer": 0.1,
                "judged_in": 1.0,
                "smallest_noticed_points": {"1d": None, "7d": None, "30d": 5.0},
                "changes": [change],
            }
        ],
    }


def test_its_page_loads_nothing_and_lets_no_cohort_be_markup() -> None:
    shown = page(outcome('<script src="https://example.org/x.js"></script>'))
    parts = Parts()
    parts.feed(shown)
    tags = {tag for tag, _ in parts.seen}
    assert tags.isdisjoint({"script", "link", "img", "iframe", "object", "a"})
    assert not any({"src", "href", "onload"} & attributes.keys() for _, attributes in parts.seen)
    assert "default-src 'none'" in shown
    assert sum(tag == "svg" for tag, _ in parts.seen) == 2
    assert "&lt;script" in shown


def test_a_history_that_feeds_nothing_and_a_page_that_cannot_be_written_are_named(
    history: Path, tmp_path: Path
) -> None:
    empty = tmp_path / "empty.ndjson"
    empty.write_text(json.dumps(said(0, 1).utterance()))
    done = command(empty, *FEW)
    assert (done.returncode, "detection.selections" in done.stderr) == (2, True)
    # Before the work, not after it.
    none = tmp_path / "none" / "page.html"
    done = command(empty, *FEW, "--html", none)
    told = f"werwatch: --html: {none}: there is no folder {none.parent}\n"
    assert (done.returncode, done.stderr) == (2, told)
    done = command(empty, *FEW, "--html", empty)
    assert f"--html: {empty} is the history itself" in done.stderr
    assert json.loads(empty.read_text())


@pytest.mark.slow
def test_of_a_real_engine_it_says_who_can_be_judged(tmp_path: Path) -> None:
    stream = tmp_path / "edacc.ndjson.gz"
    make = recorded_file("edacc").parent / "make_replay.py"
    told = ["edacc-cohort-switch", "--seed", "0", "--out", str(stream)]
    subprocess.run([sys.executable, "-B", str(make), *told], check=True, timeout=1_800)
    options = ["--begin", "2026-01-05T08:00:00Z", "--set", "selection=random", "--set", "probability=1"]
    for each in ("attributes.accent=cohort", "speaker_id=speaker", "session_id=recording"):
        options += ["--map", each]
    done = command(stream, *FEW, *options, "--json")
    assert (done.returncode, done.stderr) == (0, "")
    found = json.loads(done.stdout)
    # What it would have raised: nothing, since no accent has enough speakers to be judged.
    assert [event for event in found["history"]["events"] if event["state"] == "firing"] == []
    assert found["history"]["scored_utterances"] == 4_312
    few = {each["cohort"]: each["judged_in"] for each in found["cohorts"]}
    assert few["Bulgarian"] == 0.0
