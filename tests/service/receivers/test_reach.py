"""Where notices may go, and by what way."""

import asyncio
import socket
import threading
from pathlib import Path
from typing import Any

import httpx
import pytest
from conftest import PATIENCE_S
from notices import LINKS, notice
from stand_in import stand_in

from service.errors import ConfigError
from service.receivers.addresses import Forbidden, GuardedTransport, is_forbidden
from service.receivers.attempt import Attempt, Verdict
from service.receivers.connection import client_for, url_of
from service.receivers.kinds import receiver_for
from service.settings.receivers import DeliverySettings, TeamsReceiver


def teams(**more: Any) -> TeamsReceiver:
    return TeamsReceiver.model_validate({"name": "t", "kind": "teams", **more})


def send(settings: TeamsReceiver) -> Attempt:
    async def sent() -> Attempt:
        async with client_for(settings) as client:
            return await receiver_for(settings, DeliverySettings(), LINKS).send(client, notice(), 0.0)

    return asyncio.run(sent())


@pytest.mark.parametrize(
    "address",
    ["169.254.169.254", "169.254.0.1", "fe80::1", "fe80::1%eth0", "fd00:ec2::254", "::ffff:169.254.169.254",
     "64:ff9b::a9fe:a9fe", "100.100.100.200", "168.63.129.16", "224.0.0.1", "ff02::1"],
)  # fmt: skip
def test_metadata_and_link_local_addresses_are_forbidden(address: str) -> None:
    assert is_forbidden(address)


@pytest.mark.parametrize("address", ["10.0.0.7", "192.168.1.1", "127.0.0.1", "::1", "fd12::1", "8.8.8.8"])
def test_private_addresses_are_not(address: str) -> None:
    assert not is_forbidden(address)


def test_nothing_is_sent_there(monkeypatch: pytest.MonkeyPatch) -> None:
    attempt = send(teams(url="https://169.254.169.254/x"))
    assert attempt.verdict is Verdict.DEAD
    assert attempt.outcome == (
        "refused to connect to a link-local or metadata address; allow_link_local: true permits it"
    )


def test_nor_where_a_name_leads_there(monkeypatch: pytest.MonkeyPatch) -> None:
    real = socket.getaddrinfo

    def poisoned(host: Any, *rest: Any, **more: Any) -> Any:
        return real("169.254.169.254" if host == "hooks.example.org" else host, *rest, **more)

    monkeypatch.setattr(socket, "getaddrinfo", poisoned)
    assert send(teams(url="https://hooks.example.org/x")).verdict is Verdict.DEAD


def test_the_address_that_was_looked_at_is_the_one_that_is_used() -> None:
    seen: list[httpx.Request] = []

    async def ask() -> None:
        def answer(request: httpx.Request) -> httpx.Response:
            seen.append(request)
            return httpx.Response(200)

        transport = GuardedTransport(httpx.MockTransport(answer))
        async with httpx.AsyncClient(transport=transport) as client:
            await client.post("https://localhost:9443/x", content=b"a")
            with pytest.raises(Forbidden):
                await client.post("https://169.254.169.254/")

    asyncio.run(ask())
    [request] = seen
    assert request.url.host in ("127.0.0.1", "::1")
    assert request.headers["host"] == "localhost:9443"
    assert request.extensions["sni_hostname"] == "localhost"


@pytest.mark.parametrize("host", ["a" * 64 + ".example.org", "hooks..example.org"])
def test_a_name_that_is_none_is_not_found(host: str) -> None:
    attempt = send(teams(url=f"https://{host}/x"))
    assert (attempt.verdict, attempt.outcome) == (Verdict.RETRY, "its host is not found")


def test_a_resolver_that_hangs_holds_no_thread_that_others_need(monkeypatch: pytest.MonkeyPatch) -> None:
    asked, over = threading.Event(), threading.Event()

    def hanging(host: Any, *_: Any, **__: Any) -> Any:
        asked.set()
        over.wait(PATIENCE_S)
        raise socket.gaierror(socket.EAI_AGAIN, "try again")

    monkeypatch.setattr(socket, "getaddrinfo", hanging)

    async def ask() -> None:
        settings = teams(url="https://hooks.example.org/x")
        receiver = receiver_for(settings, DeliverySettings(), LINKS)
        async with client_for(settings) as client:
            calls = [asyncio.create_task(receiver.send(client, notice(), 0.0)) for _ in range(100)]
            assert await asyncio.to_thread(asked.wait, PATIENCE_S)
            await asyncio.wait_for(asyncio.to_thread(lambda: None), PATIENCE_S)
            assert not any(call.done() for call in calls)
            over.set()
            assert {attempt.verdict for attempt in await asyncio.gather(*calls)} == {Verdict.RETRY}

    asyncio.run(ask())


def test_only_listed_hosts_are_called_where_there_is_a_list() -> None:
    delivery = DeliverySettings(allowed_hosts=["hooks.example.org"])
    assert url_of(teams(url="https://hooks.example.org/x"), delivery) == "https://hooks.example.org/x"
    with pytest.raises(ConfigError, match="t: its host is not among"):
        url_of(teams(url="https://hooks.example.com/x"), delivery)


@pytest.mark.parametrize(
    ("text", "message"),
    [("no url", "holds no URL"), ("http://hooks.example.org/secret", "expected https")],
)
def test_a_url_in_a_file_is_held_to_the_same(text: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "url").write_text(text)
    with pytest.raises(ConfigError, match=message) as error:
        url_of(teams(url_file=tmp_path / "url"), DeliverySettings())
    assert "secret" not in str(error.value)


def test_a_proxy_is_used_where_one_is_configured_and_none_of_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with stand_in() as server, stand_in() as proxy:
        monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
        assert send(teams(url=server.url)).verdict is Verdict.DELIVERED
        through = send(teams(url="http://hooks.example.org/x", allow_http=True, proxy=proxy.url))
    assert through.verdict is Verdict.DELIVERED
    assert proxy.got[0].path == "http://hooks.example.org/x"


@pytest.mark.parametrize("key", ["ca_file", "client_cert_file"])
def test_certificates_that_cannot_be_used_are_named(key: str, tmp_path: Path) -> None:
    (tmp_path / "pem").write_text("none")
    files = {key: tmp_path / "pem"}
    if key == "client_cert_file":
        files["client_key_file"] = tmp_path / "pem"
    with pytest.raises(ConfigError, match=f"t: {key}"):
        client_for(teams(url="https://x.org", **files))
