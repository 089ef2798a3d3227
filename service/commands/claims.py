"""The commands by which people have claims about slices judged by a running service."""

from __future__ import annotations

from pathlib import Path

import click

from service.commands import told
from service.commands.alerts import AUTHOR
from service.commands.options import FiniteRange, asks_the_service, named_values, remote
from service.commands.told import path


@click.command()
@click.argument("claim_id", required=False)
@asks_the_service
def claims(claim_id: str | None, api: str, **credentials: Path | None) -> None:
    """List claims with what their evidence says, the newest first; or show one in full."""
    service = remote(api, credentials)
    if claim_id is not None:
        _show(service.get(told.Claim, path("claims", claim_id)))
        return
    found = service.get(told.Claims, "/v1/claims").claims
    for each in found:
        click.echo(f"{each.claim_id}  {each.state}\n  {each.title}\n  {each.says}")
    if not found:
        click.echo("no claims")


@click.command()
@click.argument("slice_", metavar="ATTRIBUTE=VALUE...", nargs=-1, required=True)
@click.option(
    "--excess",
    type=FiniteRange(min=0, max=100, min_open=True),
    required=True,
    help="WER points above everybody else at the same time.",
)
@click.option("--note", required=True, help="What it rests on.")
@AUTHOR
@asks_the_service
def claim(
    *,
    slice_: tuple[str, ...],
    excess: float,
    note: str,
    author: str | None,
    api: str,
    **credentials: Path | None,
) -> None:
    """Have a claim judged on what comes from now on: a slice is so much worse than everybody else.

    The slice is all utterances that have every ATTRIBUTE=VALUE, such as accent=en-IN site=ward-7.
    """
    body = {
        "slice": named_values(slice_, "site=ward-7"),
        "excess_points": excess,
        "note": note,
        "author": author,
    }
    made = remote(api, credentials).post(told.Claim, "/v1/claims", body)
    click.echo(f"{made.claim_id}: {made.title}, judged on what is spoken from {made.filed_at} on")


@click.command("withdraw-claim")
@click.argument("claim_id")
@click.option("--note", required=True, help="Why.")
@AUTHOR
@asks_the_service
def withdraw_claim(
    claim_id: str, note: str, author: str | None, api: str, **credentials: Path | None
) -> None:
    """Let a claim be judged no more; it stays on record."""
    body = {"author": author, "note": note}
    remote(api, credentials).post(told.Claim, path("claims", claim_id, "withdraw"), body)
    click.echo(f"{claim_id} is withdrawn")


claims_commands = (claims, claim, withdraw_claim)


def _show(found: told.Claim) -> None:
    click.echo(f"{found.claim_id}  {found.state}\n{found.title}\n{found.says}")
    for name, side in found.rests_on.items():
        wer = "unknown" if side.wer is None else f"{100 * side.wer:.1f} %"
        heard = f"{side.speakers} speakers" if side.speakers_known else f"{side.sessions} sessions"
        rests_on = f"{side.speaker_shifts} speaker-shifts of {heard}, {side.utterances} utterances"
        click.echo(f"  {name}: {rests_on}, WER {wer}")
    for row in found.record:
        click.echo(f"  {row.taken_at}  {row.action}  {row.author or 'the evidence'}: {row.note}")
