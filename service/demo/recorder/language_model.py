r"""A bigram language model, estimated from sample sentences, in ARPA form.

Probabilities use interpolated absolute discounting [1]_: with count :math:`c(v, w)` of
the pair, :math:`c(v)` of its history, :math:`n(v)` distinct followers of the history,
discount :math:`d` and unigram probability :math:`p(w)`,

.. math:: p(w \mid v) = \frac{\max(c(v, w) - d, 0)}{c(v)} + \frac{d\, n(v)}{c(v)} p(w)

A pair that was never seen backs off to :math:`\beta(v) p(w)` with
:math:`\beta(v) = d\, n(v) / c(v)`.

References
----------
.. [1] H. Ney, U. Essen, R. Kneser, "On structuring probabilistic dependences in
       stochastic language modelling", Computer Speech and Language 8 (1994), 1-38.
"""

import math
from collections import Counter
from collections.abc import Iterable
from itertools import pairwise

START = "<s>"
END = "</s>"

# ARPA files write "never" as -99; a log of zero has no other form there.
_NEVER_LOG10 = -99.0


def arpa(texts: Iterable[str], discount: float = 0.5) -> str:
    r"""Estimate a bigram model and give it as the text of an ARPA file.

    Parameters
    ----------
    texts
        Sentences of lower-case words separated by spaces.
    discount
        How much of each pair's count is given to unseen pairs, between 0 and 1.

    >>> arpa(["give aspirin", "give heparin"]).splitlines()[:3]
    ['\\data\\', 'ngram 1=5', 'ngram 2=5']
    """
    pairs = _pairs(texts)
    histories = Counter[str]()
    followers = Counter[str]()
    words = Counter[str]()
    for (history, word), count in pairs.items():
        histories[history] += count
        followers[history] += 1
        words[word] += count
    total = words.total()
    unigram = {word: count / total for word, count in words.items()}
    backoff = {v: discount * followers[v] / histories[v] for v in histories}

    unigrams = [f"{_NEVER_LOG10:.4f} {START} {math.log10(backoff[START]):.4f}"]
    for word in sorted(unigram):
        line = f"{math.log10(unigram[word]):.4f} {word}"
        unigrams.append(line if word == END else f"{line} {math.log10(backoff[word]):.4f}")
    bigrams = []
    for (history, word), count in sorted(pairs.items()):
        kept = (count - discount) / histories[history]
        probability = kept + backoff[history] * unigram[word]
        bigrams.append(f"{math.log10(probability):.4f} {history} {word}")
    sections = [
        "\\data\\",
        f"ngram 1={len(unigrams)}",
        f"ngram 2={len(bigrams)}",
        "",
        "\\1-grams:",
        *unigrams,
        "",
        "\\2-grams:",
        *bigrams,
        "",
        "\\end\\",
    ]
    return "\n".join(sections) + "\n"


def _pairs(texts: Iterable[str]) -> Counter[tuple[str, str]]:
    pairs = Counter[tuple[str, str]]()
    for text in texts:
        words = [START, *text.split(), END]
        pairs.update(pairwise(words))
    return pairs
