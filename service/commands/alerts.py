"""The commands by which people attend to alerts in a running service."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import click

from service.commands import told
from service.commands.options import Moment, asks_the_service, remote
from service.commands.told import path

AUTHOR = click.option("--author", help="Who says so, on record; without it, the token's name.")
UNITS = {"m": 60, "h": 3_600, "d": 86_400}


@click.command()
@click.option(
    "--state",
    type=click.Choice(["active", "firing", "acknowledged", "resolved", "noted", "all"]),
    default="active",
    show_default=True,
)
@asks_the_service
def alerts(state: str, api: str, **credentials: Path | None) -> None:
    """List alerts, the newest first."""
    query = {} if state == "all" else {"state": state}
    service, shown = remote(api, credentials), 0
    while True:
        page = service.get(told.Alerts, "/v1/alerts", **query)
        for row in page.alerts:
            click.echo(f"{row.alert_id}  {row.state}  {row.severity}\n  {row.title}")
        shown += len(page.alerts)
        if page.next is None:
            break
        query["after"] = page.next
    if not shown:
        click.echo(f"no {state} alerts" if state != "all" else "no alerts")


@click.command()
@click.argument("alert_id")
@click.option("--note", default="", help="What there is to say.")
@AUTHOR
@asks_the_service
def acknowledge(alert_id: str, note: str, author: str | None, api: str, **credentials: Path | None) -> None:
    """Say that somebody looks after an alert; it is not repeated any more."""
    body = {"author": author, "note": note}
    remote(api, credentials).post(told.Attended, path("alerts", alert_id, "acknowledge"), body)
    click.echo(f"{alert_id} is acknowledged")


@click.command()
@click.argument("alert_id")
@click.option("--note", required=True, help="Why it is over.")
@AUTHOR
@asks_the_service
def resolve(alert_id: str, note: str, author: str | None, api: str, **credentials: Path | None) -> None:
    """Say that an alert is over; who knows of it is told."""
    body = {"author": author, "note": note}
    remote(api, credentials).post(told.Attended, path("alerts", alert_id, "resolve"), body)
    click.echo(f"{alert_id} is resolved")


@click.command()
@click.argument("matchers", nargs=-1, required=True)
@click.option("--for", "duration", help="How long: 30m, 2h, 7d.")
@click.option("--from", "starts_at", type=Moment(), help="When it begins; without it, now.")
@click.option("--until", "ends_at", type=Moment(), help="When it ends, in place of --for.")
@click.option("--note", required=True, help="Why.")
@AUTHOR
@asks_the_service
def silence(
    *,
    matchers: tuple[str, ...],
    duration: str | None,
    starts_at: datetime | None,
    ends_at: datetime | None,
    note: str,
    author: str | None,
    api: str,
    **credentials: Path | None,
) -> None:
    """Let alerts not be told for a time; made ahead (--from), it is a maintenance window.

    MATCHERS are conditions such as cohort=en-* or severity!=page; all must hold.
    """
    if (duration is None) == (ends_at is None):
        raise click.UsageError("expected exactly one of --for and --until")
    begins = starts_at or datetime.now(UTC)
    body = {
        "matchers": list(matchers),
        "starts_at": None if starts_at is None else starts_at.isoformat(),
        "ends_at": (ends_at or _after(begins, duration or "")).isoformat(),
        "note": note,
        "author": author,
    }
    made = remote(api, credentials).post(told.Silence, "/v1/silences", body)
    click.echo(f"{made.silence_id}: {made.state}, from {made.starts_at} to {made.ends_at}")


@click.command()
@asks_the_service
def silences(api: str, **credentials: Path | None) -> None:
    """List silences, the newest first, with who made them and why."""
    rows = remote(api, credentials).get(told.Silences, "/v1/silences").silences
    for row in rows:
        click.echo(f"{row.silence_id}  {row.state}  {row.starts_at} to {row.ends_at}")
        click.echo(f"  {' '.join(row.matchers)}: {row.note} ({row.author})")
    if not rows:
        click.echo("no silences")


@click.command("end-silence")
@click.argument("silence_id")
@click.option("--note", default="", help="Why.")
@AUTHOR
@asks_the_service
def end_silence(silence_id: str, note: str, author: str | None, api: str, **credentials: Path | None) -> None:
    """Let a silence end now."""
    said = {"note": note} if author is None else {"note": note, "author": author}
    ended = remote(api, credentials).delete(told.Silence, path("silences", silence_id), **said)
    click.echo(f"{silence_id} is over since {ended.ends_at}")


alerts_commands = (alerts, acknowledge, resolve, silence, silences, end_silence)


def _after(begins: datetime, text: str) -> datetime:
    number, unit = text[:-1], text[-1:]
    if unit not in UNITS or not number.isdecimal():
        raise click.UsageError("--for: expected a number with m, h or d, like 2h")
    try:
        return begins + timedelta(seconds=int(number) * UNITS[unit])
    except (OverflowError, ValueError):
        raise click.UsageError("--for: expected a year at most") from None
