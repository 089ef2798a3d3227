"""The commands about histories: send one to a service, and see what would have been raised in it."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from service.commands.options import CONFIG_FILE, FiniteRange, Moment, asks_the_service
from service.errors import StartError

if TYPE_CHECKING:
    from service.bulk.mapping import Mapping
    from service.config import Config
    from service.store.history import History

FILE = click.Path(path_type=Path, exists=True)


def reads_files(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options that say what the lines of a file mean."""
    for option in (
        click.option(
            "--gap",
            "gap_s",
            type=FiniteRange(min=0, max=366 * 86_400),
            default=60.0,
            show_default=True,
            help="Seconds between the lines that --begin gives a time.",
        ),
        click.option(
            "--begin",
            type=Moment(),
            help="When the first line without spoken_at was spoken, for a file without times.",
        ),
        click.option(
            "--only", "only", metavar="NAME=VALUE", multiple=True, help="Leave out other lines; repeatable."
        ),
        click.option(
            "--set", "given", metavar="FIELD=VALUE", multiple=True, help="The same for all; repeatable."
        ),
        click.option(
            "--map",
            "taken",
            metavar="FIELD=NAME",
            multiple=True,
            help="Take a field, such as attributes.accent, by the name that the file has; repeatable.",
        ),
    ):
        command = option(command)
    return command


@click.command("import")
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=FILE)
@click.option("--from-start", is_flag=True, help="Begin at the first line, whatever was sent before.")
@reads_files
@asks_the_service
def import_files(files: tuple[Path, ...], api: str, *, from_start: bool, **options: Any) -> None:
    """Send histories in files to a running service, the lines as they come.

    A line is what the API takes: with a reference or a verdict a reference, which may have its hypothesis
    with it, else an utterance. Files may be gzipped. What was stopped goes on where it was when called again;
    what is sent twice counts once. Lines that are not taken are named on standard error, and the exit code is
    1 then.

    References as tools save them (.trn, .stm, .srt, .vtt) are taken too; --set says what holds for all of a
    file, such as recording_id or selection.
    """
    from service.bulk.bar import bar
    from service.bulk.importing import OUTCOMES, send_file
    from service.bulk.reference_files import format_of, send_references
    from service.commands.remote import Remote

    mapping = _mapping(options)
    remote = Remote(api, **options)
    is_whole = True
    for path in files:

        def reject(number: int, reason: str, path: Path = path) -> None:
            click.echo(f"{path}:{number}: {reason}", err=True)

        with bar(path.name, path.stat().st_size) as note_read:
            if (name := format_of(path)) is not None:
                found = send_references(path, name, mapping, remote, note_read, reject)
            else:
                found = send_file(path, mapping, remote, note_read, reject, from_start=from_start)
        told = [f"{found.outcomes[name]:,} {name}" for name in OUTCOMES if found.outcomes[name]]
        told += [f"{found.rejected:,} rejected"] if found.rejected else []
        if found.begun_at:
            told.insert(0, f"{found.begun_at:,} sent before")
        click.echo(f"{path}: {found.lines:,} lines: {', '.join(told) or 'nothing to send'}")
        is_whole &= not found.rejected
    if not is_whole:
        sys.exit(1)


