"""What a command is given wrongly is named with what to give instead, and is no traceback."""

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from commands import call
from stand_in import Got, Reply, stand_in

from service.errors import StartError
from service.store.data_dir import is_there
from service.store.store import FILE_NAME

ASKING = {
    "alerts": ["alerts"],
    "acknowledge": ["acknowledge", "alert_1"],
    "resolve": ["resolve", "alert_1", "--note", "x"],
    "silence": ["silence", "cohort=x", "--for", "2h", "--note", "x"],
    "silences": ["silences"],
    "end-silence": ["end-silence", "silence_1"],
    "claims": ["claims"],
    "a claim": ["claims", "claim_1"],
    "claim": ["claim", "site=x", "--excess", "5", "--note", "x"],
    "withdraw-claim": ["withdraw-claim", "claim_1", "--note", "x"],
    "notices": ["notices"],
    "resend": ["resend", "notice_1"],
    "dismiss": ["dismiss", "notice_1", "--note", "x"],
    "explain": ["explain", "alert_1"],
    "explain a cohort": ["explain", "--cohort", "x"],
    "rebaseline": ["rebaseline", "--note", "x", "--author", "ann"],
    "announce": ["announce", "x", "--author", "ann"],
    "reload": ["reload"],
}
STRANGE = [
    Reply(200, b"[]"),
    Reply(200, b'"a string"'),
    Reply(200, b'{"alerts": "none", "next": 3, "silences": {}, "claims": [1], "notices": [{}]}'),
    Reply(200, b"<html>welcome</html>"),
    Reply(200, b"\xff\xfe\x00"),
    Reply(200, b"[" * 100_000),
    Reply(204, b""),
    Reply(302, b"", {"Location": "/login"}),
    Reply(404, b'{"detail": ["not here"]}'),
    Reply(500, b"[]"),
]


def always(reply: Reply) -> Callable[[Got], Reply]:
    return lambda _: reply


@pytest.mark.parametrize("command", ASKING.values(), ids=list(ASKING))
def test_an_answer_of_another_server_is_told_from_that_of_werwatch(command: list[str]) -> None:
    for strange in STRANGE:
        with stand_in(always(strange)) as server:
            done = call(*command, "--api", server.url)
        told = f"what answers there is not werwatch, or another version of it (HTTP {strange.status})"
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr == f"werwatch: {server.url}: {told}; is --api right?\n"


@pytest.mark.parametrize(
    ("name", "text"),
    [("history.ndjson", '{"utterance_id": "u", "reference": "x"}\n'), ("references.trn", "no fever (u)\n")],
)
def test_nor_is_anything_imported_there(tmp_path: Path, name: str, text: str) -> None:
    path = tmp_path / name
    path.write_text(text)
    # With status 500 it might be werwatch on a bad day, which is waited for.
    for strange in STRANGE[:-1]:
        with stand_in(always(strange)) as server:
            done = call("import", str(path), "--api", server.url, "--from-start")
        assert done.returncode == 2
        assert f"{server.url}: what answers there is not werwatch" in done.stderr


@pytest.mark.parametrize(
    "url",
    ["", "x", "127.0.0.1:8600", "ftp://127.0.0.1", "http://", "http://[::1", "http://x:99999", "http://x:abc",
     "http://x:0", "http://x y", "http://x/\n", "http://a..b", f"http://{'a' * 64}.org", "http://999.1.1.1",
     "http://x?y=z", "http://x#y"],
)  # fmt: skip
def test_a_url_that_is_none_is_named_by_its_option(url: str, tmp_path: Path) -> None:
    history = tmp_path / "history.ndjson"
    history.write_text('{"utterance_id": "u", "reference": "x"}\n')
    for command in (["alerts"], ["import", str(history)]):
        done = call(*command, "--api", url)
        assert done.returncode == 2
        assert done.stderr.startswith("werwatch: --api: expected a URL like http://127.0.0.1:8600: ")
    done = call("proxy", "--engine", url, "--provider", "openai")
    assert done.returncode == 2
    assert done.stderr.startswith("werwatch: --engine: expected a URL like https://api.openai.com: ")


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("nonsense", 'expected host:port with a port from 0 to 65535, like "127.0.0.1:8600"'),
        ("127.0.0.1:99999", 'expected host:port with a port from 0 to 65535, like "127.0.0.1:8600"'),
        ("a..b:0", "a..b:0: its host is no name that could be looked up"),
        (f"{'a' * 64}:0", f"{'a' * 64}:0: its host is no name that could be looked up"),
    ],
)
def test_an_address_that_is_none_is_named_by_its_option(address: str, told: str) -> None:
    for option in ("--listen", "--metrics-listen"):
        other = "--metrics-listen" if option == "--listen" else "--listen"
        engine = ["--engine", "http://127.0.0.1:1", "--provider", "openai"]
        done = call("proxy", *engine, other, "127.0.0.1:0", option, address)
        assert (done.returncode, done.stderr) == (2, f"werwatch: {option}: {told}\n")


