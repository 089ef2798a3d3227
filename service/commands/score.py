"""Scoring two files at the command line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from service.commands.options import CONFIG_FILE
from service.errors import StartError

if TYPE_CHECKING:
    from detectors.recordings.cuttable import Cuttable

BASIC, FULL, NONE = "basic", "full", "none"


@click.command()
@click.argument("reference", metavar="REF", type=CONFIG_FILE)
@click.argument("hypothesis", metavar="[HYP]", required=False, type=CONFIG_FILE)
@click.option("--ref-format", metavar="FORMAT", help="txt, ndjson, trn, stm, srt, vtt; as REF ends.")
@click.option("--hyp-format", metavar="FORMAT", help="txt, ndjson, trn, ctm, srt, vtt; as HYP ends.")
@click.option("--by", metavar="NAME", multiple=True, help="Also by accent, speaker, label ...; repeatable.")
@click.option(
    "--normalisation",
    type=click.Choice([FULL, BASIC, NONE]),
    default=FULL,
    show_default=True,
    help="As the service does it; or NFKC, lower case and no punctuation; or lower case alone, as sclite.",
)
@click.option("--language", help="BCP 47 tag for the full normalisation; by default en.")
@click.option("--config", "config_file", type=CONFIG_FILE, help="Take the normaliser from this YAML file.")
@click.option("--align", "shows_words", is_flag=True, help="Show each utterance's alignment.")
@click.option("--only-errors", is_flag=True, help="Of the alignments, those with errors.")
@click.option("--skip-lone", is_flag=True, help="Leave out what has no counterpart in the other file.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON; words are in it only with --align.")
def score(
    reference: Path,
    hypothesis: Path | None,
    ref_format: str | None,
    hyp_format: str | None,
    by: tuple[str, ...],
    normalisation: str,
    language: str | None,
    config_file: Path | None,
    *,
    shows_words: bool,
    only_errors: bool,
    skip_lone: bool,
    as_json: bool,
) -> None:
    """Count the word errors of hypotheses against references, in files; nothing is sent or kept.

    Pairs lines of text by their order, utterances (NDJSON as the API takes it, TRN) by their id, words with
    times (CTM) by segments (STM), and subtitles (SRT, WebVTT) as one recording. A file of NDJSON that has
    both needs no second one. Files may be gzipped.
    """
    import json
    import shutil

    from service.scoring import report
    from service.scoring.pairing import paired
    from service.scoring.score import by_group, total
    from service.scoring.score import score as score_pair
    from service.scoring.side import HYPOTHESIS, REFERENCE, CannotScore, read_side

    tokens, cuttable, version = _normaliser(normalisation, language, config_file)
    side = read_side(reference, ref_format, REFERENCE)
    other = None if hypothesis is None else read_side(hypothesis, hyp_format, HYPOTHESIS)
    found = paired(side, other)
    if found.lone_references or found.lone_hypotheses:
        lone = f"without a hypothesis {found.lone_references}, without a reference {found.lone_hypotheses}"
        if not skip_lone:
            raise CannotScore(f"{lone}; --skip-lone leaves them out")
        click.echo(f"werwatch: {lone}: left out", err=True)
    scored = [score_pair(pair, tokens, cuttable) for pair in found.pairs]
    known = dict.fromkeys(name for pair in found.pairs for heard in pair.heard for name in heard.groups)
    for name in by:
        if name not in known:
            raise StartError(f"--by: {name} is not in the files; known are {', '.join(known) or 'none'}")
    groups = by_group(scored, by or [name for name in ("accent", "label", "speaker") if name in known][:1])
    if as_json:
        body = report.as_json(total(scored), groups, scored, shows_words=shows_words)
        click.echo(json.dumps({"normaliser": version, **body}, ensure_ascii=False, indent=1))
        return
    if shows_words:
        width = shutil.get_terminal_size().columns
        for each in scored:
            if each.counts.errors or not only_errors:
                click.echo(report.alignment(each, width) + "\n")
    click.echo(report.table(total(scored), groups))
    click.echo(f"\nnormaliser {version}")


def _normaliser(
    normalisation: str, language: str | None, config_file: Path | None
) -> tuple[Callable[[str], list[str]], Callable[[str], Cuttable[str]] | None, str]:
    """What makes tokens of text, what makes a text that may be cut if words are joined, and the version."""
    from detectors.normalisation import basic
    from detectors.recordings.cutter import Cutter
    from detectors.text import Normaliser

    if normalisation == NONE:
        return lambda text: text.lower().split(), None, "none"
    if normalisation == BASIC:
        return basic.basic_tokens, None, basic.VERSION
    if config_file is not None:
        from service.settings.config_file import load_config

        settings = load_config(config_file).normaliser
        made = Normaliser(language or settings.language, settings.disable)
    else:
        try:
            made = Normaliser(language or "en")
        except ValueError as error:
            raise click.BadParameter(str(error), param_hint="--language") from None
    return made.tokens, Cutter(made).cuttable, made.version
