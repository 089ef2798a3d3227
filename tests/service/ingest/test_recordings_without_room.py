"""Of a recording of which ``storage.max_bytes`` took something, nobody takes the rest for the whole."""

import time
from array import array
from collections.abc import Callable
from contextlib import closing
from typing import Any

from conftest import RunningService, eventually

from service.records import Utterance
from service.store.store import Store

SAID = "no fever since monday and the leg is better"
LEAST_BUDGET = 20_000_000
WORDS = array("Q", range(2_000)).tobytes()


def forgotten(service: RunningService, kind: str) -> float:
    series = f'werwatch_forgotten_rows_total{{kind="{kind}",reason="size"}} '
    [line] = [line for line in service.scrape().splitlines() if line.startswith(series)]
    return float(line.removeprefix(series))


def speak(service: RunningService, name: str, recording: str) -> None:
    body = {"utterance_id": name, "recording_id": recording, "hypothesis": SAID}
    assert service.post("/v1/utterances", body).status_code == 202


def run_out_of_room(service: RunningService) -> None:
    """Let everything that came until now make room."""
    assert service.stop() == 0
    with closing(Store(service.data_dir)) as store, store.transaction():
        for number in range(1_200):
            name, now = f"long {number}", time.time()
            about = (None, None, None, None, "n", 2_000, WORDS)
            store.put_utterance(Utterance(name, b"", "A", "{}", None, None, None, now, now, *about), "A")
    service.start()
    assert eventually(lambda: forgotten(service, "utterance") > 100)


def refer(service: RunningService, recording: str, **more: Any) -> tuple[int, dict[str, Any]]:
    body = {"recording_id": recording, "reference": f"{SAID} {SAID}", **more}
    answer = service.post("/v1/references", body)
    return answer.status_code, answer.json()


def test_a_reference_for_what_is_left_of_a_recording_is_refused(
    make_service: Callable[..., RunningService],
) -> None:
    service = make_service(storage={"max_bytes": LEAST_BUDGET}, recordings={"settle": "0s"})
    for recording in ("cut", "counted", "read in part", "erased"):
        speak(service, f"{recording} 1", recording)
    run_out_of_room(service)
    for recording in ("cut", "counted", "read in part", "erased", "whole"):
        speak(service, f"{recording} 2", recording)
    status, told = refer(service, "cut")
    assert (status, told["detail"]) == (
        422,
        "storage.max_bytes took some of this recording; send references by utterance_id, or passages",
    )
    states = [each["status"] for each in service.get("/v1/recordings/cut")["references"]]
    assert states == ["incomplete", "refused"]
    # Of these it is known what is missing, or nothing has to be there.
    assert refer(service, "counted", utterances=2)[1]["status"] == "waiting"
    status, told = refer(service, "read in part", reference=SAID, passage=True)
    assert (status, told["status"], told["deletions"]) == (200, "scored", 0)
    status, told = refer(service, "whole")
    assert (status, told["status"], told["deletions"]) == (200, "scored", 9)
    # The next start knows it as well, and erasing takes it like any other.
    service.kill()
    service.start()
    assert refer(service, "cut", reference="no fever at all")[0] == 422
    service.post("/v1/erasures", {"recording_id": "erased"}).raise_for_status()
    states = [each["status"] for each in service.get("/v1/recordings/erased")["references"]]
    assert states == ["erased"]