TOO_LONG = "x" * 300
"""No file can be called so: as where one may not look, whether there is one cannot be asked."""


@pytest.mark.parametrize(
    "command",
    [["verify"], ["backup", "copy.db"], ["rotate-key", "--author", "ann"], ["export-slice", "site=x"]],
    ids=lambda command: command[0],
)
def test_a_store_at_which_nobody_may_look_is_named(tmp_path: Path, command: list[str]) -> None:
    config = tmp_path / "werwatch.yaml"
    config.write_text(f"data_dir: {tmp_path / TOO_LONG}\n")
    done = call(*command, "--config", str(config))
    told = f"werwatch: {tmp_path / TOO_LONG / FILE_NAME}: File name too long\n"
    assert (done.returncode, done.stdout, done.stderr) == (2, "", told)


@pytest.mark.parametrize("command", ["backup", "restore"])
def test_nor_is_a_copy_that_cannot_be_called_so_a_traceback(tmp_path: Path, command: str) -> None:
    config = tmp_path / "werwatch.yaml"
    config.write_text(f"data_dir: {tmp_path}\n")
    done = call(command, str(tmp_path / TOO_LONG), "--config", str(config))
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"werwatch: {tmp_path / TOO_LONG}: File name too long\n"


def test_who_may_not_look_is_told_who_may(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(self: Path) -> bool:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(self))

    monkeypatch.setattr(Path, "exists", forbidden)
    with pytest.raises(StartError, match=r"Permission denied; the user \d+ may not look there"):
        is_there(tmp_path)


@pytest.mark.parametrize("metrics", ["x", "x y:1", "127.0.0.1:abc"])
def test_a_health_check_of_no_address_says_so(metrics: str) -> None:
    done = call("healthcheck", "--metrics", metrics)
    told = f"werwatch: --metrics: expected host:port, like 127.0.0.1:9600, got {metrics}\n"
    assert (done.returncode, done.stderr) == (1, told)


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"", "nothing"),
        (b"a secret\nand another", "more than one line, or other characters than ASCII"),
        ("s\u00e9cret".encode(), "more than one line, or other characters than ASCII"),
    ],
)
def test_a_token_that_no_header_can_hold_is_not_repeated(tmp_path: Path, content: bytes, what: str) -> None:
    path = tmp_path / "token"
    path.write_bytes(content)
    done = call("alerts", "--token-file", str(path))
    told = f"werwatch: --token-file: {path} holds {what}; expected a token on one line\n"
    assert (done.returncode, done.stderr) == (2, told)


def test_an_id_with_any_characters_is_asked_for_as_it_is() -> None:
    with stand_in(lambda _: Reply(404, b'{"detail": "no such alert"}')) as server:
        done = call("acknowledge", "..a b?\u00e9#", "--api", server.url)
    assert done.stderr == f"werwatch: {server.url}: no such alert\n"
    assert server.got[0].path == "/v1/alerts/..a%20b%3F%C3%A9%23/acknowledge"


