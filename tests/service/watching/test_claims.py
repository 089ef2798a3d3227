"""Claims about slices: filed, judged, withdrawn; the same after a restart, a kill and without old rows."""

import json
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from bearer import Bearer
from commands import call
from conftest import BadDay, RunningService, eventually
from ward import CLAIM, DAY_S, Ward, compared, page

from service.store.rows.claims import ClaimPlace, ClaimRows
from service.store.store import FILE_NAME
from service.watching.claim_course import ClaimCourse


@pytest.fixture
def ward(tmp_path: Path, bearer: Bearer) -> Iterator[Ward]:
    """A service whose clock was ten days back when it started, and is right now."""
    day = BadDay(tmp_path, clock_s=-10 * DAY_S)
    with RunningService(tmp_path, {"attributes": ["site"]}, day.program, bearer) as service:
        service.start()
        began_s = time.time() - 10 * DAY_S + 60.0
        service.post("/v1/claims", CLAIM).raise_for_status()
        day.becomes()
        yield Ward(service, began_s)


def verified(service: RunningService) -> str:
    done = call("verify", "--config", str(service.folder / "werwatch.yaml"))
    return next(line for line in done.stdout.splitlines() if line.startswith("claims: "))


def test_a_claim_is_open_until_the_evidence_suffices_and_then_confirmed(ward: Ward) -> None:
    service = ward.service
    assert service.get("/v1/claims")["claims"] == [page(service)]
    assert page(service)["state"] == "open"
    assert page(service)["says"] == (
        "Open: nothing of this slice has been heard since it was filed, but for shifts that are not over; "
        "10 more speakers of one side have to be heard; nothing has been compared yet."
    )
    ward.speak(31, wrong=3)
    assert compared(service, 6)
    found = page(service)
    assert (found["state"], found["still_needed"]["speakers"]) == ("open", 4)
    assert found["excess"]["points"] == 20.0
    ward.speak(100, wrong=3)
    assert eventually(lambda: page(service)["state"] == "confirmed")
    assert compared(service, 26)
    found = page(service)
    assert found["title"] == "site=ward-7: +8 WER points over the rest"
    assert found["says"].startswith("Confirmed: there is an excess (95 %: +")
    assert found["evidence"]["of_an_excess"]["highest"] >= found["evidence"]["needed"] == 40.0
    assert found["excess"]["lower"] > 0.0
    assert found["rests_on"]["slice"]["wer"] == 0.3
    assert found["rests_on"]["rest"]["wer"] == 0.1
    assert (found["author"], found["claimed_excess_points"], found["alpha"]) == ("eve", 8.0, 0.025)
    filed, confirmed = found["record"]
    assert (filed["action"], filed["author"], filed["note"]) == ("filed", "eve", "as we heard")
    assert (confirmed["action"], confirmed["author"]) == ("confirmed", None)
    assert confirmed["note"].startswith("confirmed: +20.0 points (95 %: ")
    assert confirmed["after_seq"] > filed["after_seq"] == 0
    assert 'werwatch_claims{state="confirmed"} 1.0' in service.scrape()


@pytest.mark.parametrize("is_killed", [False, True])
def test_the_evidence_is_the_same_after_a_restart(ward: Ward, *, is_killed: bool) -> None:
    service = ward.service
    ward.speak(120, wrong=3)
    assert compared(service, 23)
    before = page(service)
    if is_killed:
        service.kill()
    else:
        service.stop()
        assert verified(service) == "claims: good: the saved evidence is what the rows lead to"
    service.start()
    assert eventually(lambda: page(service) == before)
    ward.speak(30, wrong=3)
    assert compared(service, 29)
    assert [row["action"] for row in page(service)["record"]] == ["filed", "confirmed"]
    service.stop()
    assert verified(service).startswith("claims: good: ")
    with closing(sqlite3.connect(service.data_dir / FILE_NAME)) as db, db:
        db.execute("UPDATE scored SET substitutions = substitutions + 1 WHERE seq = 50")
    assert verified(service).startswith("claims: BAD: the saved evidence is not what the rows lead to")


def test_whenever_it_is_killed_the_evidence_is_that_of_one_run(ward: Ward) -> None:
    service = ward.service
    for shifts in (1, 20, 3, 40, 11, 50):
        ward.speak(shifts, wrong=3)
        service.kill()
        service.start()
    assert compared(service, 24)
    service.stop()
    with closing(sqlite3.connect(service.data_dir / FILE_NAME)) as db:
        rows, course = ClaimRows(db), ClaimCourse()
        saved = rows.saved("snapshot")
        assert saved is not None
        for _ in course.follow(rows, saved.place.seq):
            pass
        assert json.loads(course.saved().state) == json.loads(saved.state)
        actions = [row[0] for row in db.execute("SELECT action FROM claim_record ORDER BY id")]
    assert actions == ["filed", "confirmed"]


