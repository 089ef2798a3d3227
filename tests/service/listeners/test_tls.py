"""TLS and client certificates, with certificates made here by openssl."""

import signal
import socket
import ssl
import subprocess
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from authority import Authority
from commands import call
from conftest import PATIENCE_S, RunningService, eventually, program

from service.config import Tls
from service.errors import ConfigError
from service.listeners.connections import MOST_OPEN
from service.listeners.tls import server_context

HELLO = bytes.fromhex("1603010200010001fc0303")
"""How the first message of a handshake begins."""
OTHERS = 10
"""Sockets of a service besides its connections: those that listen, and some that are about to go."""
UTTERANCE = {"utterance_id": "u", "hypothesis": "x"}


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority")).make()


@pytest.fixture(scope="module")
def server(authority: Authority) -> Path:
    return authority.issue("server")


def client(authority: Authority, certificate: Path | None = None) -> httpx.Client:
    context = ssl.create_default_context(cafile=authority.certificate)
    if certificate is not None:
        context.load_cert_chain(certificate)
    return httpx.Client(verify=context)


def test_the_api_speaks_tls_and_nothing_else(
    make_service: Callable[..., RunningService], authority: Authority, server: Path
) -> None:
    service = make_service(tls={"cert_file": str(server), "key_file": str(server)})
    assert service.api.startswith("https://")
    with client(authority) as trusting:
        assert trusting.post(service.api + "/v1/utterances", json=UTTERANCE).status_code == 202
    with httpx.Client() as doubting, pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
        doubting.get(service.api + "/v1/alerts")
    with pytest.raises(httpx.TransportError):
        httpx.get(service.api.replace("https", "http") + "/v1/alerts")
    old = ssl.create_default_context(cafile=authority.certificate)
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        old.maximum_version = ssl.TLSVersion.TLSv1_1
    with httpx.Client(verify=old) as outdated, pytest.raises(httpx.ConnectError):
        outdated.get(service.api + "/v1/alerts")
    assert "werwatch_utterances_total" in service.scrape()
    service.stop()
    assert '"level": "error"' not in service.log


def test_only_clients_with_a_certificate_of_the_authority_are_answered(
    make_service: Callable[..., RunningService], authority: Authority, server: Path, tmp_path: Path
) -> None:
    tls = {"cert_file": str(server), "key_file": str(server), "client_ca_file": str(authority.certificate)}
    service = make_service(tls=tls)
    another = Authority(tmp_path).make()
    of_itself = tmp_path / "itself.pem"
    of_itself.write_bytes(another.certificate.read_bytes() + (tmp_path / "ca.key").read_bytes())
    for certificate in (None, another.issue("stranger"), of_itself, authority.issue("ended", days=-1)):
        with client(authority, certificate) as unknown, pytest.raises(httpx.TransportError):
            unknown.post(service.api + "/v1/utterances", json=UTTERANCE)
    with client(authority, authority.issue("app")) as known:
        assert known.post(service.api + "/v1/utterances", json=UTTERANCE).is_success


def test_commands_reach_it_by_certificate_and_token(
    make_service: Callable[..., RunningService], authority: Authority, server: Path, tmp_path: Path
) -> None:
    token = tmp_path / "token"
    token.write_text("a-token-of-some-length")
    tls = {"cert_file": str(server), "key_file": str(server), "client_ca_file": str(authority.certificate)}
    service = make_service(tls=tls, api_token_file=str(token))
    command = ["announce", "x", "--author", "a", "--api", service.api]
    certificate = authority.issue("ops")
    admitted: list[str | Path] = ["--ca-file", authority.certificate, "--client-cert", certificate]
    assert "audit row 1" in call(*command, *admitted, "--token-file", token).stdout
    refused = call(*command)
    assert (refused.returncode, "certificate verify failed" in refused.stderr) == (2, True)
    done = call(*command, "--ca-file", tmp_path / "none")
    assert (done.returncode, "--ca-file" in done.stderr, "Traceback" in done.stderr) == (2, True, False)


def test_files_that_cannot_be_used_are_named(authority: Authority, server: Path, tmp_path: Path) -> None:
    other = authority.issue("other")
    secret = tmp_path / "encrypted.key"
    encrypt = ["ec", "-in", str(server), "-aes256", "-passout", "pass:long enough", "-out", str(secret)]
    subprocess.run([program("openssl", "openssl"), *encrypt], check=True, capture_output=True)
    no_pem = tmp_path / "no.pem"
    no_pem.write_text("no certificate")
    missing = tmp_path / "missing"
    cases: list[tuple[dict[str, Any], str]] = [
        ({"cert_file": missing}, "tls.cert_file: .*missing cannot be read: No such file"),
        ({"key_file": missing}, "tls.key_file: .*missing cannot be read: No such file"),
        ({"client_ca_file": missing}, "tls.client_ca_file: .*missing cannot be read: No such file"),
        ({"cert_file": no_pem}, "cert_file .*no.pem and key_file .*server.pem: expected a certificate"),
        ({"key_file": other}, "KEY_VALUES_MISMATCH"),
        ({"key_file": secret}, "its key without a passphrase"),
        ({"client_ca_file": no_pem}, "tls.client_ca_file: .*expected certificates as PEM"),
    ]
    for change, message in cases:
        with pytest.raises(ConfigError, match=message):
            server_context(Tls(**{"cert_file": server, "key_file": server, **change}))