@pytest.mark.parametrize("number", ["nan", "inf", "-inf", "-1", "0", "1e400", "ten", ""])
@pytest.mark.parametrize(
    "command",
    [
        ["claim", "site=x", "--note", "x", "--excess"],
        ["explain", "--cohort", "x", "--hours"],
        ["backtest", ".", "--budget"],
        ["backtest", ".", "--smallest-change"],
        ["backtest", ".", "--runs"],
        ["export-slice", "site=x", "--most"],
        ["demo", "--seconds"],
    ],
    ids=lambda command: f"{command[0]} {command[-1]}",
)
def test_a_number_that_cannot_be_meant_is_named_with_its_option(command: list[str], number: str) -> None:
    done = call(*command, number)
    assert (done.returncode, done.stdout) == (2, "")
    assert f"Invalid value for '{command[-1]}': " in done.stderr


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--gap", "nan"], "Invalid value for '--gap': nan"),
        (["--gap", "1e300"], "Invalid value for '--gap': 1e+300 is not in the range"),
        (["--set", "probability=nan"], "--set: probability: the API takes no 'nan' there"),
        (["--set", "probability=2"], "--set: probability: the API takes no '2' there"),
        (["--set", "reference_kind=verbal"], "--set: reference_kind: the API takes no 'verbal' there"),
        (["--set", "utterances=0"], "--set: utterances: the API takes no '0' there"),
        (["--set", "passage=perhaps"], "--set: passage: the API takes no 'perhaps' there"),
        (["--set", "spoken_at=today"], "--set: spoken_at: the API takes no 'today' there"),
        (["--set", "attributes=x"], "--set: attributes: the API takes no 'x' there"),
        (["--set", "audio.snr_db=loud"], "--set: audio.snr_db: the API takes no 'loud' there"),
        (["--set", "speaker_id.x=a"], "--set: the API has no speaker_id.x"),
        (["--map", "attributes.=a"], "--map: the API has no attributes."),
        (["--set", "selection=random", "--set", "selection=requested"], "--set: selection is there twice"),
        (["--only", "a=1", "--only", "a=2"], "--only: a is there twice"),
        (["--map", "speaker_id=a", "--map", "speaker_id=b"], "--map: speaker_id is there twice"),
    ],
)
def test_what_is_said_of_lines_is_said_once_and_can_be_meant(
    options: list[str], told: str, tmp_path: Path
) -> None:
    path = tmp_path / "history.ndjson"
    path.write_text('{"utterance_id": "u", "reference": "x"}\n')
    for command in ("import", "replay", "backtest"):
        done = call(command, str(path), *options)
        assert done.returncode == 2
        assert told in done.stderr


def test_times_that_lead_out_of_the_calendar_are_the_fault_of_their_line(tmp_path: Path) -> None:
    path = tmp_path / "history.ndjson"
    path.write_text('{"utterance_id": "u", "hypothesis": "x"}\n' * 2)
    done = call("replay", str(path), "--begin", "9999-12-31T00:00Z", "--gap", "31622400")
    assert done.returncode == 1
    assert f"{path}:2: spoken_at: --begin and --gap lead too far into the future\n" in done.stderr


@pytest.mark.parametrize("store", [None, b"", b"no database" * 1_000])
def test_a_store_that_is_damaged_is_no_traceback(tmp_path: Path, store: bytes | None) -> None:
    path = tmp_path / "data" / FILE_NAME
    path.parent.mkdir()
    if store is None:
        path.mkdir()
    else:
        path.write_bytes(store)
    config = tmp_path / "werwatch.yaml"
    config.write_text(f"data_dir: {path.parent}\n")
    for command in (["export-slice", "site=x"], ["backup", str(tmp_path / "copy.db")]):
        done = call(*command, "--config", str(config))
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr.startswith(f"werwatch: {path}: ")
    assert call("verify", "--config", str(config)).returncode == 1
    assert not (tmp_path / "copy.db").exists()


@pytest.mark.parametrize("identity", ["", "a/b", "/"])
def test_what_is_no_id_is_named(identity: str) -> None:
    for command in (["acknowledge"], ["claims"], ["explain"], ["end-silence"], ["resend"]):
        done = call(*command, identity)
        told = f"werwatch: expected an id as the lists show it, got {identity!r}\n"
        assert (done.returncode, done.stderr) == (2, told)


@pytest.mark.parametrize("time", ["tomorrow", "2026-12-01", "2026-12-01T20:00", ""])
def test_a_time_that_is_none_is_named_with_one(time: str) -> None:
    told = f"expected a time with its timezone, like 2026-12-01T20:00Z, got {time}.\n"
    silence = ["silence", "cohort=a", "--note", "x"]
    for command in ([*silence, "--until"], [*silence, "--from"], ["explain", "--cohort", "x", "--since"]):
        done = call(*command, time)
        assert (done.returncode, done.stderr.endswith(told)) == (2, True)
