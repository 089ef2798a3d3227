"""What can be configured about receivers: where notices go, and what they link to."""

from __future__ import annotations

import re
import socket
from datetime import timedelta
from pathlib import Path
from typing import Annotated, ClassVar, Literal, Self
from urllib.parse import quote

from pydantic import AnyHttpUrl, Field, TypeAdapter, ValidationError, field_validator, model_validator

from service.settings.section import Duration, Name, Section, is_loopback

SECRET_PREFIX = "whsec_"  # noqa: S105 -- the public prefix of a webhook secret, not a secret
MOST_OF_A_URL = 2_000
PLACEHOLDERS = ("alert_id", "cohort", "trace_id")
_SOME = timedelta(seconds=1)
_URL = TypeAdapter(AnyHttpUrl)


class Links(Section):
    """What a notice links to; ``{alert_id}``, ``{cohort}`` and ``{trace_id}`` in a URL are filled in.

    ``trace`` is where a distributed trace is shown.
    """

    dashboard: str | None = None
    runbook: str | None = None
    alert: str | None = None
    trace: str | None = None

    @field_validator("dashboard", "runbook", "alert", "trace")
    @classmethod
    def _is_url(cls, value: str | None) -> str | None:
        if value is not None:
            filled = _filled(value, "alert", "cohort", "trace")
            if found := re.search(r"{[^{}]*}?|}", filled):
                *others, last = (f"{{{name}}}" for name in PLACEHOLDERS)
                raise ValueError(f"{found[0]}: expected braces only in {', '.join(others)} and {last}")
            try:
                _URL.validate_python(filled)
            except ValidationError:
                raise ValueError('expected a URL, like "https://wiki.example.org/werwatch"') from None
        return value

    def to(self, alert_id: str, cohort: str | None, trace_id: str | None = None) -> dict[str, str]:
        """The links of an alert by what they are called, the most useful at 03:00 first.

        One that is too long for a browser is left out, and that to a trace where there is none.

        Examples
        --------
        >>> Links(alert="https://example.org/alerts/{alert_id}").to("alert_1", None)
        {'Alert': 'https://example.org/alerts/alert_1'}
        """
        links = {"Runbook": self.runbook, "Dashboard": self.dashboard, "Alert": self.alert}
        if trace_id is not None:
            links["Trace"] = self.trace
        filled = {
            text: _filled(url, alert_id, cohort, trace_id) for text, url in links.items() if url is not None
        }
        return {text: url for text, url in filled.items() if len(url) <= MOST_OF_A_URL}


def _filled(url: str, alert_id: str, cohort: str | None, trace_id: str | None) -> str:
    for name, value in zip(PLACEHOLDERS, (alert_id, cohort, trace_id), strict=True):
        url = url.replace(f"{{{name}}}", quote(value or "", safe=""))
    return url


class DeliverySettings(Section):
    """What holds for all receivers: ``allowed_hosts``, where it is set, are the only ones notices go to."""

    allowed_hosts: list[str] | None = Field(default=None, min_length=1)


class ReceiverSettings(Section):
    """What every receiver has: a name, the severities it wants to be told of, and how its server is reached.

    A URL that is a credential is better kept in ``url_file``. ``timeout`` bounds a whole request, the other
    two the connection and each silence of the server.
    """

    usual_url: ClassVar[str | None] = None

    name: Name
    severities: list[Literal["page", "ticket"]] = Field(default=["page", "ticket"], min_length=1)
    url: AnyHttpUrl | None = None
    url_file: Path | None = None
    timeout: Duration = Field(default=timedelta(seconds=15), ge=_SOME, le=timedelta(minutes=5))
    connect_timeout: Duration = Field(default=timedelta(seconds=5), ge=_SOME, le=timedelta(minutes=1))
    read_timeout: Duration = Field(default=timedelta(seconds=10), ge=_SOME, le=timedelta(minutes=5))
    allow_http: bool = False
    allow_link_local: bool = False
    proxy: AnyHttpUrl | None = None
    ca_file: Path | None = None
    client_cert_file: Path | None = None
    client_key_file: Path | None = None

    @model_validator(mode="after")
    def _can_be_reached(self) -> Self:
        if self.url is not None and self.url_file is not None:
            raise ValueError("expected only one of url and url_file")
        if self.url is None and self.url_file is None and self.usual_url is None:
            raise ValueError("expected url or url_file")
        if self.url is not None:
            self.check_scheme(self.url)
        if (self.client_cert_file is None) != (self.client_key_file is None):
            raise ValueError("expected client_cert_file and client_key_file together")
        return self

    def check_scheme(self, url: AnyHttpUrl) -> None:
        """Let nothing go out in the clear that nobody permitted.

        Raises
        ------
        ValueError
            If the URL is neither https, nor this machine, nor permitted by ``allow_http``.
        """
        if url.scheme == "http" and not self.allow_http and not is_loopback(url.host or ""):
            raise ValueError("url: expected https; allow_http: true permits plain http inside a cluster")


