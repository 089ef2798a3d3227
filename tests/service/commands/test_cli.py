import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from commands import call
from conftest import PATIENCE_S, RunningService

from service import __version__

Refused = Callable[[Path], subprocess.CompletedProcess[str]]


def test_it_says_its_version() -> None:
    command = [sys.executable, "-m", "service.cli", "version"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, check=True)
    assert done.stdout == f"werwatch {__version__}\n"


def test_a_good_configuration_is_called_good(tmp_path: Path) -> None:
    path = tmp_path / "werwatch.yaml"
    path.write_text("listen: 127.0.0.1:8601\n")
    done = call("check-config", path)
    assert (done.returncode, done.stdout) == (0, f"{path}: good\n")


def test_a_configuration_that_keeps_text_is_called_that(tmp_path: Path) -> None:
    path = tmp_path / "werwatch.yaml"
    path.write_text("privacy: {keep_text: true}\n")
    done = call("check-config", path)
    told = "privacy.keep_text: transcripts will lie as text in data_dir"
    assert (done.returncode, done.stdout) == (0, f"{path}: good\n{told}\n")


def test_a_bad_configuration_is_explained_without_a_traceback(tmp_path: Path, refused: Refused) -> None:
    path = tmp_path / "werwatch.yaml"
    path.write_text("listn: 127.0.0.1:8601\n")
    for done in (call("check-config", path), refused(path)):
        assert done.returncode == 2
        assert done.stderr == f"werwatch: listn: unknown key; did you mean listen? ({path}, line 1)\n"


def test_a_secret_that_is_none_is_found_by_check_config(tmp_path: Path) -> None:
    path = tmp_path / "werwatch.yaml"
    hook = "{name: a, kind: webhook, url: 'https://x.org', secret: whsec_short}"
    path.write_text(f"receivers: [{hook}]\n")
    done = call("check-config", path)
    assert done.returncode == 2
    assert "24 to 64 random bytes" in done.stderr


@pytest.mark.parametrize(
    ("token", "expected"),
    [
        ("", " holds nothing; expected a token on one line"),
        (" \n", " holds nothing; expected a token on one line"),
        ("ab", ": expected at least 16 characters, got 2"),
        ("fifteen-letters", ": expected at least 16 characters, got 15"),
    ],
)
def test_a_token_file_that_keeps_nobody_out_is_an_error(
    tmp_path: Path, token: str, expected: str, refused: Refused
) -> None:
    (tmp_path / "token").write_text(token)
    path = tmp_path / "werwatch.yaml"
    path.write_text(
        f"listen: 127.0.0.1:0\nmetrics_listen: 127.0.0.1:0\ndata_dir: {tmp_path}/data\n"
        f"api_token_file: {tmp_path}/token\n"
    )
    for done in (call("check-config", path), refused(path)):
        assert done.returncode == 2
        assert done.stderr == f"werwatch: api_token_file: {tmp_path}/token{expected}\n"


@pytest.mark.parametrize("key", ["api_token_file: {}", "privacy: {{key_file: {}}}"])
def test_a_secret_that_cannot_be_read_is_found_by_check_config(tmp_path: Path, key: str) -> None:
    path = tmp_path / "werwatch.yaml"
    path.write_text(key.format(tmp_path / "missing"))
    done = call("check-config", path)
    assert done.returncode == 2
    assert f"{tmp_path}/missing" in done.stderr
    assert "No such file" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_key_that_others_can_read_is_found_by_check_config(tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.write_bytes(bytes(32))
    path = tmp_path / "werwatch.yaml"
    path.write_text(f"privacy: {{key_file: {key}}}")
    key.chmod(0o644)
    assert "chmod 600" in call("check-config", path).stderr
    key.chmod(0o600)
    assert call("check-config", path).returncode == 0


@pytest.mark.parametrize("place", ["taken", "taken/data"])
def test_a_data_folder_that_is_a_file_is_found_by_check_config(tmp_path: Path, place: str) -> None:
    (tmp_path / "taken").write_text("")
    path = tmp_path / "werwatch.yaml"
    path.write_text(f"data_dir: {tmp_path / place}\n")
    done = call("check-config", path)
    told = f"data_dir: {tmp_path / place}: {tmp_path / 'taken'} is no folder; set data_dir to another place"
    assert (done.returncode, done.stderr) == (2, f"werwatch: {told}\n")


def test_a_configuration_that_sets_nothing_is_called_that(tmp_path: Path) -> None:
    path = tmp_path / "werwatch.yaml"
    path.write_text("# to be written\n")
    done = call("check-config", path)
    assert (done.returncode, done.stdout) == (0, f"{path}: good\nit sets nothing: every default holds\n")


def test_a_missing_file_is_named(tmp_path: Path, refused: Refused) -> None:
    done = refused(tmp_path / "none.yaml")
    assert done.returncode == 2
    assert "no such file" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_port_in_use_is_named_with_its_key(tmp_path: Path, refused: Refused) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        path = tmp_path / "werwatch.yaml"
        path.write_text(f"listen: {address}\nmetrics_listen: 127.0.0.1:0\ndata_dir: {tmp_path}/data\n")
        done = refused(path)
    assert done.returncode == 2
    assert f"listen: {address}: Address already in use; stop what listens there" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_data_folder_that_cannot_be_written_is_named(tmp_path: Path, refused: Refused) -> None:
    (tmp_path / "file").touch()
    path = tmp_path / "werwatch.yaml"
    path.write_text(f"listen: 127.0.0.1:0\nmetrics_listen: 127.0.0.1:0\ndata_dir: {tmp_path}/file/data\n")
    done = refused(path)
    assert done.returncode == 2
    assert "cannot be written" in done.stderr
    assert "Traceback" not in done.stderr


def test_sigterm_ends_it_in_order(make_service: Callable[..., RunningService]) -> None:
    service = make_service()
    assert httpx.get(service.metrics + "/readyz").json() == {
        "status": "ready",
        "notes": [],
        "keeps_text": False,
    }
    assert httpx.get(service.metrics + "/healthz").json() == {"status": "ok"}
    assert service.stop() == 0
    assert "everything that was accepted is on disk" in service.log


def test_a_health_check_says_whether_the_service_is_ready(
    make_service: Callable[..., RunningService],
) -> None:
    service = make_service()
    address = service.metrics.removeprefix("http://")
    for asked in (address, address.replace("127.0.0.1", "0.0.0.0")):
        done = call("healthcheck", "--metrics", asked)
        assert (done.returncode, done.stdout) == (0, "ready\n")
    service.stop()
    done = call("healthcheck", "--metrics", address)
    assert done.returncode == 1
    assert done.stderr == f"werwatch: {address}: no answer of werwatch; is it running?\n"


def test_every_answer_names_the_version(shared_service: RunningService) -> None:
    for url in (
        f"{shared_service.api}/v1/cohorts",
        f"{shared_service.api}/none",
        f"{shared_service.metrics}/metrics",
    ):
        assert httpx.get(url).headers["server"] == f"werwatch/{__version__}"
