"""Options that several commands share."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from service.commands.remote import Remote

CONFIG_FILE = click.Path(path_type=Path, dir_okay=False)


class Moment(click.DateTime):
    """A time with its timezone."""

    def __init__(self) -> None:
        super().__init__(["%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%dT%H:%M%z"])

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """The time, or a usage error."""
        try:
            moment: datetime = super().convert(value, param, ctx)
        except click.BadParameter:
            self.fail(f"expected a time with its timezone, like 2026-12-01T20:00Z, got {value}.", param, ctx)
        return moment


class FiniteRange(click.FloatRange):
    """Numbers in a range, which NaN is in for click, as it is neither below nor above."""

    name = "number"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The number, or a usage error."""
        number = float(super().convert(value, param, ctx))
        if not math.isfinite(number):
            self.fail(f"{value} is no number that could be meant.", param, ctx)
        return number


def named_values(texts: Sequence[str], example: str) -> dict[str, str]:
    """The values of ``NAME=VALUE``, all of which have to hold.

    Raises
    ------
    UsageError
        If one is none, or a name comes twice.
    """
    found: dict[str, str] = {}
    for text in texts:
        name, separator, value = text.partition("=")
        if not separator or not name or not value:
            raise click.UsageError(f"expected NAME=VALUE like {example}, got {text}")
        if name in found:
            raise click.UsageError(f"{name} is there twice: one utterance has one value of it; ask for each")
        found[name] = value
    return found


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
    from service.commands.remote import Remote

    return Remote(api, **credentials)
