"""Critical terms: declared in the configuration, counted at scoring, shown before and after a change."""

import asyncio
import json
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from commands import call
from conftest import RunningService
from notices import EVENT, LINKS

from detectors.normalisation.critical_terms import version_of
from detectors.text import Normaliser
from service.api.translate import Translator
from service.api.wire import ReferenceIn, parse
from service.config import Config
from service.errors import ConfigError
from service.pipeline import Pipeline
from service.receivers.critical_terms import LOOK_AT_CRITICAL_TERMS, critical_facts
from service.receivers.notice import read_notice
from service.receivers.rendering import read
from service.settings.config_file import load_config
from service.settings.lexicon import read_terms

TERMS = ["no", "not", "chest pain", "50 milligrams"]
HOUR_S = 3600.0
LABELS = '{cohort="en-GB",selection="random"}'


def said(number: int, reference: str, hypothesis: str, **more: Any) -> dict[str, Any]:
    return {
        "utterance_id": f"u{number}",
        "reference": reference,
        "hypothesis": hypothesis,
        "attributes": {"accent": "en-GB"},
        "speaker_id": f"s{number % 7}",
        "selection": "random",
        "probability": 0.5,
        "spoken_at": "2026-03-03T08:00:00Z",
        **more,
    }


def series(service: RunningService, name: str) -> dict[str, float]:
    lines = [line for line in service.scrape().splitlines() if line.startswith(f"werwatch_{name}_total{{")]
    return {line.split()[0].removeprefix(f"werwatch_{name}_total"): float(line.split()[1]) for line in lines}


def test_they_are_counted_by_cohort_and_never_named(make_service: Callable[..., RunningService]) -> None:
    service = make_service(critical_terms=TERMS)
    sent = [
        said(1, "He can't breathe, no chest pain.", "he can breathe chest pain"),
        said(2, "Give fifty milligrams.", "give fifteen milligrams"),
        said(3, "It hurts.", "it not hurts"),
        said(4, "Monday.", "monday"),
    ]
    for body in sent:
        assert service.post("/v1/references", body).json()["status"] == "scored"
    right = said(5, "", "no", verdict="correct")
    del right["reference"]
    assert service.post("/v1/references", right).json()["status"] == "scored"
    assert series(service, "critical_terms")[LABELS] == 5
    assert series(service, "critical_terms_missed")[LABELS] == 3
    assert series(service, "critical_terms_inserted")[LABELS] == 1
    assert "milligram" not in service.scrape()
    shown = service.get("/v1/cohorts/en-GB")["critical_terms"]
    assert (shown["terms"], shown["missed"]["count"], shown["inserted"]["count"]) == (5, 3, 1)
    assert (shown["missed"]["ratio"], shown["since"]) == (0.6, "2026-02-01T08:00:00Z")


def test_without_a_lexicon_nothing_is_counted_or_shown(shared_service: RunningService) -> None:
    assert shared_service.post("/v1/references", said(1, "no", "")).json()["status"] == "scored"
    assert "critical_terms" not in shared_service.scrape()
    assert shared_service.get("/v1/cohorts/en-GB")["critical_terms"] is None


def test_another_lexicon_begins_anew_and_another_key_does_not(
    make_service: Callable[..., RunningService],
) -> None:
    service = make_service(critical_terms=TERMS)
    service.post("/v1/references", said(1, "no pain", "pain"))
    service.stop()
    config = service.folder / "werwatch.yaml"
    call("rotate-key", "--author", "ann", "--yes", "--config", config).check_returncode()
    service.start()
    service.post("/v1/references", said(2, "no pain", "no pain"))
    assert service.get("/v1/cohorts/en-GB")["critical_terms"]["terms"] == 2
    service.stop()
    service.settings["critical_terms"] = ["no"]
    service.start()
    service.post("/v1/references", said(3, "no pain", "pain"))
    shown = service.get("/v1/cohorts/en-GB")["critical_terms"]
    assert (shown["terms"], shown["missed"]["count"]) == (1, 1)


def test_an_alert_says_what_became_of_them(tmp_path: Path) -> None:
    config = Config(data_dir=tmp_path / "data", critical_terms=TERMS)
    with closing(Pipeline(config)) as pipeline:
        pipeline.start()
        translator = Translator(config, pipeline.hasher, pipeline.counts)
        records = []
        for number in range(60):
            # Before the onset one of ten loses its "no", since then every second does.
            after = number >= 40
            is_lost = number % (2 if after else 10) == 0
            at_s = EVENT.onset_s + (number - 40) * HOUR_S + 1.0
            body = said(number, "no fever", "fever" if is_lost else "no fever")
            body["attributes"] = {"accent": EVENT.cohort}
            sent = parse(ReferenceIn, json.dumps({**body, "spoken_at": None}).encode())
            record = translator.reference(sent, at_s)
            records.append(record)
        # Of another selection, and of another cohort: neither is compared.
        for number, other in ((100, {"selection": "volunteered", "probability": None}), (101, {})):
            body = {**said(number, "no", ""), **other}
            body["attributes"] = {"accent": "en-US" if number == 101 else EVENT.cohort}
            sent = parse(ReferenceIn, json.dumps({**body, "spoken_at": None}).encode())
            records.append(translator.reference(sent, EVENT.onset_s))
        asyncio.run(pipeline.accept(records))
        raise_it = partial(pipeline.watch.alerting.apply, pipeline.store, EVENT, EVENT.detected_s)
        asyncio.run(pipeline.writer.run(raise_it))
        [alert] = pipeline.store.alerts.active()
    critical = alert.facts["critical_terms"]
    expected = version_of([tuple(Normaliser().tokens(term)) for term in TERMS], Normaliser().version)
    assert critical["lexicon"] == expected
    before, after_it = critical["before"], critical["after"]
    assert (before["terms"], before["missed"]["count"], before["missed"]["ratio"]) == (40, 4, 0.1)
    assert (after_it["terms"], after_it["missed"]["count"], after_it["missed"]["ratio"]) == (20, 10, 0.5)
    assert before["missed"]["lower"] < 0.1 < before["missed"]["upper"]
    assert after_it["inserted"]["count"] == 0
    body = {"type": "werwatch.alert.firing", "timestamp": "2026-03-03T12:14:20Z"}
    data = {"alert_id": alert.alert_id, "state": "firing", "fired_at": "2026-03-03T12:14:20Z", "revision": 1}
    notice = read_notice("n", json.dumps({**body, "data": {**data, **alert.facts}}))
    reading = read(notice, LINKS)
    assert reading.look_first[0] == LOOK_AT_CRITICAL_TERMS
    facts = dict(reading.facts)
    assert facts["Critical terms missed"].startswith("10.0 % (4 of 40, ")
    assert " -> 50.0 % (10 of 20, " in facts["Critical terms missed"]
    assert "Critical terms inserted" not in facts


