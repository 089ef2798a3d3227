"""The commands about slices: where it is worst, where an alert comes from, which utterances to collect."""

from __future__ import annotations

import csv
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import click

from service.commands import told
from service.commands.options import CONFIG_FILE, FiniteRange, Moment, asks_the_service, named_values, remote
from service.commands.told import path
from service.errors import StartError

if TYPE_CHECKING:
    from service.store.rows.slices import SliceRow

MOST_HOURS = 24 * 366
HEADING = ("slice", "WER", "95 %", "sessions", "words")
CHANGE_HEADING = ("slice", "excess errors", "share", "WER", "rise in points", "sessions")


@click.command()
@click.argument("alert_id", required=False)
@click.option("--cohort", help="Whose slices to rank, in place of an alert.")
@click.option(
    "--hours", type=FiniteRange(min=0, max=MOST_HOURS, min_open=True), default=168.0, show_default=True
)
@click.option("--since", type=Moment(), help="Explain the change of the cohort's WER since then.")
@asks_the_service
def explain(
    *,
    alert_id: str | None,
    cohort: str | None,
    hours: float,
    since: datetime | None,
    api: str,
    **credentials: Path | None,
) -> None:
    """Show where the rise of an alert comes from, or where a cohort is served worst now."""
    from service.alerts.where import folded_in_words

    if (alert_id is None) == (cohort is None):
        raise click.UsageError("expected either an ALERT_ID or --cohort")
    service = remote(api, credentials)
    if alert_id is not None:
        alert = service.get(told.Explained, path("alerts", alert_id))
        click.echo(alert.title)
        _show_change(alert.where)
        return
    query = {"cohort": cohort or "", "hours": str(hours)}
    if since is not None:
        query["since"] = since.isoformat()
    found = service.get(told.Slices, "/v1/slices", **query)
    click.echo(f"{cohort}: WER {_percent(found.whole.wer)} from {found.since} to {found.to}")
    if found.slices:
        _table(HEADING, [_now(each) for each in found.slices])
    else:
        click.echo("no slice has had five sessions")
    if found.too_little_speech:
        click.echo(f"too little speech: {'; '.join(_called(each.slice) for each in found.too_little_speech)}")
    if folded := folded_in_words(found.not_counted_apart):
        click.echo(folded)
    for note in found.notes:
        click.echo(note)
    if since is not None and found.change is not None:
        click.echo(f"\nchange since {query['since']}:")
        _show_change(found.change)


@click.command("export-slice")
@click.argument("conditions", metavar="NAME=VALUE...", nargs=-1, required=True)
@click.option("--config", "config_file", type=CONFIG_FILE, help="The service's YAML file.")
@click.option(
    "--most", type=click.IntRange(1, 10_000_000), default=1_000, show_default=True, help="How many at most."
)
@click.option(
    "--out", type=click.Path(path_type=Path, dir_okay=False, allow_dash=True), help="Where to; CSV."
)
def export_slice(conditions: tuple[str, ...], config_file: Path | None, most: int, out: Path | None) -> None:
    """Write the ids of a slice's scored utterances, the worst first, to collect audio for training or tests.

    NAME=VALUE names an attribute, or the cohort (cohort=en-IN); all must hold. No text is in it. Where there
    is none the exit code is 1, and nothing is written.
    """
    from service.settings.config_file import load_config
    from service.store.data_dir import is_there
    from service.store.rows.slices import slice_rows

    where = named_values(conditions, "site=ward-7")
    rows = list(slice_rows(load_config(config_file), where, most))
    click.echo(f"{len(rows)} utterances of {_called(where)}", err=True)
    if not rows:
        sys.exit(1)
    if out is None or str(out) == "-":
        _write(sys.stdout, rows)
        return
    is_pipe = is_there(out) and not out.is_file()
    try:
        with out.open("w" if is_pipe else "x", encoding="utf-8") as file:
            _write(file, rows)
    except FileExistsError:
        raise StartError(f"{out}: is there already; name another file, or move it") from None
    except OSError as error:
        raise StartError(f"{out}: cannot be written: {error.strerror}") from None


slices_commands = (explain, export_slice)


def _write(file: TextIO, rows: Sequence[SliceRow]) -> None:
    from service.alerts.facts import rfc3339

    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(["utterance_id", "spoken_at", "errors", "reference_words"])
    for row in rows:
        writer.writerow([row.utterance_id, rfc3339(row.spoken_at), row.errors, row.reference_words])


def _show_change(where: told.Where | None) -> None:
    if where is None:
        click.echo(
            "nothing is known of where it comes from: no attributes were sent, or too little was before it"
        )
        return
    click.echo(where.summary)
    for sentence in [*([where.why] if where.why else []), *where.look_first]:
        click.echo(sentence)
    if where.ranked:
        _table(CHANGE_HEADING, [_changed(each) for each in where.ranked])
    if where.too_little_speech:
        click.echo(f"too little speech: {'; '.join(map(_called, where.too_little_speech))}")


def _now(each: told.SliceNow) -> Sequence[str]:
    interval = f"{_percent(each.lower)} to {_percent(each.upper)}"
    return (
        _called(each.slice),
        _percent(each.wer),
        interval,
        str(each.sessions),
        str(each.reference_words),
    )


def _changed(each: told.SliceChange) -> Sequence[str]:
    rise, share = each.rise, each.share_of_excess
    said = "unknown" if rise is None else f"{rise.points:+.1f} ({rise.lower:+.1f} to {rise.upper:+.1f})"
    return (
        _called(each.slice),
        f"{each.excess_errors:.1f}",
        "-" if share is None else f"{100 * share:.0f} %",
        f"{_percent(each.before.wer)} -> {_percent(each.after.wer)}",
        said,
        f"{each.before.sessions} / {each.after.sessions}",
    )


def _called(slice_: Mapping[str, str]) -> str:
    from service.watching.claim_facts import slice_in_words

    return slice_in_words(slice_)


def _percent(ratio: float | None) -> str:
    return "unknown" if ratio is None else f"{100 * ratio:.1f} %"


def _table(heading: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print columns: the first from the left, the others from the right."""
    lines = [heading, *rows]
    first, *others = (max(map(len, column)) for column in zip(*lines, strict=True))
    for name, *cells in lines:
        aligned = (cell.rjust(width) for cell, width in zip(cells, others, strict=True))
        click.echo("  ".join([name.ljust(first), *aligned]))
