"""The command that stands between an app and its engine."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from service.commands.options import asks_the_service
from service.errors import ConfigError


@click.command()
@click.option("--engine", required=True, help='URL of the engine, such as "https://api.openai.com".')
@click.option("--provider", required=True, help="Whose answers these are: a name under /v1/ingest/.")
@click.option("--listen", default="127.0.0.1:8700", show_default=True, help="Where the app finds its engine.")
@click.option("--metrics-listen", default="0.0.0.0:9700", show_default=True, help="/metrics and /healthz.")
@click.option(
    "--path",
    "paths",
    multiple=True,
    default=["*"],
    show_default=True,
    help="Whose answers are transcripts, such as /v1/audio/*; may be given several times.",
)
@asks_the_service
def proxy(
    engine: str,
    provider: str,
    listen: str,
    metrics_listen: str,
    paths: tuple[str, ...],
    api: str,
    **credentials: Path | None,
) -> None:
    """Pass an app's calls on to its speech engine, and a copy of each transcript to the service.

    Answers pass as they are and as they come, whether or not the service takes its copy. What the app says in
    headers X-Werwatch-* (Accent, Speaker-Id, Utterance-Id...) goes to the service and not to the engine.
    """
    from service.commands.remote import Remote
    from service.commands.urls import server_url
    from service.providers import READERS
    from service.proxy.run import Settings, run
    from service.telemetry.log_lines import write_log

    parts = server_url("--engine", engine, "https://api.openai.com")
    if parts.username is not None or parts.password is not None:
        raise ConfigError("--engine: expected no user or password; what the app sends is passed on")
    if provider not in READERS:
        raise ConfigError(f"--provider: expected one of {', '.join(READERS)}, got {provider}")
    write_log(sys.stdout, "info")
    run(Settings(engine, provider, listen, metrics_listen, list(paths)), Remote(api, **credentials))
