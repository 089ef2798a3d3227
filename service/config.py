"""What can be configured: every key has a default."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, AnyHttpUrl, BeforeValidator, Field, field_validator, model_validator

from detectors.choices import OWN, decider
from detectors.settings import MonitorSettings
from detectors.text import Normaliser
from service.providers import SOURCES
from service.settings.payloads import FromPayload
from service.settings.receivers import AnyReceiver, DeliverySettings, Links
from service.settings.section import Duration, Name, Section, is_loopback

MOST_CRITICAL_TERMS = 10_000


def _is_text(value: object) -> object:
    if isinstance(value, bool | int | float):
        raise ValueError(
            'expected text; YAML takes no, yes, on, off and digits for something else: write "no"'
        )
    return value


Term = Annotated[str, BeforeValidator(_is_text), Field(min_length=1, max_length=200)]


def _once_each(names: list[str]) -> list[str]:
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"{name} is there twice; name it once")
    return names


def _fits_a_header(value: str) -> str:
    if not value.isascii() or not value.isprintable() or value != value.strip():
        raise ValueError("expected printable ASCII without blanks around it: a header holds nothing else")
    return value


Names = Annotated[list[Name], AfterValidator(_once_each)]


class Cohorts(Section):
    """Which utterances belong together."""

    by: Names = Field(default=["accent"], min_length=1, max_length=4)
    max: int = Field(default=50, ge=1, le=1000)


class NormaliserSettings(Section):
    """How text becomes words before it is scored."""

    language: str = "en"
    disable: list[str] = Field(default=[])

    @property
    def version(self) -> str:
        """Which rules words are made equal by."""
        return Normaliser(self.language, self.disable).version

    @model_validator(mode="after")
    def _steps_exist(self) -> NormaliserSettings:
        Normaliser(self.language, self.disable)
        return self


class Detection(Section):
    """What the operator tolerates and what matters to him; which references count.

    Where a team corrects speech in batches, one cohort after the other, ``reference_lag`` is how long after
    its speech a reference may come: so long is waited before cohorts are compared.
    """

    false_alarms_per_month: float = Field(default=1.0, gt=0, le=10_000, allow_inf_nan=False)
    smallest_change_points: float = Field(default=5.0, gt=0, le=50, allow_inf_nan=False)
    tolerated_gap_points: float = Field(default=15.0, gt=0, le=100, allow_inf_nan=False)
    reference_lag: Duration = Field(default=timedelta(0), ge=timedelta(0), le=timedelta(days=31))
    detector: str = OWN
    selections: list[Literal["random", "requested", "volunteered"]] = Field(default=["random", "requested"])
    reference_kinds: list[Literal["verbatim", "edited", "read_script"]] = Field(
        default=["verbatim", "read_script"]
    )

    @field_validator("detector")
    @classmethod
    def _detector_exists(cls, value: str) -> str:
        decider(value)
        return value

    def takes(self, reference_kind: str, selection: str) -> bool:
        """Whether such a reference feeds the monitor."""
        return selection in self.selections and reference_kind in self.reference_kinds


class Privacy(Section):
    """What is kept, and for how long."""

    keep_text: bool = False
    text_retention: Duration = Field(default=timedelta(days=30), ge=timedelta(hours=1))
    key_file: Path | None = None
    unreferenced_retention: Duration = timedelta(days=30)
    scored_retention: Duration = timedelta(days=400)
    alert_retention: Duration = timedelta(days=400)

    @model_validator(mode="after")
    def _alerts_outlive_rows(self) -> Privacy:
        if self.alert_retention < self.scored_retention:
            raise ValueError(
                "alert_retention: expected at least scored_retention: while the rows are kept in which an "
                "alert was found, it is what tells that it was sent already"
            )
        return self


class Recordings(Section):
    """When a recording is complete: so long after the last of its utterances came."""

    settle: Duration = timedelta(minutes=10)


class Alerts(Section):
    """When an alert is told again, and for how long one about everybody speaks for its cohorts."""

    repeat_interval: Duration = Field(default=timedelta(hours=4), ge=timedelta(minutes=1))
    update_interval: Duration = timedelta(minutes=5)
    group_interval: Duration = timedelta(minutes=30)


class Claims(Section):
    """How many claims about slices are judged at a time, and how surely.

    ``alpha`` is the probability that one is ever confirmed, or ever refuted, wrongly; a change holds for
    claims that are filed later.
    """

    max: int = Field(default=100, ge=0, le=1000)
    alpha: float = Field(default=0.025, ge=1e-6, le=0.25, allow_inf_nan=False)


class Storage(Section):
    """How much room the store may take."""

    max_bytes: int | None = Field(default=None, ge=20_000_000)


class Limits(Section):
    """Bounds on what one request may bring, and on how long its client may take to bring it."""

    body_bytes: int = Field(default=10_000_000, ge=1_000, le=1_000_000_000)
    line_bytes: int = Field(default=262_144, ge=1_000, le=10_000_000)
    lines: int = Field(default=5_000, ge=1, le=1_000_000)
    # Aligning 10,000 words with as many others takes 25 ms of the processor, 20,000 take 100 ms.
    words: int = Field(default=10_000, ge=1, le=20_000)
    client_timeout: Duration = Field(
        default=timedelta(seconds=30), ge=timedelta(seconds=1), le=timedelta(hours=1)
    )


class Scope(StrEnum):
    """What a token permits: to send, to look, to change."""

    INGEST = "ingest"
    READ = "read"
    ADMIN = "admin"


class ApiToken(Section):
    """A bearer token of the API, in a file."""

    name: Name
    token_file: Path
    scopes: list[Scope] = Field(min_length=1)


class Tls(Section):
    """The API's certificate and key, and whose certificates clients need; all PEM."""

    cert_file: Path
    key_file: Path
    client_ca_file: Path | None = None


