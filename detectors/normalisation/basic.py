"""The plainest fair normalisation: what word error rates in papers and tools are most often counted on."""

from __future__ import annotations

import re
import unicodedata

VERSION = "basic-1"
_NO_WORD = re.compile(r"[^\w\s']|_")
_OUTSIDE = re.compile(r"(?<!\w)'|'(?!\w)")


def basic_tokens(text: str) -> list[str]:
    """Split a text after NFKC, lower case, and spaces for punctuation but an apostrophe inside a word.

    Numbers, spellings, contractions and fillers stay as they were written.

    Examples
    --------
    >>> basic_tokens("Don't give 2.5 mg ‘twice’.")
    ["don't", 'give', '2', '5', 'mg', 'twice']
    """
    text = unicodedata.normalize("NFKC", text).lower().replace("’", "'")
    return _OUTSIDE.sub(" ", _NO_WORD.sub(" ", text)).split()
