"""Transcript text to comparable tokens: what runs before a word error rate is counted.

A word error rate is only fair when hypothesis and reference are written the same way, so both sides go
through the same ordered list of small named steps, and the `version` of that list belongs to every score.
The steps have three promises, each a property test:

- idempotent: ``tokens(" ".join(tokens(x))) == tokens(x)`` for every text and every choice of steps;
- blind to case, to spacing, and to punctuation that carries no meaning;
- careful: strings that differ clinically ("15" and "50", "0.5 mg" and "5 mg") stay different.

English has steps of its own (`detectors.normalisation.english`); every other language gets the neutral ones.
"""

import difflib
import hashlib
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import lru_cache

from detectors.normalisation import characters, tags
from detectors.normalisation.english import (
    abbreviations,
    accents,
    contractions,
    fillers,
    numbers,
    spelling,
    symbols,
    units,
)
from detectors.normalisation.languages import TWO_LETTERS
from detectors.normalisation.walls import LONGEST, WALL, Kind, Walls

__all__ = ["Normaliser", "describe", "step_names"]

_MOST_ROUNDS = 8
_REMEMBERED, _LONGEST_STRETCH = 8_192, 64
"""Stretches of text between two walls whose tokens are remembered, and the characters of the longest."""
_ON_CHARACTERS = frozenset(["unicode", "tags", "case", "accents"])
TABLE_VERSION = 4
"""Raise by one when the code of a step changes what comes out; tables and patterns are hashed anyway."""


class Normaliser:
    """Turn transcript text into the tokens that are scored.

    Parameters
    ----------
    language
        A BCP 47 tag. "en", "en-GB" and "en-us" all get the English steps; other languages get the neutral
        steps only.
    disable
        Names of steps to leave out, from `step_names`. "spacing" cannot be left out, because it makes tokens
        of the text.

    Attributes
    ----------
    version
        Language, table version and a digest of the enabled steps and their rules, such as "en-1-9f3c2a".
        Scores with different versions must not be compared.
    steps
        Names of the enabled steps, in order.
    kind
        Tells what a word of a to z means to the steps (`detectors.normalisation.walls.Kind`).
    has_walls
        Whether what stands between two walls can be worked on by itself.
    joins_words
        Whether a step looks beyond one word, and walls keep it from looking far.

    Raises
    ------
    ValueError
        If the language is not a tag or there is none of it, or a step name is unknown; the message names the
        nearest known step.

    Examples
    --------
    >>> normaliser = Normaliser("en-GB")
    >>> normaliser.tokens("Um, the patient's BP is one hundred and twenty over eighty [inaudible].")
    ['the', 'patients', 'bp', 'is', '120', 'over', '80']
    >>> normaliser.text("BP 120/80; give 2½ litres, 50mg.") == normaliser.text(
    ...     "bp one twenty over eighty give two and a half liters fifty milligrams")
    True
    >>> Normaliser("en", disable=["numbres"])
    Traceback (most recent call last):
        ...
    ValueError: disable: unknown step 'numbres' for language 'en'; did you mean 'numbers'?
    """

    def __init__(self, language: str = "en", disable: Collection[str] = ()) -> None:
        primary = _primary_subtag(language)
        known = _steps_of(primary)
        for name in disable:
            _check_can_be_disabled(name, primary, known)
        enabled = [step for step in known if step.name not in set(disable)]
        self.steps: tuple[str, ...] = tuple(step.name for step in enabled)
        self.version: str = f"{primary}-{TABLE_VERSION}-{_digest(enabled)}"
        self._on_text = tuple(step.on_text for step in enabled if step.on_text is not None)
        self._on_tokens = tuple(step.on_tokens for step in enabled if step.on_tokens is not None)
        heeds = [step.heeds for step in enabled if step.heeds is not None]
        self.kind = Walls((step.rules for step in known), heeds).kind
        self._on_characters = tuple(
            step.on_text for step in enabled if step.on_text is not None and step.name in _ON_CHARACTERS
        )
        # Without this step brackets are left, and a tag may go on beyond any word.
        self.has_walls = "punctuation" in self.steps
        self.joins_words: bool = self.has_walls and bool(self._on_tokens)
        self._remembered = lru_cache(maxsize=_REMEMBERED)(self._between)

    def tokens(self, text: str) -> list[str]:
        """Return the tokens of `text`; an empty list if nothing is left to score.

        >>> Normaliser("de").tokens("Blutdruck: 120/80 — „stabil“!")
        ['blutdruck', '120', '80', 'stabil']
        """
        if not _has_letters_alone(text):
            text = self._rewritten(text)
        tokens = text.split()
        if not self.has_walls or max(map(len, tokens), default=0) > LONGEST:
            return self._settled(tokens)
        kinds = list(map(self.kind, tokens))
        return self._stirred(tokens, kinds) if Kind.STIRRING in kinds else tokens

    def text(self, text: str) -> str:
        """Return the tokens of `text` joined by single spaces.

        >>> Normaliser().text("She CAN'T see Dr. Jones at 7:30 p.m.")
        'she can not see doctor jones at 7 30 pm'
        """
        return " ".join(self.tokens(text))

    def between(self, text: str, has_left: bool, has_right: bool) -> list[str]:  # noqa: FBT001
        """Return the tokens of a part of a text with a wall to its left, or its right, or both.

        >>> Normaliser().between("Fifty milligrams,", True, True)
        ['50', 'mg']
        """
        walled = " ".join([*[WALL] * has_left, text, *[WALL] * has_right])
        tokens = self._rewritten(walled).split()
        if Kind.STIRRING in map(self.kind, tokens):
            tokens = self._settled(tokens)
        return tokens[has_left : len(tokens) - has_right]

    def plain(self, text: str) -> str:
        """Return the text in equal characters and without tags, after the steps that heed no spaces.

        >>> Normaliser().plain("Ménière's disease: [pause] 2 ½ mg")
        "meniere's disease:   2  1/2  mg"
        """
        for rewrite in self._on_characters:
            text = rewrite(text)
        return text

    def _stirred(self, tokens: list[str], kinds: list[Kind]) -> list[str]:
        """Work on each stretch between two walls by itself, if something in it stirs."""
        out: list[str] = []
        start, stirs = 0, False
        for end, kind in enumerate([*kinds, Kind.WALL]):
            stirs = stirs or kind is Kind.STIRRING
            if kind is not Kind.WALL:
                continue
            if stirs:
                text = " ".join(tokens[start:end])
                settle = self._remembered if len(text) <= _LONGEST_STRETCH else self._between
                out += settle(text, start > 0, end < len(tokens))
            else:
                out += tokens[start:end]
            out += tokens[end : end + 1]
            start, stirs = end + 1, False
        return out

    def _between(self, text: str, has_left: bool, has_right: bool) -> tuple[str, ...]:  # noqa: FBT001 -- hashed
        """Return the tokens of a rewritten stretch with a wall to its left, or its right, or both."""
        settled = self._settled([*[WALL] * has_left, *text.split(), *[WALL] * has_right])
        return tuple(settled[has_left : len(settled) - has_right])

    def _settled(self, tokens: list[str]) -> list[str]:
        tokens = self._stepped(tokens)
        # A later step can make a token that an earlier one knows ("c" after "degrees" becomes "celsius"), so
        # the steps run until nothing changes; nearly always the second round confirms the first.
        for _ in range(_MOST_ROUNDS):
            again = self._stepped(self._rewritten(" ".join(tokens)).split())
            if again == tokens:
                break
            tokens = again
        return tokens

    def _rewritten(self, text: str) -> str:
        for rewrite in self._on_text:
            text = rewrite(text)
        return text

    def _stepped(self, tokens: list[str]) -> list[str]:
        for step in self._on_tokens:
            tokens = step(tokens)
        return tokens


