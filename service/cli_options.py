"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from service.remote import Remote

TIMES = ["%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%dT%H:%M%z"]
CONFIG_FILE = click.Path(path_type=Path, dir_okay=False)


def asks_the_service(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options by which it reaches a running service, and is let in."""
    for option in (
        click.option(
            "--client-cert", type=CONFIG_FILE, help="PEM file with a client certificate and its key."
        ),
        click.option(
            "--ca-file", type=CONFIG_FILE, help="PEM file with the authority of the API's certificate."
        ),
        click.option(
            "--token-file",
            type=CONFIG_FILE,
            help="File with a token of the scope that is needed: read to look, admin to change.",
        ),
        click.option(
            "--api", default="http://127.0.0.1:8600", show_default=True, help="The running service."
        ),
    ):
        command = option(command)
    return command


def remote(api: str, credentials: dict[str, Path | None]) -> Remote:
    """The running service that `asks_the_service` describes."""
    # It takes longer to import than many a command takes.
    from service.remote import Remote

    return Remote(api, **credentials)
