"""A claim comes to the same verdict on the same evidence from a backup, after kills and without old rows."""

import json
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from bearer import Bearer
from commands import call
from conftest import BadDay, RunningService, eventually
from ward import CLAIM, DAY_S, Ward, compared, page

RETENTION = {"scored_retention": "6d"}
SHIFTS = (60, 61)
"""Before and after the backup; of all of them a fifth is of the slice, and one shift is not over."""


@pytest.fixture
def day(tmp_path: Path) -> BadDay:
    """A machine whose clock is ten days back."""
    return BadDay(tmp_path, clock_s=-10 * DAY_S)


@pytest.fixture
def service(day: BadDay, tmp_path: Path, bearer: Bearer) -> Iterator[RunningService]:
    settings = {"attributes": ["site"], "privacy": RETENTION}
    service = RunningService(tmp_path, settings, day.program, bearer).start()
    yield service
    if service.process is not None and service.process.poll() is None:
        service.kill()


def command(service: RunningService, *words: str) -> str:
    done = call(*words, "--config", service.folder / "werwatch.yaml")
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    return done.stdout


def forgotten(service: RunningService) -> float:
    series = 'werwatch_forgotten_rows_total{kind="scored",reason="age"} '
    [line] = [line for line in service.scrape().splitlines() if line.startswith(series)]
    return float(line.removeprefix(series))


def judged(service: RunningService) -> dict[str, Any]:
    """All that is said of the claim, but for when its verdict was written down."""
    found = page(service)
    for row in found["record"]:
        del row["taken_at"]
    return found


def test_killed_restored_and_without_old_rows_a_claim_comes_to_the_same(
    service: RunningService, day: BadDay, tmp_path: Path
) -> None:
    before, after = SHIFTS
    began_s = time.time() - 10 * DAY_S + 60.0
    # What was said before it was filed is as bad as can be, and says nothing.
    earlier = Ward(service, began_s - 3 * DAY_S)
    earlier.name = "earlier"
    earlier.speak(50, wrong=9)
    service.post("/v1/claims", CLAIM).raise_for_status()
    day.becomes(clock_s=-8 * DAY_S)
    ward = Ward(service, began_s)
    ward.speak(before, wrong=3)
    assert compared(service, 11)
    service.kill()
    service.start()
    copy = tmp_path / "copy.db"
    command(service, "backup", str(copy))
    day.becomes(clock_s=-7 * DAY_S)
    ward.speak(after, wrong=3)
    service.kill()
    service.start()
    assert eventually(lambda: page(service)["state"] == "confirmed")
    assert compared(service, 24)
    whole = judged(service)
    assert whole["rests_on"]["slice"]["wer"] == 0.3
    assert service.stop() == 0

    key = (service.data_dir / "key").read_bytes()
    shutil.rmtree(service.data_dir)
    service.data_dir.mkdir(mode=0o700)
    (service.data_dir / "key").write_bytes(key)
    (service.data_dir / "key").chmod(0o600)
    command(service, "restore", str(copy))
    service.start()
    assert compared(service, 11)
    # The evidence is saved, and the rows that it rests on are too old.
    assert service.stop() == 0
    day.becomes(clock_s=-1.5 * DAY_S)
    service.start()
    assert eventually(lambda: forgotten(service) == before + 50)
    service.kill()
    service.start()
    ward.said = before
    ward.speak(after, wrong=3)
    service.kill()
    service.start()
    assert eventually(lambda: judged(service) == whole)
    assert service.stop() == 0
    assert "claims: good: the saved evidence is what the rows lead to" in command(service, "verify")


def test_a_backup_is_no_way_to_be_judged_on_what_was_known_when_it_was_filed(
    service: RunningService, day: BadDay, tmp_path: Path
) -> None:
    ward = Ward(service, time.time() - 13 * DAY_S)
    ward.speak(100, wrong=9)
    copy = tmp_path / "copy.db"
    service.post("/v1/claims", CLAIM).raise_for_status()
    command(service, "backup", str(copy))
    assert service.stop() == 0
    command(service, "restore", "--force", str(copy))
    day.becomes(clock_s=-7 * DAY_S)
    service.start()
    # Known already: sent again, it is no news.
    ward.said = 0
    lines = "\n".join(json.dumps(ward._said(9)) for _ in range(100)).encode()
    answer = service.post("/v1/references", lines, **{"content-type": "application/x-ndjson"}).json()
    assert answer["duplicate"] == 100
    ward.speak(1, wrong=1)
    found = page(service)
    assert (found["state"], found["rests_on"]["slice"]["speaker_shifts"]) == ("open", 0)
