"""Who is let in: tokens with scopes."""

import hmac
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from bearer import Bearer
from conftest import CLIENT, RunningService

from service.api.tokens import read_tokens, recognise
from service.config import Config, Scope
from service.errors import ConfigError
from service.settings.config_file import load_config

TOKENS = {scope.value: f"a-token-to-{scope.value}-with" for scope in Scope}
ROUTES = [
    ("POST", "/v1/utterances", "ingest"),
    ("POST", "/v1/references", "ingest"),
    ("POST", "/v1/ingest/deepgram", "ingest"),
    ("GET", "/v1/cohorts", "read"),
    ("GET", "/v1/alerts", "read"),
    ("GET", "/v1/interventions", "read"),
    ("GET", "/docs", "read"),
    ("GET", "/openapi.json", "read"),
    ("POST", "/v1/rebaselines", "admin"),
    ("POST", "/v1/announcements", "admin"),
    ("DELETE", "/v1/utterances/u", "admin"),
    ("POST", "/v1/of-a-later-version", "admin"),
]


def write(folder: Path, **values: str) -> dict[str, Any]:
    for name, value in values.items():
        (folder / name).write_text(value + "\n")
    entries = [{"name": name, "token_file": str(folder / name), "scopes": name.split("_")} for name in values]
    return {"api_tokens": entries}


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory, bearer: Bearer) -> Iterator[RunningService]:
    folder = tmp_path_factory.mktemp("guarded")
    settings = {**write(folder, **TOKENS), "api_token": "a-token-for-everything"}
    service = RunningService(folder, settings, bearer=bearer).start()
    yield service
    service.kill()


def ask(service: RunningService, method: str, path: str, authorization: str | None) -> httpx.Response:
    headers = {} if authorization is None else {"authorization": authorization}
    content = b"{}" if method == "POST" else None
    return CLIENT.request(method, service.api + path, headers=headers, content=content)


@pytest.mark.parametrize(("method", "path", "scope"), ROUTES)
def test_a_route_takes_a_token_with_its_scope_and_says_what_another_lacks(
    guarded: RunningService, method: str, path: str, scope: str
) -> None:
    for name, token in TOKENS.items():
        answer = ask(guarded, method, path, f"Bearer {token}")
        if name == scope:
            assert answer.status_code not in (401, 403)
            continue
        assert answer.status_code == 403
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["detail"] == f"this needs the scope {scope}, and the token {name} has {name}"
        assert f'scope="{scope}"' in answer.headers["www-authenticate"]
    assert ask(guarded, method, path, "bearer a-token-for-everything").status_code not in (401, 403)


@pytest.mark.parametrize("spelt", ["{}/", "/{}", "{}%2f", "{}/.", "/v1/references/..{}", "/v1/references{}"])
def test_no_spelling_of_a_path_needs_less_or_is_sent_elsewhere(guarded: RunningService, spelt: str) -> None:
    """A redirect would name a URL without TLS where a proxy speaks that, and be sent the same text again."""
    for method, path, scope in ROUTES:
        for name, token in TOKENS.items():
            request = httpx.Request(method, guarded.api, headers={"authorization": f"Bearer {token}"})
            request.url = request.url.copy_with(raw_path=spelt.format(path).encode())
            answer = CLIENT.send(request)
            needs = "ingest" if method == "POST" and spelt.startswith("/v1/references") else scope
            assert not answer.is_redirect
            assert name == needs or answer.is_client_error, (method, spelt.format(path), name)


@pytest.mark.parametrize(
    "sent",
    [None, "", "Bearer", "Bearer wrong", f"Basic {TOKENS['read']}", TOKENS["read"], "Bearer \xff",
     f"Bearer {TOKENS['read']}x", f"Bearer {TOKENS['read'][:-1]}", "Bearer " + "x" * 10_000],
)  # fmt: skip
def test_without_a_known_token_nothing_is_answered(guarded: RunningService, sent: str | None) -> None:
    headers = {} if sent is None else {b"authorization": sent.encode("latin-1")}
    answer = CLIENT.get(guarded.api + "/v1/alerts", headers=headers)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.json()["detail"].endswith("a token that has the scope read")
    assert "x-request-id" in answer.headers


def test_the_api_says_what_each_route_needs(guarded: RunningService) -> None:
    headers = {"authorization": f"Bearer {TOKENS['read']}"}
    document = CLIENT.get(guarded.api + "/openapi.json", headers=headers).json()
    assert document["components"]["securitySchemes"] == {"token": {"type": "http", "scheme": "bearer"}}
    needs = {
        (method.upper(), path): operation["security"]
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
    }
    declared = {(method, path): scope for method, path, scope in ROUTES}
    for route, security in needs.items():
        if route in declared:
            assert security == [{"token": [declared[route]]}]
    page = CLIENT.get(guarded.api + "/docs", headers=headers).text
    assert "Needs a token with the scope <code>ingest</code>" in page