class Tracing(Section):
    """Spans of ingest and delivery for an OpenTelemetry collector; off without an endpoint.

    ``endpoint`` takes OTLP over HTTP, like http://collector:4318/v1/traces. What is sampled elsewhere is
    sampled here; of what came with no trace, ``sample_ratio``. What ``authorization_file`` holds is sent as
    the header Authorization.
    """

    endpoint: AnyHttpUrl | None = None
    sample_ratio: float = Field(default=1.0, ge=0, le=1, allow_inf_nan=False)
    authorization_file: Path | None = None


class Config(Section):
    """Everything that can be configured."""

    listen: str = "127.0.0.1:8600"
    metrics_listen: str = "0.0.0.0:9600"
    data_dir: Path = Path("werwatch-data")
    log_level: Literal["debug", "info", "warning"] = "info"
    api_token: Annotated[str, AfterValidator(_fits_a_header)] | None = Field(default=None, min_length=16)
    api_token_file: Path | None = None
    api_tokens: list[ApiToken] = Field(default=[])
    tls: Tls | None = None
    cohorts: Cohorts = Cohorts()
    attributes: Names = Field(default=["site", "device", "engine", "engine_version"])
    normaliser: NormaliserSettings = NormaliserSettings()
    critical_terms: list[Term] = Field(default=[], max_length=MOST_CRITICAL_TERMS)
    critical_terms_file: Path | None = None
    detection: Detection = Detection()
    recordings: Recordings = Recordings()
    alerts: Alerts = Alerts()
    claims: Claims = Claims()
    privacy: Privacy = Privacy()
    storage: Storage = Storage()
    limits: Limits = Limits()
    tracing: Tracing = Tracing()
    ingest: dict[str, FromPayload] = Field(default={})
    links: Links = Links()
    delivery: DeliverySettings = DeliverySettings()
    receivers: list[AnyReceiver] = Field(default=[])

    @field_validator("listen", "metrics_listen")
    @classmethod
    def _is_address(cls, value: str) -> str:
        split_address(value)
        return value

    @field_validator("attributes")
    @classmethod
    def _is_no_cohort(cls, value: list[str]) -> list[str]:
        if "cohort" in value:
            raise ValueError("cohort stands for the cohort itself, as cohorts.by makes it; name it otherwise")
        return value

    @property
    def declared(self) -> frozenset[str]:
        """The attributes that are kept."""
        return frozenset((*self.attributes, *self.cohorts.by))

    def monitor_settings(self) -> MonitorSettings:
        """What the monitor has to know, in its terms."""
        detection = self.detection
        return MonitorSettings(
            detection.false_alarms_per_month,
            detection.smallest_change_points,
            detection.tolerated_gap_points,
            reference_lag_s=detection.reference_lag.total_seconds(),
            detector=detection.detector,
            cohort_attributes=tuple(self.cohorts.by),
        )

    @field_validator("ingest")
    @classmethod
    def _providers_exist(cls, value: dict[str, FromPayload]) -> dict[str, FromPayload]:
        for name in value:
            if name not in SOURCES:
                raise ValueError(f"expected names of {', '.join(SOURCES)}, got {name}")
        return value

    @model_validator(mode="after")
    def _is_consistent(self) -> Config:
        for provider, beside in self.ingest.items():
            undeclared = sorted(beside.attributes.keys() - self.declared)
            if undeclared:
                where = f"ingest.{provider}.attributes"
                raise ValueError(f"{where}: {undeclared[0]} is neither in attributes nor in cohorts.by")
        if self.api_token is not None and self.api_token_file is not None:
            raise ValueError("expected only one of api_token and api_token_file")
        has_token = bool(self.api_token or self.api_token_file or self.api_tokens)
        if not has_token and not is_loopback(split_address(self.listen)[0]):
            raise ValueError(
                f"listen: {self.listen} can be reached from outside, so api_token_file or api_tokens "
                "is needed (or listen on 127.0.0.1)"
            )
        if self.listen == self.metrics_listen and split_address(self.listen)[1]:
            raise ValueError(f"metrics_listen: expected another address than that of listen, {self.listen}")
        for key, named in (("receivers", self.receivers), ("api_tokens", self.api_tokens)):
            if len({each.name for each in named}) < len(named):
                raise ValueError(f"{key}: every name may be used once")
        return self


def split_address(address: str) -> tuple[str, int]:
    """Host and port of ``host:port``; an IPv6 host stands in square brackets.

    Raises
    ------
    ValueError
        If it is not an address.

    Examples
    --------
    >>> split_address("[::1]:8600")
    ('::1', 8600)
    """
    host, separator, port = address.rpartition(":")
    if not separator or not host or not port.isdecimal() or int(port) > 65_535:
        raise ValueError('expected host:port with a port from 0 to 65535, like "127.0.0.1:8600"')
    return host.removeprefix("[").removesuffix("]"), int(port)