@pytest.mark.parametrize(
    "damage",
    [
        "state = substr(state, 1, length(state) / 2)",
        "state = '[]'",
        "state = replace(state, '\"version\": 2', '\"version\": 1')",
        "seq = seq + 100",
    ],
)
def test_evidence_that_was_damaged_is_found_again_from_the_rows(ward: Ward, damage: str) -> None:
    service = ward.service
    ward.speak(120, wrong=3)
    assert compared(service, 23)
    before = page(service)
    service.stop()
    with closing(sqlite3.connect(service.data_dir / FILE_NAME)) as db, db:
        assert db.execute(f"UPDATE claim_states SET {damage}").rowcount == 1
    assert verified(service).startswith("claims: BAD: ") or "seq" in damage
    service.start()
    assert eventually(lambda: page(service) == before)
    assert "the saved evidence on claims is not used" in service.log
    service.stop()
    assert verified(service).startswith("claims: good: ")


def test_what_comes_when_its_shift_is_over_does_not_count_again(ward: Ward) -> None:
    service = ward.service
    ward.speak(31, wrong=3)
    assert compared(service, 6)
    before = page(service)["rests_on"]
    ward.said, began_s = 0, ward.began_s
    ward.began_s += 60.0
    ward.name = "later"
    ward.speak(30, wrong=9)
    ward.said, ward.began_s, ward.name = 31, began_s, "u"
    ward.speak(5, wrong=3)
    assert compared(service, 7)
    after = page(service)["rests_on"]
    assert after["slice"]["utterances"] == before["slice"]["utterances"] + 1 == 7
    assert after["slice"]["wer"] == 0.3


def test_what_is_not_there_is_refuted(ward: Ward) -> None:
    ward.speak(400, wrong=1)
    assert eventually(lambda: page(ward.service)["state"] == "refuted")
    assert page(ward.service)["says"].startswith("Refuted: the excess is smaller than the claimed 8 points (")


def test_a_withdrawn_claim_stays_with_what_its_evidence_was(ward: Ward) -> None:
    service = ward.service
    ward.speak(31, wrong=3)
    assert compared(service, 6)
    claim_id = page(service)["claim_id"]
    said = {"author": "ann", "note": "the microphone was replaced"}
    assert service.post(f"/v1/claims/{claim_id}/withdraw", said).json()["state"] == "withdrawn"
    assert eventually(lambda: len(page(service)["record"]) == 3)
    found = page(service)
    assert found["says"].startswith("Withdrawn; it stood at: open: +20.0 points (95 %: ")
    assert [(row["action"], row["author"]) for row in found["record"]] == [
        ("filed", "eve"),
        ("withdrawn", "ann"),
        ("stood", None),
    ]
    again = service.post(f"/v1/claims/{claim_id}/withdraw", said)
    assert (again.status_code, again.json()["detail"]) == (409, "this claim is withdrawn already")
    assert 'werwatch_claims{state="open"} 0.0' in service.scrape()
    ward.speak(30, wrong=9)
    service.stop()
    assert verified(service).startswith("claims: good: ")
    service.start()
    assert page(service) == found


def test_evidence_outlives_the_rows(tmp_path: Path, bearer: Bearer) -> None:
    day = BadDay(tmp_path, clock_s=-410 * DAY_S)
    service = RunningService(tmp_path, {"attributes": ["site"]}, day.program, bearer).start()
    try:
        service.post("/v1/claims", CLAIM).raise_for_status()
        ward = Ward(service, time.time() - 410 * DAY_S + 60.0)
        day.becomes(clock_s=-405 * DAY_S)
        ward.speak(120, wrong=2)
        assert compared(service, 23)
        before = page(service)
        service.stop()
        day.becomes()
        service.start()
        assert eventually(lambda: rows_left(service) == 0)
        assert page(service) == before
        ward.speak(40, wrong=2)
        assert compared(service, 31)
        service.stop()
        assert verified(service) == "claims: good: the saved evidence is what the rows lead to"
        service.start()
        assert compared(service, 31)
    finally:
        service.kill()


def rows_left(service: RunningService) -> int:
    with closing(sqlite3.connect(service.data_dir / FILE_NAME)) as db:
        return int(db.execute("SELECT COUNT(*) FROM scored").fetchone()[0])


def test_what_was_said_before_the_claim_does_not_count(make_service: Callable[..., RunningService]) -> None:
    service = make_service(attributes=["site"])
    ward = Ward(service, time.time() - 10 * DAY_S)
    ward.speak(100, wrong=9)
    service.post("/v1/claims", CLAIM).raise_for_status()
    ward.speak(100, wrong=9)
    found = page(service)
    assert (found["state"], found["rests_on"]["slice"]["speaker_shifts"]) == ("open", 0)