def test_a_token_is_never_logged_or_answered(
    make_service: Callable[..., RunningService], tmp_path: Path
) -> None:
    service = make_service(log_level="debug", **write(tmp_path, read=TOKENS["read"]))
    answers = [
        ask(service, method, path, f"Bearer {TOKENS['read']}{end}")
        for method, path, _ in ROUTES
        for end in ("", "-and-more")
    ]
    service.stop()
    assert not [answer for answer in answers if TOKENS["read"] in answer.text + str(answer.headers)]
    assert TOKENS["read"] not in service.log


def test_all_tokens_are_looked_at_however_early_one_fits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = read_tokens(Config.model_validate(write(tmp_path, **TOKENS)))
    compared = []
    real = hmac.compare_digest

    def compare(left: bytes, right: bytes) -> bool:
        compared.append((len(left), len(right)))
        return real(left, right)

    monkeypatch.setattr("hmac.compare_digest", compare)
    for sent in (*TOKENS.values(), "wrong", "x" * 1_000):
        compared.clear()
        recognise(known, sent.encode())
        assert compared == [(32, 32)] * len(TOKENS)


def test_a_token_may_have_several_scopes(tmp_path: Path) -> None:
    [token] = read_tokens(Config.model_validate(write(tmp_path, ingest_read="one-token-for-both")))
    assert token.scopes == {Scope.INGEST, Scope.READ}
    assert "both" not in repr(token)


@pytest.mark.parametrize(
    "held",
    [b"%b", b"%b\n", b"%b\r\n", b"  %b \t\r\n\r\n", b"\xef\xbb\xbf%b\n", b"\xef\xbb\xbf\r\n%b\r\n"],
)
def test_a_token_is_the_same_however_an_editor_saved_it(tmp_path: Path, held: bytes) -> None:
    config = Config.model_validate(write(tmp_path, read=""))
    (tmp_path / "read").write_bytes(held % TOKENS["read"].encode())
    found = recognise(read_tokens(config), TOKENS["read"].encode())
    assert found is not None
    assert found.name == "read"


@pytest.mark.parametrize(
    "held",
    ["", "\n", "one-token-of-some-length\nanother-of-some-length", "a-token-of-some-l\xe4ngth", "a\0" * 16],
)
def test_a_file_that_holds_no_token_for_a_header_is_named_and_not_repeated(tmp_path: Path, held: str) -> None:
    """It would let nobody in, and nothing would say why."""
    config = Config.model_validate(write(tmp_path, read=held))
    with pytest.raises(ConfigError) as error:
        read_tokens(config)
    assert f"api_tokens: read: token_file: {tmp_path / 'read'} holds" in str(error.value)
    assert "token-of" not in str(error.value)


@pytest.mark.parametrize(
    "token", [" a-token-of-some-length", "a-token-of-some-length\n", "a-token-of-some-l\xe4ngth"]
)
def test_a_token_in_the_configuration_that_no_header_can_hold_is_refused(token: str) -> None:
    with pytest.raises(ValueError, match=r"api_token\n.*expected printable ASCII without blanks around it"):
        Config(api_token=token)


def test_the_same_token_under_two_names_is_an_error(tmp_path: Path) -> None:
    config = Config.model_validate(write(tmp_path, read=TOKENS["read"], admin=TOKENS["read"]))
    with pytest.raises(ConfigError, match="admin and read are the same token"):
        read_tokens(config)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{name: a, token_file: /t}", "api_tokens.0.scopes: Field required"),
        ("{name: a, token_file: /t, scopes: []}", "api_tokens.0.scopes: List should have at least 1 item"),
        ("{name: a, token_file: /t, scopes: [write]}", "'ingest', 'read' or 'admin'"),
        ("{name: a, token: x, scopes: [read]}", "api_tokens.0.token: unknown key; did you mean token_file?"),
        (
            "{name: a, token_file: /t, scopes: [read]}, {name: a, token_file: /u, scopes: [read]}",
            "api_tokens: every name may be used once",
        ),
    ],
)
def test_a_token_that_is_not_well_described_is_named(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "werwatch.yaml"
    path.write_text(f"api_tokens: [{text}]")
    with pytest.raises(ConfigError) as error:
        load_config(path, {})
    assert message in str(error.value)


@pytest.mark.parametrize("key", ["api_token", "api_token_file", "api_tokens"])
def test_any_token_lets_it_listen_for_others(tmp_path: Path, key: str) -> None:
    values: dict[str, Any] = {
        "api_token": {"api_token": TOKENS["read"]},
        "api_token_file": {"api_token_file": str(tmp_path / "read")},
        "api_tokens": write(tmp_path, read=TOKENS["read"]),
    }[key]
    assert Config.model_validate({"listen": "0.0.0.0:8600", **values})
