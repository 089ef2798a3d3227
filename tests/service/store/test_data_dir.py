"""The data folder refuses what it cannot keep, and says what to do."""

import os
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from conftest import PATIENCE_S, RunningService, must_mount, program

from service.config import Config
from service.errors import StartError
from service.pipeline import Pipeline
from service.store.data_dir import held


@pytest.fixture
def synced(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """What was put on disk, in order; it really is."""
    paths: list[Path] = []
    fsync = os.fsync

    def watched(descriptor: int) -> None:
        paths.append(Path(f"/proc/self/fd/{descriptor}").readlink())
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", watched)
    return paths


def serve(data_dir: Path, *wrapper: str) -> subprocess.CompletedProcess[str]:
    config = data_dir.parent / "second.yaml"
    addresses = {"listen": "127.0.0.1:0", "metrics_listen": "127.0.0.1:0"}
    config.write_text(yaml.safe_dump({**addresses, "data_dir": str(data_dir)}))
    command = [*wrapper, sys.executable, "-m", "service.cli", "serve", "--config", str(config)]
    return subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, check=False)


def test_a_second_service_on_the_same_folder_refuses_and_says_which_process_holds_it(
    make_service: Callable[..., RunningService],
) -> None:
    service = make_service()
    assert service.process is not None
    done = serve(service.data_dir)
    assert done.returncode == 2
    assert f"is in use by another werwatch (process {service.process.pid})" in done.stderr
    assert "give this one a data_dir of its own" in done.stderr
    answer = service.post("/v1/utterances", {"utterance_id": "a", "hypothesis": "no fever"})
    assert answer.status_code == 202


def test_the_lock_ends_with_a_killed_process(make_service: Callable[..., RunningService]) -> None:
    service = make_service()
    service.kill()
    service.start()
    assert service.stop() == 0


def test_what_fails_to_start_lets_go_of_the_folder(tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.write_bytes(b"short")
    key.chmod(0o600)
    config = Config.model_validate({"data_dir": tmp_path})
    with pytest.raises(StartError, match="16 to 64 bytes"):
        Pipeline(config)
    key.unlink()
    pipeline = Pipeline(config)
    pipeline.start()
    pipeline.close()


def test_a_read_only_folder_is_refused_with_what_to_do(tmp_path: Path) -> None:
    wrapper = read_only(tmp_path)
    done = serve(tmp_path / "data", *wrapper)
    assert done.returncode == 2
    assert "cannot be written" in done.stderr
    assert "or set data_dir to another folder" in done.stderr


def test_a_full_disk_is_refused_at_the_start_with_what_to_do(tmp_path: Path) -> None:
    must_mount()
    disk = tmp_path / "data"
    disk.mkdir()
    filled = f'mount -t tmpfs -o size=64k none "{disk}" && ! cat /dev/zero 2>&- >"{disk}/filler" && exec "$@"'
    done = serve(disk, program("unshare", "util-linux"), "--mount", "sh", "-c", filled, "sh")
    assert done.returncode == 2
    assert "cannot be written: No space left on device; free some space, then start again" in done.stderr


def test_a_new_folder_its_store_and_its_key_survive_a_power_loss(tmp_path: Path, synced: list[Path]) -> None:
    data_dir = tmp_path / "new" / "data"
    Pipeline(Config.model_validate({"data_dir": data_dir}))._opened.close()
    assert {tmp_path, tmp_path / "new"} <= set(synced)
    # The folder once the store is there; the key's content before its name.
    names = [path for path in synced if not path.name.endswith("-wal")]
    assert names[-3:] == [data_dir, data_dir / "key.new", data_dir]


def test_it_is_made_for_its_owner_alone(tmp_path: Path) -> None:
    with held(tmp_path / "data") as folder:
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def read_only(folder: Path) -> list[str]:
    """Makes ``folder/data`` and returns what a command has to be run under to find it read-only."""
    data_dir = folder / "data"
    data_dir.mkdir()
    if os.geteuid() != 0:
        data_dir.chmod(0o500)
        return []
    # To root no permission is denied, so the file system itself is made read-only for the child.
    mounted = f'mount --bind "{data_dir}" "{data_dir}" && mount -o remount,bind,ro "{data_dir}" && exec "$@"'
    return [program("unshare", "util-linux"), "--mount", "sh", "-c", mounted, "sh"]
