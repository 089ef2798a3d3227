"""The command line."""

from __future__ import annotations

import logging
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from service import __version__
from service.commands.alerts import alerts_commands
from service.commands.claims import claims_commands
from service.commands.history import history_commands
from service.commands.notices import notices_commands
from service.commands.options import CONFIG_FILE, FiniteRange, asks_the_service, remote
from service.commands.proxy import proxy
from service.commands.score import score
from service.commands.slices import slices_commands
from service.errors import ConfigError, StartError, WerwatchError
from service.telemetry.crash import leave_no_values_behind

if TYPE_CHECKING:
    from service.store.key_record import Unjoinable

logger = logging.getLogger("werwatch")

EXIT_FAILURE = 1
EXIT_USAGE = 2


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def werwatch() -> None:
    """Last-mile drift monitor for speech transcription."""


@werwatch.command()
@click.option("--config", "config_file", type=CONFIG_FILE, help="YAML file; without it every default holds.")
def serve(config_file: Path | None) -> None:
    """Run the service until SIGTERM or Ctrl-C."""
    from service.settings.config_file import load_config

    config = load_config(config_file)
    from service.serve import serve as run
    from service.settings.deprecations import deprecated
    from service.telemetry.log_lines import write_log

    write_log(sys.stdout, config.log_level)
    for warning in deprecated(config):
        logger.warning("%s", warning)
    run(config, config_file)


@werwatch.command("check-config")
@click.argument("config_file", type=CONFIG_FILE)
def check_config(config_file: Path) -> None:
    """Say what is wrong in a configuration file, and where."""
    from service.receivers.kinds import endpoints
    from service.settings.config_file import load_config
    from service.settings.deprecations import deprecated
    from service.settings.named_files import must_be_usable
    from service.store.data_dir import must_be_a_folder

    config = load_config(config_file)
    must_be_a_folder(config.data_dir)
    endpoints(config)
    must_be_usable(config)
    click.echo(f"{config_file}: good")
    if not config.model_fields_set:
        click.echo("it sets nothing: every default holds")
    for warning in deprecated(config):
        click.echo(warning)
    if config.privacy.keep_text:
        click.echo("privacy.keep_text: transcripts will lie as text in data_dir")


@werwatch.command()
@click.option(
    "--recording",
    type=click.Choice(["hospital", "control"]),
    default="hospital",
    show_default=True,
    help="With the new equipment, or the same days without it.",
)
@click.option(
    "--seconds",
    type=FiniteRange(min=1, max=86_400),
    default=75.0,
    show_default=True,
    help="How long the recorded days take.",
)
@click.option("--keep", is_flag=True, envvar="KEEP", help="Leave the service up at the end, until Ctrl-C.")
def demo(*, recording: str, seconds: float, keep: bool) -> None:
    """Play a recorded hospital into a service of its own and watch."""
    from service.demo.run import run

    sys.exit(run(recording, seconds, keep=keep))


@werwatch.command()
@click.option("--cohort", help="Whose normal begins anew; without it, every cohort's.")
@click.option("--note", required=True, help="Why; kept in the audit record.")
@click.option("--author", required=True, help="Who says so; kept in the audit record.")
@asks_the_service
def rebaseline(cohort: str | None, author: str, note: str, api: str, **credentials: Path | None) -> None:
    """Take what comes from now on as normal, in a running service."""
    from service.commands.told import Row

    body = {"cohort": cohort, "author": author, "note": note}
    answer = remote(api, credentials).post(Row, "/v1/rebaselines", body)
    click.echo(f"{cohort or 'every cohort'} is learned anew (audit row {answer.id})")


@werwatch.command()
@click.argument("description")
@click.option("--author", required=True, help="Who says so; kept in the audit record.")
@asks_the_service
def announce(description: str, author: str, api: str, **credentials: Path | None) -> None:
    """Announce a planned change, to be judged as a before/after comparison by a running service."""
    from service.commands.told import Row

    body = {"description": description, "author": author}
    answer = remote(api, credentials).post(Row, "/v1/announcements", body)
    click.echo(f"every cohort that can be judged is compared with itself before (audit row {answer.id})")


@werwatch.command()
@asks_the_service
def reload(api: str, **credentials: Path | None) -> None:
    """Let a running service read its configuration file again; say what holds now, what after a restart."""
    from service.commands.told import Reloaded

    answer = remote(api, credentials).post(Reloaded, "/v1/admin/reload", {})
    click.echo(f"changed: {', '.join(answer.changed) or 'nothing'}")
    click.echo(f"after a restart: {', '.join(answer.needs_restart) or 'nothing'}")


