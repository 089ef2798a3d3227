"""The commands about notices: try a receiver, see what became of them, send dead ones again, let them be."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from service.commands import told
from service.commands.options import CONFIG_FILE, asks_the_service, remote
from service.commands.told import path

AUTHOR = click.option("--author", help="Who says so, on record; without it, the token's name.")


@click.command("test-receiver")
@click.argument("name")
@click.option("--config", "config_file", type=CONFIG_FILE, help="The service's YAML file.")
def test_receiver(name: str, config_file: Path | None) -> None:
    """Send a marked test notice to the receiver NAME and say what came back."""
    import asyncio

    from service.delivery.trial import try_receiver
    from service.receivers.attempt import Verdict
    from service.settings.config_file import load_config

    attempt = asyncio.run(try_receiver(load_config(config_file), name))
    click.echo(f"{name}: {attempt.verdict.value}: {attempt.outcome}")
    if attempt.answer:
        click.echo(f"it said: {attempt.answer}")
    if attempt.verdict is not Verdict.DELIVERED:
        sys.exit(1)


@click.command()
@click.option(
    "--state",
    type=click.Choice(["pending", "delivered", "dead", "dismissed", "all"]),
    default="dead",
    show_default=True,
)
@asks_the_service
def notices(state: str, api: str, **credentials: Path | None) -> None:
    """List what became of notices, the newest first."""
    query = {} if state == "all" else {"state": state}
    rows = remote(api, credentials).get(told.Notices, "/v1/notices", **query).notices
    for row in rows:
        outcome = row.last_outcome or "not tried yet"
        click.echo(f"{row.notice_id}\n  {row.state} after {row.attempts} attempt(s): {outcome}")
    if not rows:
        click.echo(f"no {state} notices" if state != "all" else "no notices")


@click.command()
@click.argument("notice_ids", metavar="NOTICE_ID...", nargs=-1, required=True)
@AUTHOR
@asks_the_service
def resend(notice_ids: tuple[str, ...], author: str | None, api: str, **credentials: Path | None) -> None:
    """Send dead notices again, in the order in which they are named; a disabled receiver is enabled."""
    service = remote(api, credentials)
    for notice_id in notice_ids:
        answer = service.post(told.NoticeMoved, path("notices", notice_id, "resend"), {"author": author})
        click.echo(f"{notice_id} waits for {answer.receiver}")


@click.command()
@click.argument("notice_ids", metavar="NOTICE_ID...", nargs=-1, required=True)
@click.option("--note", required=True, help="Why they need not be told.")
@AUTHOR
@asks_the_service
def dismiss(
    notice_ids: tuple[str, ...], note: str, author: str | None, api: str, **credentials: Path | None
) -> None:
    """Let dead notices be: they are not counted as dead any more, and not sent again."""
    service = remote(api, credentials)
    for notice_id in notice_ids:
        answer = service.post(
            told.NoticeMoved, path("notices", notice_id, "dismiss"), {"author": author, "note": note}
        )
        click.echo(f"{notice_id} is not told to {answer.receiver}")


notices_commands = (test_receiver, notices, resend, dismiss)