class Authorised(ReceiverSettings):
    """A receiver that asks for a user's password or for a bearer token."""

    username: str | None = None
    password_file: Path | None = None
    bearer_token_file: Path | None = None

    @model_validator(mode="after")
    def _is_one_way(self) -> Self:
        if (self.username is None) != (self.password_file is None):
            raise ValueError("expected username and password_file together")
        if self.username is not None and self.bearer_token_file is not None:
            raise ValueError("expected only one of username and bearer_token_file")
        return self


class WebhookReceiver(Authorised):
    """A generic webhook, signed as Standard Webhooks specifies; with several secrets, by each of them."""

    kind: Literal["webhook"]
    format: Literal["werwatch", "alertmanager"] = "werwatch"
    secret: str | None = None
    secret_file: Path | None = None
    secret_files: list[Path] | None = Field(default=None, min_length=1, max_length=4)
    unsigned: bool = False

    @model_validator(mode="after")
    def _is_signed(self) -> Self:
        given = sum(way is not None for way in (self.secret, self.secret_file, self.secret_files))
        if self.unsigned:
            if self.format != "alertmanager" or given:
                raise ValueError("unsigned: expected format alertmanager with it, and no secret")
        elif given != 1:
            raise ValueError("expected exactly one of secret, secret_file and secret_files")
        if self.secret is not None and not self.secret.startswith(SECRET_PREFIX):
            raise ValueError('secret: expected "whsec_" and base64 of 24 to 64 random bytes')
        return self


class AlertmanagerReceiver(Authorised):
    """One Alertmanager, over its API version 2; of a cluster each member is a receiver of its own.

    An alert stays active there ``active_for_at_least`` so long: one that ended before its first notification
    went out would never be told.
    """

    kind: Literal["alertmanager"]
    active_for_at_least: Duration = timedelta(minutes=15)


class PagerDutyReceiver(ReceiverSettings):
    """An integration of a PagerDuty service, over the Events API version 2."""

    usual_url = "https://events.pagerduty.com"

    kind: Literal["pagerduty"]
    routing_key_file: Path
    source: str = Field(default_factory=socket.gethostname, min_length=1, max_length=255)


class SlackReceiver(ReceiverSettings):
    """A channel of Slack: by an incoming webhook's URL, or by a bot's token."""

    usual_url = "https://slack.com/api"

    kind: Literal["slack"]
    bot_token_file: Path | None = None
    channel: str | None = Field(default=None, min_length=1, max_length=80)

    @model_validator(mode="after")
    def _is_one_way(self) -> Self:
        if self.bot_token_file is None and self.url is None and self.url_file is None:
            raise ValueError("expected url_file of an incoming webhook, or bot_token_file and channel")
        if (self.bot_token_file is None) != (self.channel is None):
            raise ValueError("expected bot_token_file and channel together")
        return self


class TeamsReceiver(ReceiverSettings):
    """A channel of Microsoft Teams, by the URL of a workflow."""

    kind: Literal["teams"]


AnyReceiver = Annotated[
    WebhookReceiver | AlertmanagerReceiver | PagerDutyReceiver | SlackReceiver | TeamsReceiver,
    Field(discriminator="kind"),
]