def step_names(language: str) -> tuple[str, ...]:
    """Return the names of the steps for a language, in the order in which they run.

    >>> step_names("fr")
    ('unicode', 'tags', 'case', 'punctuation', 'spacing')
    """
    return tuple(step.name for step in _steps_of(_primary_subtag(language)))


def describe(language: str) -> dict[str, str]:
    """Return each step's name with one line on what it does, in order, for documentation and configuration.

    >>> describe("en")["fillers"]
    'drop uh, um, erm, hmm and mm (but not 5 mm); mm-hmm and uh-huh become mhm'
    """
    return {step.name: step.summary for step in _steps_of(_primary_subtag(language))}


def _has_letters_alone(text: str) -> bool:
    """Say whether a text is of a to z and spaces: no step that rewrites text changes that.

    >>> _has_letters_alone("no fever since monday"), _has_letters_alone("no fever since Monday")
    (True, False)
    """
    return text.isascii() and text.islower() and text.replace(" ", "").isalpha()


@dataclass(frozen=True, slots=True)
class _Step:
    """One rule with a name: it rewrites the text, or the tokens, or (spacing) makes the second of the first.

    A step on tokens says which words of ASCII letters it heeds: a list of others stays as it is.
    """

    name: str
    summary: str
    rules: tuple[object, ...]
    on_text: Callable[[str], str] | None = None
    on_tokens: Callable[[list[str]], list[str]] | None = None
    heeds: Callable[[str], bool] | None = None
    is_english: bool = False