@pytest.mark.parametrize("portion", [1, 7, 1_000])
def test_it_does_not_depend_on_when_it_is_looked_at(
    portion: int, ward: Ward, monkeypatch: pytest.MonkeyPatch
) -> None:
    ward.speak(40, wrong=3)
    other = {**CLAIM, "slice": {"cohort": "en-IN", "site": "ward-1"}}
    second = ward.service.post("/v1/claims", other).json()["claim_id"]
    ward.speak(40, wrong=3)
    ward.service.post(f"/v1/claims/{second}/withdraw", {"author": "ann", "note": "no"}).raise_for_status()
    ward.speak(40, wrong=3)
    assert compared(ward.service, 23)
    ward.service.stop()
    monkeypatch.setattr("service.watching.claim_course.ROWS_AT_ONCE", portion)
    with closing(sqlite3.connect(ward.service.data_dir / FILE_NAME)) as db:
        rows, course = ClaimRows(db), ClaimCourse()
        saved = rows.saved("snapshot")
        assert saved is not None
        for seq in (30, 55, 80, 100, saved.place.seq):
            record_id = sum(row[0] <= seq for row in db.execute("SELECT after_seq FROM claim_record"))
            for _ in course.follow(rows, seq, ClaimPlace(seq, min(record_id, saved.place.record_id))):
                course = ClaimCourse.continued(course.saved())
                break
            for _ in course.follow(rows, seq, ClaimPlace(seq, min(record_id, saved.place.record_id))):
                pass
        assert json.loads(course.saved().state) == json.loads(saved.state)


@pytest.mark.parametrize(
    ("body", "status", "detail"),
    [
        (
            {**CLAIM, "slice": {"ward": "7"}},
            422,
            (
                "slice: a name in it is not declared in attributes or cohorts.by; known are accent, cohort, "
                "device, engine, engine_version, site"
            ),
        ),
        ({**CLAIM, "slice": {}}, 422, None),
        ({**CLAIM, "slice": {"site": "ward\n7"}}, 422, None),
        ({**CLAIM, "excess_points": 0}, 422, None),
        ({**CLAIM, "excess_points": 101}, 422, None),
        ({**CLAIM, "note": ""}, 422, None),
        ({key: value for key, value in CLAIM.items() if key != "author"}, 422, None),
    ],
)
def test_what_is_no_claim_is_refused(
    body: dict[str, Any], status: int, detail: str | None, shared_service: RunningService
) -> None:
    answer = shared_service.post("/v1/claims", body)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    if detail is not None:
        assert answer.json()["detail"] == detail


def test_an_unknown_claim_is_not_found(shared_service: RunningService) -> None:
    answer = shared_service.post("/v1/claims/none/withdraw", {"author": "ann", "note": "no"})
    assert (answer.status_code, answer.json()["detail"]) == (404, "no such claim; GET /v1/claims lists them")


def test_no_more_are_judged_than_may_be(make_service: Callable[..., RunningService]) -> None:
    service = make_service(claims={"max": 1, "alpha": 0.01})
    first = service.post("/v1/claims", CLAIM).json()
    assert (first["alpha"], first["evidence"]["needed"], first["excess"]["confidence"]) == (0.01, 100.0, 0.98)
    refused = service.post("/v1/claims", CLAIM)
    assert refused.status_code == 409
    assert refused.json()["detail"] == "1 claims are judged already (claims.max); withdraw one first"
    service.post(f"/v1/claims/{first['claim_id']}/withdraw", {"author": "a", "note": "b"}).raise_for_status()
    assert service.post("/v1/claims", CLAIM).status_code == 201


def test_the_record_cannot_be_changed(make_service: Callable[..., RunningService]) -> None:
    service = make_service()
    service.post("/v1/claims", CLAIM).raise_for_status()
    service.stop()
    with closing(sqlite3.connect(service.data_dir / FILE_NAME)) as db:
        for change in (
            "UPDATE claims SET excess_points = 1",
            "DELETE FROM claims",
            "DELETE FROM claim_record",
        ):
            with pytest.raises(sqlite3.IntegrityError, match="append-only"):
                db.execute(change)


def test_the_command_line_files_lists_and_withdraws(make_service: Callable[..., RunningService]) -> None:
    service = make_service()
    api = ["--api", service.api]
    assert call("claims", *api).stdout == "no claims\n"
    done = call(
        "claim", "accent=en-IN", "site=ward-7", "--excess", "8", "--author", "eve", "--note", "x", *api
    )
    assert (
        ": accent=en-IN and site=ward-7: +8 WER points over the rest, judged on what is spoken from "
        in done.stdout
    )
    claim_id = done.stdout.split(":")[0]
    assert f"{claim_id}  open\n  accent=en-IN and site=ward-7" in call("claims", *api).stdout
    shown = call("claims", claim_id, *api).stdout
    assert "  slice: 0 speaker-shifts of 0 speakers, 0 utterances, WER unknown\n" in shown
    assert "  filed  eve: x\n" in shown
    withdrawn = call("withdraw-claim", claim_id, "--note", "no", "--author", "ann", *api)
    assert withdrawn.stdout == f"{claim_id} is withdrawn\n"
    wrong = call("claim", "site", "--excess", "8", "--author", "eve", "--note", "x", *api)
    assert (wrong.returncode, "expected NAME=VALUE like site=ward-7, got site" in wrong.stderr) == (2, True)
    undeclared = call("claim", "ward=7", "--excess", "8", "--author", "eve", "--note", "x", *api)
    assert "a name in it is not declared" in undeclared.stderr