@werwatch.command("rotate-key")
@click.option("--config", "config_file", type=CONFIG_FILE, help="The service's YAML file.")
@click.option("--to", type=CONFIG_FILE, help="File with the new key, where privacy.key_file is set.")
@click.option("--author", required=True, help="Who does so; kept in the audit record.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def rotate_key(config_file: Path | None, to: Path | None, author: str, *, yes: bool) -> None:
    """Change the hashing key of a stopped service; say what that makes useless, before and after."""
    from service.settings.config_file import load_config
    from service.upkeep.key_rotation import rotate, what_is_lost

    def confirm(lost: Unjoinable) -> bool:
        click.echo("With another hashing key, what comes cannot be joined any more with what is kept:")
        click.echo(what_is_lost(lost))
        return yes or click.confirm("Change the key?")

    done = rotate(load_config(config_file), to, author, confirm)
    if done is None:
        click.echo("nothing was changed")
        sys.exit(EXIT_FAILURE)
    row, lost = done
    click.echo(f"the hashing key was changed (audit row {row}):")
    click.echo(what_is_lost(lost))
    if to is not None:
        click.echo(f"before the next start, let privacy.key_file name {to}")
    click.echo("destroy every copy of the old key; a backup made before can only be used with it")


@werwatch.command()
@click.argument("target", metavar="FILE", type=CONFIG_FILE)
@click.option("--config", "config_file", type=CONFIG_FILE, help="The service's YAML file.")
def backup(target: Path, config_file: Path | None) -> None:
    """Copy the store into one file, also while the service runs; the hashing key is not in it."""
    from service.settings.config_file import load_config
    from service.upkeep.backup import back_up

    copied = back_up(load_config(config_file), target)
    click.echo(f"{target}: {copied}")
    click.echo("the hashing key is not in it: keep a copy of that elsewhere; the backup is of no use without")


@werwatch.command()
@click.argument("source", metavar="FILE", type=CONFIG_FILE)
@click.option("--config", "config_file", type=CONFIG_FILE, help="The service's YAML file.")
@click.option("--force", is_flag=True, help="Move a store that is there aside.")
def restore(source: Path, config_file: Path | None, *, force: bool) -> None:
    """Put a backup in the place of the store of a stopped service, if it is whole and the key is its own."""
    from service.settings.config_file import load_config
    from service.upkeep.backup import restore as put_back

    config = load_config(config_file)
    copied, aside = put_back(config, source, is_forced=force)
    click.echo(f"{config.data_dir}: {copied}")
    if aside is not None:
        click.echo(f"the store before it is in {aside}: neither retention nor erasure reaches it there")


@werwatch.command()
@click.option("--config", "config_file", type=CONFIG_FILE, help="The service's YAML file.")
def verify(config_file: Path | None) -> None:
    """Say whether the store is whole and the monitor's state what its rows lead to; change nothing."""
    from service.settings.config_file import load_config
    from service.upkeep.verify import verify as look

    is_good = True
    for finding in look(load_config(config_file)):
        click.echo(f"{finding.subject}: {'good' if finding.is_good else 'BAD'}: {finding.text}")
        is_good &= finding.is_good
    if not is_good:
        sys.exit(EXIT_FAILURE)


@werwatch.command()
@click.option(
    "--metrics",
    default="127.0.0.1:9600",
    show_default=True,
    envvar="WERWATCH_METRICS_LISTEN",
    show_envvar=True,
    help="The metrics listener of the service in question.",
)
def healthcheck(metrics: str) -> None:
    """Say whether a running service is ready, for a container's health check."""
    from service.commands.healthcheck import ask

    click.echo(ask(metrics))


@werwatch.command()
def version() -> None:
    """Print the version."""
    click.echo(f"werwatch {__version__}")


for command in (
    *alerts_commands,
    *claims_commands,
    *notices_commands,
    *slices_commands,
    *history_commands,
    proxy,
    score,
):
    werwatch.add_command(command)


def main() -> None:
    """Entry point: whatever fails leaves none of the transcripts behind that most commands have in memory."""
    leave_no_values_behind()
    run()


def run() -> None:
    """Obey the command line: errors become one message and an exit code, without a traceback."""
    try:
        werwatch(standalone_mode=True)
    except (ConfigError, StartError) as error:
        click.echo(f"werwatch: {error}", err=True)
        sys.exit(EXIT_USAGE)
    except WerwatchError as error:
        click.echo(f"werwatch: {error}", err=True)
        sys.exit(EXIT_FAILURE)


if __name__ == "__main__":
    main()
