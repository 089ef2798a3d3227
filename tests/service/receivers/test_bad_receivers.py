"""Receivers have bad days and the service is killed, and still every notice arrives, in order."""

import json
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

from authority import Authority
from chaos.stream import DETECTION, said
from conftest import RunningService, catches_up, eventually
from misbehaving import BAD_WAYS, misbehaving
from on_call import on_call

SECRET = "whsec_MDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDA="
SEED = 1
UTTERANCES, AT_ONCE = 4_800, 800
PATIENCE_S = 400.0


def receiver(name: str, url: str, **more: Any) -> dict[str, Any]:
    patience = {"timeout": "2s", "connect_timeout": "1s", "read_timeout": "1s"}
    return {"name": name, "kind": "webhook", "url": url, "secret": SECRET, **patience, **more}


def post(service: RunningService, begin: int) -> None:
    lines = "\n".join(json.dumps(said(index, SEED).both()) for index in range(begin, begin + AT_ONCE))
    answer = service.post("/v1/references", lines.encode(), **{"content-type": "application/x-ndjson"})
    answer.raise_for_status()


def waiting(service: RunningService, name: str) -> int:
    """How many notices wait for a receiver, once the monitor has seen everything."""
    rows = service.get("/v1/notices?limit=1000")["notices"]
    assert rows
    return sum(row["receiver"] == name and row["state"] == "pending" for row in rows)


def test_every_notice_arrives_in_order_through_bad_days_and_kills(
    make_service: Callable[..., RunningService], tmp_path: Path
) -> None:
    certificate = Authority(tmp_path).make().issue("server")
    with (
        misbehaving(2) as bad,
        misbehaving(0) as stuck,
        misbehaving(1, certificate) as unknown,
        on_call() as fine,
    ):
        receivers = [
            receiver("bad", bad.url),
            receiver("stuck", stuck.url),
            receiver("unknown", unknown.url),
            receiver("fine", fine.url),
        ]
        service = make_service(detection=DETECTION, receivers=receivers)
        for begin in range(0, UTTERANCES, AT_ONCE):
            post(service, begin)
            time.sleep(0.7)
            service.kill()
            service.start()
        assert catches_up(service)
        # The others have long been tried again and again by now, and hold it up by nothing.
        assert eventually(lambda: waiting(service, "fine") == 0)
        assert waiting(service, "stuck") > 0
        assert waiting(service, "unknown") > 0
        assert unknown.taken == []
        assert "its TLS certificate is not to be trusted" in service.log
        service.kill()
        receivers[2]["ca_file"] = str(tmp_path / "ca.pem")
        service.start()
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline and waiting(service, "bad") + waiting(service, "unknown"):
            time.sleep(0.2)
        told = {row["notice_id"] for row in service.get("/v1/notices?limit=1000")["notices"]}
        assert not service.get("/v1/notices?state=dead")["notices"]

    meant = {name: {each.removesuffix(f"-{name}") for each in told if each.endswith(f"-{name}")} for name in
             ("bad", "unknown", "fine")}  # fmt: skip
    fine_taken = {headers["webhook-id"]: json.loads(body) for _, headers, body in reversed(fine.seen)}
    for name, taken in (("bad", bad.once_each()), ("unknown", unknown.once_each()), ("fine", fine_taken)):
        assert set(taken) == meant[name]
    assert len(meant["bad"]) > 4
    for taken in (bad.once_each(), unknown.once_each()):
        revisions: dict[str, list[int]] = defaultdict(list)
        for body in taken.values():
            revisions[body["data"]["alert_id"]].append(body["data"]["revision"])
        assert all(numbers == sorted(numbers) for numbers in revisions.values())
        assert any(len(numbers) > 1 for numbers in revisions.values())
    assert set(bad.seen) | set(stuck.seen) == {"take", *BAD_WAYS}
    assert len(bad.taken) > len(bad.once_each())