_STEPS = (
    _Step(
        "unicode",
        "NFKC; plain quotes, dashes and digits; no control, zero-width or soft-hyphen characters",
        characters.UNICODE_RULES,
        on_text=characters.equal_looking,
    ),
    _Step(
        "tags",
        "drop [PII], <unk> and other square or angle brackets, and known tags such as (laughter)",
        tags.RULES,
        on_text=tags.without_tags,
    ),
    _Step("case", "fold case", (), on_text=characters.case_folded),
    _Step(
        "accents",
        "write Latin letters without accents: Ménière, naïve, œdema",
        accents.RULES,
        on_text=accents.plain_letters,
        is_english=True,
    ),
    _Step(
        "symbols",
        "say %, °, $, +, <, 120/80, 5-10 and -5 in words, and part numbers from letters: 50mg, B12",
        symbols.RULES,
        on_text=symbols.spoken_symbols,
        is_english=True,
    ),
    _Step(
        "punctuation",
        "strip it, but keep apostrophes inside words and points and commas inside numbers; hyphens split",
        characters.PUNCTUATION_RULES,
        on_text=characters.without_punctuation,
    ),
    _Step("spacing", "split into tokens at white space", ()),
    _Step(
        "fillers",
        "drop uh, um, erm, hmm and mm (but not 5 mm); mm-hmm and uh-huh become mhm",
        fillers.RULES,
        on_tokens=fillers.without_fillers,
        heeds=fillers.SOUNDS.__contains__,
        is_english=True,
    ),
    _Step(
        "contractions",
        "in full: can't = can not, I'm = I am, it's = it is, 'cause I = because I; patient's = patients",
        contractions.RULES,
        on_tokens=contractions.in_full,
        heeds=contractions.WITHOUT_APOSTROPHE.__contains__,
        is_english=True,
    ),
    _Step(
        "spelling",
        "one spelling: British to American (anaemia, litre, catheterise) and a few closed compounds",
        spelling.RULES,
        on_tokens=spelling.american,
        heeds=spelling.is_changed,
        is_english=True,
    ),
    _Step(
        "numbers",
        "digits for spelled cardinals, ordinals, decimals, fractions, years; single digits: 7 7 3 = 773",
        numbers.RULES,
        on_tokens=numbers.in_digits,
        heeds=numbers.TRIGGERS.__contains__,
        is_english=True,
    ),
    _Step(
        "units",
        "one short form for a unit of measurement; ambiguous ones (g, m, h) only after a number",
        units.RULES,
        on_tokens=units.in_short,
        heeds=units.WORDS.__contains__,
        is_english=True,
    ),
    _Step(
        "abbreviations",
        "a few safe ones: dr = doctor, vs = versus, ok = okay; letters said one by one: E C G = ECG",
        abbreviations.RULES,
        on_tokens=abbreviations.in_full,
        heeds=abbreviations.is_heeded,
        is_english=True,
    ),
)


def _steps_of(primary: str) -> tuple[_Step, ...]:
    return tuple(step for step in _STEPS if primary == "en" or not step.is_english)


def _primary_subtag(language: str) -> str:
    if re.fullmatch(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{1,8})*", language) is None:
        raise ValueError(f"language: expected a BCP 47 tag such as 'en-GB', got {language[:40]!r}")
    primary = re.split("[-_]", language, maxsplit=1)[0].lower()
    if primary == "eng" or (len(primary) == 2 and primary not in TWO_LETTERS):
        raise ValueError(f"language: {primary!r} is no language of BCP 47; English is 'en'")
    return primary


def _check_can_be_disabled(name: str, primary: str, known: tuple[_Step, ...]) -> None:
    names = [step.name for step in known]
    if name == "spacing":
        raise ValueError("disable: 'spacing' cannot be disabled, because it makes tokens of the text")
    if name not in names:
        nearest = difflib.get_close_matches(name, names, n=1, cutoff=0.0)[0]
        raise ValueError(
            f"disable: unknown step {name!r} for language {primary!r}; did you mean {nearest!r}?"
        )


def _digest(steps: list[_Step]) -> str:
    canonical = repr([(step.name, _canonical(step.rules)) for step in steps])
    return hashlib.blake2b(canonical.encode("utf-8", "backslashreplace"), digest_size=3).hexdigest()


def _canonical(rule: object) -> object:
    """Return `rule` in a form whose repr is the same in every process."""
    if isinstance(rule, Mapping):
        return sorted((repr(key), _canonical(value)) for key, value in rule.items())
    if isinstance(rule, (frozenset, set)):
        return sorted(map(repr, rule))
    if isinstance(rule, (tuple, list)):
        return [_canonical(part) for part in rule]
    if isinstance(rule, re.Pattern):
        return (rule.pattern, rule.flags)
    return rule