def test_check_config_looks_at_the_certificates(tmp_path: Path) -> None:
    path = tmp_path / "werwatch.yaml"
    path.write_text("tls: {cert_file: /none/crt, key_file: /none/key}")
    done = call("check-config", path)
    assert (done.returncode, "tls.cert_file: /none/crt cannot be read" in done.stderr) == (2, True)


def serial(service: RunningService) -> bytes:
    """Which certificate is shown to whom connects now."""
    host, port = service.api.removeprefix("https://").split(":")
    return ssl.get_server_certificate((host, int(port)), timeout=PATIENCE_S).encode()


def shown(certificate: Path) -> bytes:
    return certificate.read_bytes().partition(b"-----BEGIN PRIVATE")[0]


def test_a_certificate_is_exchanged_without_a_gap(
    make_service: Callable[..., RunningService], authority: Authority, server: Path, tmp_path: Path
) -> None:
    served = tmp_path / "served.pem"
    served.write_bytes(server.read_bytes())
    service = make_service(tls={"cert_file": str(served), "key_file": str(served)})
    renewed = authority.issue("renewed")
    with client(authority) as kept:
        kept.get(service.api + "/v1/alerts").raise_for_status()
        served.write_bytes(renewed.read_bytes())
        assert serial(service) == shown(server)
        told = kept.post(service.api + "/v1/admin/reload", json={}).json()
        assert told == {"changed": ["tls"], "needs_restart": []}
        assert serial(service) == shown(renewed)
        # Half of one, or one whose key is another's, leaves the old one in force.
        key_of_another = (authority.folder / "renewed.key").read_bytes()
        for broken in (b"", renewed.read_bytes()[:300], shown(server) + key_of_another):
            served.write_bytes(broken)
            refused = kept.post(service.api + "/v1/admin/reload", json={})
            assert refused.status_code == 409
            assert "the configuration stays as it was: tls: cert_file" in refused.json()["detail"]
            assert serial(service) == shown(renewed)
        assert kept.get(service.api + "/v1/alerts").status_code == 200
    assert '"level": "error"' not in service.log


def test_whose_certificates_clients_need_is_exchanged_while_it_runs(
    make_service: Callable[..., RunningService], authority: Authority, server: Path, tmp_path: Path
) -> None:
    accepted = tmp_path / "accepted.pem"
    accepted.write_bytes(authority.certificate.read_bytes())
    (tmp_path / "next").mkdir()
    successor = Authority(tmp_path / "next").make()
    tls = {"cert_file": str(server), "key_file": str(server), "client_ca_file": str(accepted)}
    service = make_service(tls=tls)
    old, new = authority.issue("old-app"), successor.issue("new-app")
    assert service.process is not None
    with client(authority, old) as known:
        assert known.post(service.api + "/v1/utterances", json=UTTERANCE).is_success
    accepted.write_bytes(successor.certificate.read_bytes())
    service.process.send_signal(signal.SIGHUP)
    assert eventually(lambda: "changed: tls; after a restart: nothing" in service.log)
    with client(authority, old) as unknown, pytest.raises(httpx.TransportError):
        unknown.post(service.api + "/v1/utterances", json=UTTERANCE)
    with client(authority, new) as known:
        assert known.post(service.api + "/v1/utterances", json=UTTERANCE).is_success


def test_who_only_connects_keeps_nobody_out(
    make_service: Callable[..., RunningService], authority: Authority, server: Path
) -> None:
    tls = {"cert_file": str(server), "key_file": str(server)}
    service = make_service(tls=tls, limits={"client_timeout": "60s"})
    host, port = service.api.removeprefix("https://").split(":")
    assert service.process is not None
    process = psutil.Process(service.process.pid)
    with ExitStack() as stack:
        kept = stack.enter_context(client(authority))
        for number in range(MOST_OPEN + 100):
            silent = stack.enter_context(socket.create_connection((host, int(port)), timeout=PATIENCE_S))
            silent.sendall(HELLO[: number % len(HELLO)])
        for number in range(5):
            with client(authority) as another:
                sent = {"utterance_id": f"u-{number}", "hypothesis": "x"}
                assert another.post(service.api + "/v1/utterances", json=sent).status_code == 202
            # One that has shaken hands does not make room for those that have not.
            assert kept.get(service.api + "/v1/alerts").status_code == 200
        assert len(process.net_connections("tcp")) <= MOST_OPEN + OTHERS
        # Nor do they, or one that is idle, hold up the end, which would be an error in the log.
        assert service.stop() == 0
    assert '"level": "error"' not in service.log


def test_a_request_that_comes_with_the_end_of_the_handshake_is_answered(
    make_service: Callable[..., RunningService], authority: Authority, server: Path
) -> None:
    service = make_service(tls={"cert_file": str(server), "key_file": str(server)})
    host, port = service.api.removeprefix("https://").split(":")
    context = ssl.create_default_context(cafile=authority.certificate)
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    encrypted = context.wrap_bio(incoming, outgoing, server_hostname=host)
    with socket.create_connection((host, int(port)), timeout=PATIENCE_S) as connection:
        while True:
            try:
                encrypted.do_handshake()
                break
            except ssl.SSLWantReadError:
                connection.sendall(outgoing.read())
                incoming.write(connection.recv(65_536))
        encrypted.write(b"GET /v1/alerts HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        connection.sendall(outgoing.read())
        answer = b""
        while b"alerts" not in answer:
            incoming.write(connection.recv(65_536))
            with suppress(ssl.SSLWantReadError):
                answer += encrypted.read(65_536)
    assert answer.startswith(b"HTTP/1.1 200 ")