def test_a_rise_that_is_not_sure_is_shown_and_not_dwelt_upon(tmp_path: Path) -> None:
    share = {"count": 2, "ratio": 0.05, "lower": 0.01, "upper": 0.15}
    side = {"terms": 40, "missed": share, "inserted": {**share, "count": 0, "ratio": 0.0}}
    worse = {**side, "missed": {"count": 4, "ratio": 0.1, "lower": 0.04, "upper": 0.3}}
    data = {"critical_terms": {"lexicon": "x", "before": side, "after": worse}}
    body = {"type": "werwatch.alert.firing", "timestamp": "2026-03-03T12:14:20Z", "data": data}
    reading = read(read_notice("n", json.dumps(body)), LINKS)
    assert (
        dict(reading.facts)["Critical terms missed"]
        == "5.0 % (2 of 40, 1.0 to 15.0 %) -> 10.0 % (4 of 40, 4.0 to 30.0 %)"
    )
    assert reading.look_first == ()


def test_more_may_be_invented_than_was_spoken(make_service: Callable[..., RunningService]) -> None:
    service = make_service(critical_terms=TERMS)
    for number in range(6):
        reference = "no pain" if number else "pain"
        service.post(
            "/v1/references", {**said(number, reference, "no no no pain"), "speaker_id": f"s{number}"}
        )
    shown = service.get("/v1/cohorts/en-GB")["critical_terms"]
    assert (shown["terms"], shown["inserted"]["count"]) == (5, 13)
    assert shown["inserted"]["lower"] < 13 / 5 < shown["inserted"]["upper"]


def test_what_is_invented_where_none_was_spoken_is_told() -> None:
    none = {"count": 0, "ratio": None, "lower": None, "upper": None}
    side = {"terms": 0, "missed": none, "inserted": none}
    invented = {**side, "inserted": {**none, "count": 3}}
    assert critical_facts({"lexicon": "x", "before": side, "after": side}) == []
    assert critical_facts({"lexicon": "x", "before": side, "after": invented}) == [
        ("Critical terms inserted", "unknown -> 3 where none was spoken")
    ]


def test_the_file_and_the_list_are_one_lexicon(tmp_path: Path) -> None:
    path = tmp_path / "terms.txt"
    path.write_text("# negations\n\nno\n  Not \nchest pain\n")
    config = Config(critical_terms=["no", "fever"], critical_terms_file=path)
    assert read_terms(config) == (("no",), ("fever",), ("not",), ("chest", "pain"))


@pytest.mark.parametrize(
    ("terms", "written", "message"),
    [
        (["no", "..."], None, "critical_terms.1: the normaliser leaves nothing of it"),
        ([], "# these\nno\n!!\n", "critical_terms_file: .*terms.txt, line 3: the normaliser leaves nothing"),
        ([], "# none\n\n", "critical_terms_file: .*terms.txt has no term; write one a line"),
        ([], b"\xff", "critical_terms_file: .*terms.txt cannot be read: it is not UTF-8 text"),
        ([], "\n".join(f"drug {n}" for n in range(10_001)), "critical_terms: expected at most 10,000, got"),
    ],
)
def test_what_is_no_term_is_named(
    terms: list[str], written: str | bytes | None, message: str, tmp_path: Path
) -> None:
    path = tmp_path / "terms.txt"
    if written is not None:
        path.write_bytes(written.encode() if isinstance(written, str) else written)
    config = Config(critical_terms=terms, critical_terms_file=None if written is None else path)
    with pytest.raises(ConfigError, match=message):
        read_terms(config)


def test_what_yaml_takes_for_a_truth_value_is_told(tmp_path: Path) -> None:
    path = tmp_path / "werwatch.yaml"
    path.write_text("critical_terms: [no, not]\n")
    with pytest.raises(
        ConfigError, match=r'critical_terms\.0: expected text; YAML takes no, .*: write "no" \('
    ):
        load_config(path, {})


def test_check_config_looks_at_them(tmp_path: Path) -> None:
    path = tmp_path / "werwatch.yaml"
    path.write_text(f"critical_terms_file: {tmp_path / 'none.txt'}\n")
    assert load_config(path, {}).critical_terms_file is not None
    done = call("check-config", path)
    assert done.returncode == 2
    assert "critical_terms_file" in done.stderr
    assert "No such file" in done.stderr
