"""A store that a restore moved aside is reached by no erasure, which is said and never hidden."""

import shutil
from collections.abc import Callable
from pathlib import Path

import httpx
from commands import call
from conftest import CLIENT, RunningService


def holds(folder: Path, word: bytes) -> bool:
    return any(word in path.read_bytes() for path in folder.rglob("*") if path.is_file())


def test_an_erasure_is_not_confirmed_while_another_store_holds_what_was_said(
    make_service: Callable[..., RunningService], tmp_path: Path
) -> None:
    def erase() -> httpx.Response:
        return CLIENT.delete(f"{service.api}/v1/utterances/a")

    service = make_service(privacy={"keep_text": True})
    service.post("/v1/utterances", {"utterance_id": "a", "hypothesis": "zygomaticus"}).raise_for_status()
    config = ["--config", str(service.folder / "werwatch.yaml")]
    assert call("backup", str(tmp_path / "copy.db"), *config).returncode == 0
    service.stop()
    done = call("restore", str(tmp_path / "copy.db"), "--force", *config)
    assert "neither retention nor erasure reaches it" in done.stdout
    [aside] = service.data_dir.glob("replaced-*")
    service.start()
    assert f"{aside} holds another store" in service.log
    answer = erase()
    assert answer.status_code == 503
    assert f"{aside.name} holds another store" in answer.json()["detail"]
    assert holds(service.data_dir, b"zygomaticus")
    shutil.rmtree(aside)
    assert erase().json() == {"erasures": [2], "texts": 0, "unreferenced": 0, "scored": 0}
    assert not holds(service.data_dir, b"zygomaticus")


def test_what_a_restore_did_not_finish_is_another_store(make_service: Callable[..., RunningService]) -> None:
    service = make_service()
    service.post("/v1/utterances", {"utterance_id": "a", "hypothesis": "zygomaticus"}).raise_for_status()
    left = service.data_dir / "werwatch.restored.part"
    left.write_bytes(b"half a store")
    assert CLIENT.delete(f"{service.api}/v1/utterances/a").status_code == 503
    left.unlink()
    assert CLIENT.delete(f"{service.api}/v1/utterances/a").status_code == 200
