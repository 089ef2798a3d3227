"""Letters that are said one by one: "E C G", "E.C.G." and "ECG" are one word.

Case is gone by now, so that only what the letters spell tells a run of them from the words "a" and "i": "the m r i a
week ago" is "the mri a week ago". Two letters are one word only where they are known ("c t"), and never where that
would be a word of its own ("o r", "u s"); three or more are one word in any case, as when a name is spelled out.
"""

from detectors.normalisation.english.written_numbers import is_quantity

__all__ = ["RULES", "TELLING", "joined"]


def joined(tokens: list[str]) -> list[str]:
    """Return the tokens with runs of single letters as the words that they spell.

    >>> " ".join(joined("the m r i a week ago j o n e s 4 h p r n and c t l 5 or a c t x ray".split()))
    'the mri a week ago jones 4 h prn and ct l 5 or a ct x ray'
    """
    if TELLING.isdisjoint(tokens):
        return tokens
    words: list[str] = []
    at = 0
    while at < len(tokens):
        end = at
        while end < len(tokens) and tokens[end] in _LETTERS:
            end += 1
        if end - at < _FEWEST:
            end = max(end, at + 1)
            words.extend(tokens[at:end])
        else:
            after_number = bool(words) and is_quantity(words[-1])
            words.extend(_spelled(tokens[at:end], tokens[end : end + 1], after_number=after_number))
        at = end
    return words


def _spelled(letters: list[str], following: list[str], *, after_number: bool) -> list[str]:
    """Return the words of a run; its ends may belong to its neighbours: "4 h p r n", "c t l 5", "c t x ray"."""
    is_part = following != [] and (letters[-1], following[0]) in _OPEN
    is_code = following != [] and is_quantity(following[0])
    last = [1] if is_part else [0, 1] if is_code else [0]
    for first in range(3 if after_number else 1):
        for dropped in last:
            end = len(letters) - dropped
            words = _known(letters[first:end])
            if words is not None:
                return [*letters[:first], *words, *letters[end:]]
    return letters if after_number or is_part else _in_one(letters)


def _known(letters: list[str]) -> list[str] | None:
    """Return the known words that the letters spell from end to end, "a" and "i" among them, the longest first."""
    if len(letters) > _LONGEST_RUN or not any(letter in TELLING for letter in letters):
        return None
    return _cover("".join(letters))


def _cover(letters: str) -> list[str] | None:
    if not letters:
        return []
    for size in (*range(_LONGEST, 1, -1), 1):
        word = letters[:size]
        if len(word) == size and (word in _KNOWN or word in _WORDS):
            rest = _cover(letters[size:])
            if rest is not None:
                return [word, *rest]
    return None


def _in_one(letters: list[str]) -> list[str]:
    start, end = 0, len(letters)
    while start < end and letters[start] in _WORDS:
        start += 1
    while end > start and letters[end - 1] in _WORDS:
        end -= 1
    if end - start < _FEWEST_UNKNOWN:
        return letters
    return [*letters[:start], "".join(letters[start:end]), *letters[end:]]


_WORDS = frozenset(["a", "i"])
_LETTERS = frozenset("abcdefghijklmnopqrstuvwxyz")
TELLING = _LETTERS - _WORDS
_OPEN = frozenset([("x", "ray"), ("x", "rays"), ("e", "mail"), ("e", "mails")])
_FEWEST = 2
_FEWEST_UNKNOWN = 3
_LONGEST_RUN = 12
_KNOWN = frozenset([
    "aafb", "abg", "abi", "aca", "ace", "acl", "acs", "acth", "adhd", "adl", "aed", "afb", "afp", "aicd",
    "aids", "aki", "alp", "als", "alt", "ama", "ana", "apap", "apl", "arb", "arbs", "ards", "asa", "asd",
    "asl", "ast", "atp", "avm", "avn", "avpu", "avr", "bid", "bka", "bm", "bmi", "bmp", "bnp", "bp", "bpm",
    "bun", "cabg", "cad", "cbc", "cea", "cf", "chf", "ckd", "cmp", "cmv", "cns", "copd", "cp", "cpa",
    "cpap", "cpr", "crp", "csf", "ct", "cta", "ctpa", "cv", "cva", "cvp", "cxr", "dc", "dha", "dka", "dm",
    "dna", "dnr", "dvt", "dx", "ecg", "ecmo", "ed", "eeg", "ef", "eg", "ekg", "emg", "ent", "epa", "er",
    "ercp", "fb", "fda", "fev", "fna", "fvc", "fx", "gca", "gcs", "gerd", "gfr", "gi", "gp", "gu", "hb",
    "hba", "hcg", "hdl", "hfpef", "hiv", "hpv", "hr", "hrct", "hrt", "hx", "iabp", "ibd", "ibs", "icd",
    "icp", "ics", "icu", "id", "idm", "ie", "iga", "ige", "igg", "igm", "ijv", "ild", "im", "inr", "iop",
    "ir", "itp", "iud", "iui", "iv", "ivc", "ivdu", "ivf", "ivig", "ivp", "jp", "kph", "kub", "ldh", "ldl",
    "lfts", "lma", "lp", "lpm", "lv", "lvef", "mca", "mcv", "md", "mdi", "mi", "mmhg", "mph", "mra", "mrcp",
    "mri", "mrsa", "mv", "mva", "mvp", "nb", "ng", "nicu", "nka", "nkda", "np", "nph", "npo", "nsaid",
    "nsaids", "nstemi", "ob", "ocd", "od", "ok", "osha", "ot", "pa", "pca", "pci", "pcp", "pcr", "pda",
    "pe", "pet", "pfa", "pfo", "pft", "pfts", "ph", "picc", "picu", "pna", "po", "ppd", "ppi", "pr", "prn",
    "psa", "pt", "pta", "pth", "ptsd", "ptt", "pvd", "qd", "qhs", "qid", "rbc", "rca", "rn", "rna", "rr",
    "rsv", "rt", "rta", "rv", "rx", "sma", "ssi", "ssri", "ssris", "st", "std", "stemi", "sti", "svt", "sx",
    "tah", "tb", "tca", "tcas", "td", "tha", "tia", "tid", "tka", "tmj", "tpa", "tpn", "tsh", "tta", "tv",
    "tx", "ua", "uk", "uri", "urti", "uti", "uv", "vf", "vre", "vt", "wbc", "wpw", "xr",
])  # fmt: skip
_LONGEST = max(map(len, _KNOWN))

RULES = (_WORDS, _OPEN, _FEWEST, _FEWEST_UNKNOWN, _LONGEST_RUN, _KNOWN)
