"""The operator's critical terms: read, normalised and hashed as everything that is said."""

from __future__ import annotations

from collections.abc import Iterator

from detectors.normalisation.critical_terms import Lexicon, version_of
from detectors.text import Normaliser
from service.config import MOST_CRITICAL_TERMS, Config
from service.errors import ConfigError
from service.privacy import Hasher
from service.settings.secret_file import read_text

Term = tuple[str, ...]


def read_terms(config: Config) -> tuple[Term, ...]:
    """The normalised terms of the configuration, inline and in the file; none where none is declared.

    In the file each line is a term; empty lines and those that begin with # are none.

    Raises
    ------
    ConfigError
        If the file cannot be read or has no term, a term is left without a word, or there are too many.
    """
    normaliser = Normaliser(config.normaliser.language, config.normaliser.disable)
    terms = []
    for place, text in _written(config):
        tokens = tuple(normaliser.tokens(text))
        if not tokens:
            raise ConfigError(f"{place}: the normaliser leaves nothing of it; name a word that can be heard")
        terms.append(tokens)
    if len(terms) > MOST_CRITICAL_TERMS:
        raise ConfigError(f"critical_terms: expected at most {MOST_CRITICAL_TERMS:,}, got {len(terms):,}")
    return tuple(dict.fromkeys(terms))


def read_lexicon(config: Config, hasher: Hasher) -> Lexicon | None:
    """The lexicon as the store's rows can be compared with it; None where none is declared.

    Raises
    ------
    ConfigError
        As for `read_terms`.
    """
    terms = read_terms(config)
    if not terms:
        return None
    normaliser = Normaliser(config.normaliser.language, config.normaliser.disable)
    return Lexicon(map(hasher.tokens, terms), version_of(terms, normaliser.version))


def _written(config: Config) -> Iterator[tuple[str, str]]:
    for number, term in enumerate(config.critical_terms):
        yield f"critical_terms.{number}", term
    path = config.critical_terms_file
    if path is not None:
        lines = enumerate(read_text(path, "critical_terms_file").splitlines(), start=1)
        terms = [(number, line.strip()) for number, line in lines if line.strip()[:1] not in ("", "#")]
        if not terms:
            raise ConfigError(
                f"critical_terms_file: {path} has no term; write one a line, or leave the key out"
            )
        for number, term in terms:
            yield f"critical_terms_file: {path}, line {number}", term