@click.command()
@click.argument("source", type=FILE)
@click.option("--config", "config_file", type=CONFIG_FILE, help="The service's YAML file.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@reads_files
def replay(source: Path, config_file: Path | None, *, as_json: bool, **options: Any) -> None:
    """Say what would have been raised in a history, and when; nobody is told, and nothing is changed.

    SOURCE is a file of lines as `werwatch import` takes them, a data folder, which a service may have open,
    or a backup. The events are those of a live run over the same rows under the same settings. Lines that are
    not taken are named on standard error, and the exit code is 1 then.
    """
    import json

    from service.bulk import replaying
    from service.bulk.bar import bar
    from service.settings.config_file import load_config

    config = load_config(config_file)
    settings = config.monitor_settings()
    with _history(source, options, config) as (history, rejected), bar("replay", history.last_seq()) as note:
        replayed = replaying.replay(history, settings, note)
    found = replaying.as_json(replayed, settings)
    click.echo(json.dumps(found, ensure_ascii=False, indent=1) if as_json else replaying.as_text(found))
    if rejected:
        sys.exit(1)


@click.command()
@click.argument("source", type=FILE)
@click.option("--config", "config_file", type=CONFIG_FILE, help="The service's YAML file.")
@click.option(
    "--runs", type=click.IntRange(1, 1_000), default=10, show_default=True, help="Histories to draw."
)
@click.option(
    "--seed", type=click.IntRange(0, 2**63 - 1), default=0, show_default=True, help="The same: as before."
)
@click.option(
    "--budget",
    "budgets",
    type=FiniteRange(min=0, min_open=True, max=10_000),
    multiple=True,
    default=(0.5, 1.0, 2.0, 5.0),
    show_default=True,
    help="False alarms a month to try beside the configured ones; repeatable.",
)
@click.option(
    "--smallest-change",
    "smallest",
    type=FiniteRange(min=0, min_open=True, max=50),
    multiple=True,
    default=(3.0, 5.0, 10.0),
    show_default=True,
    help="Smallest changes in WER points to try; repeatable.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--html", "html_file", type=CONFIG_FILE, help="Write a page with plots into this file.")
@reads_files
def backtest(
    source: Path,
    config_file: Path | None,
    runs: int,
    seed: int,
    budgets: tuple[float, ...],
    smallest: tuple[float, ...],
    html_file: Path | None,
    *,
    as_json: bool,
    **options: Any,
) -> None:
    """Say what settings mean on one's own history: how many alerts, and what would be noticed how soon.

    SOURCE is what `werwatch replay` takes. It is replayed under each budget and smallest change; then
    histories are drawn from its sessions, watched as they are, and watched with errors injected into one
    cohort at a time. As of `werwatch replay`, the exit code is 1 if lines are not taken.
    """
    import json

    from service.bulk import backtesting
    from service.bulk.bar import bar
    from service.bulk.page import page
    from service.settings.config_file import load_config

    config = load_config(config_file)
    settings = config.monitor_settings()
    if html_file is not None:
        _must_be_writable(html_file, source)
    with _history(source, options, config) as (history, rejected), bar("backtest", 1.0) as note_done:
        found = backtesting.run(
            history, settings, budgets, smallest, runs=runs, seed=seed, note_done=note_done
        )
    click.echo(json.dumps(found, ensure_ascii=False, indent=1) if as_json else backtesting.as_text(found))
    if html_file is not None:
        try:
            html_file.write_text(page(found), encoding="utf-8")
        except OSError as error:
            raise StartError(f"{html_file}: cannot be written: {error.strerror}") from None
    if rejected:
        sys.exit(1)


history_commands = (import_files, replay, backtest)


@contextmanager
def _history(
    source: Path, options: dict[str, Any], config: Config
) -> Iterator[tuple[History, Sequence[int]]]:
    """The history in a source with the numbers of its refused lines, which are named."""
    from service.bulk.bar import bar
    from service.bulk.past import history_in, unused

    rejected: list[int] = []

    def reject(number: int, reason: str) -> None:
        click.echo(f"{source}:{number}: {reason}", err=True)
        rejected.append(number)

    with ExitStack() as opened:
        with bar(source.name, source.stat().st_size) as note_read:
            mapping = _mapping(options)
            history = opened.enter_context(history_in(source, mapping, config, note_read, reject))
        for told in unused(history):
            click.echo(f"{source}: {told}", err=True)
        yield history, rejected


def _must_be_writable(html_file: Path, source: Path) -> None:
    """Find out before the work that takes minutes."""
    from service.store.data_dir import is_there

    if is_there(html_file) and html_file.samefile(source):
        raise StartError(f"--html: {html_file} is the history itself; name another file")
    folder = html_file.parent
    if not folder.is_dir():
        raise StartError(f"--html: {html_file}: there is no folder {folder}")
    if not os.access(html_file if html_file.exists() else folder, os.W_OK):
        raise StartError(f"--html: {html_file} cannot be written: Permission denied")


def _mapping(options: dict[str, Any]) -> Mapping:
    """The mapping that the options of `reads_files` describe, which are taken out."""
    from service.bulk.mapping import Mapping

    names = ("taken", "given", "only", "begin", "gap_s")
    taken, given, only, begin, gap_s = (options.pop(name) for name in names)
    moment: datetime | None = begin
    return Mapping.of(taken, given, only, moment, gap_s)
