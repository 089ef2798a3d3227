"""Languages as engines name them, as BCP 47 tags."""

from __future__ import annotations

import re


def canonical(name: str | None) -> str | None:
    """The tag of a language in its usual case; None for what is none.

    Parameters
    ----------
    name
        A tag in any case, or an English name as Whisper gives it.

    Examples
    --------
    >>> canonical("en-in"), canonical("English"), canonical("cmn-hans-cn"), canonical("en_uk")
    ('en-IN', 'en', 'cmn-Hans-CN', 'en-GB')
    >>> canonical("multi") is None
    True
    """
    if name is None:
        return None
    folded = name.strip().lower().replace("_", "-")
    if folded in _BY_NAME:
        return _BY_NAME[folded]
    if not re.fullmatch(r"[a-z]{2,3}(-[a-z0-9]{2,8})*", folded):
        return None
    language, *subtags = folded.split("-")
    return "-".join([language, *(_cased(subtag) for subtag in subtags)])


def _cased(subtag: str) -> str:
    if len(subtag) == 2 and subtag.isalpha():
        return "GB" if subtag == "uk" else subtag.upper()
    return subtag.title() if len(subtag) == 4 and subtag.isalpha() else subtag


_NAMES = """
af afrikaans, am amharic, ar arabic, as assamese, az azerbaijani, ba bashkir, be belarusian, bg bulgarian,
bn bengali, bo tibetan, br breton, bs bosnian, ca catalan, cs czech, cy welsh, da danish, de german, el
greek, en english, es spanish, et estonian, eu basque, fa persian, fi finnish, fo faroese, fr french, gl
galician, gu gujarati, ha hausa, haw hawaiian, he hebrew, hi hindi, hr croatian, ht haitian creole, hu
hungarian, hy armenian, id indonesian, is icelandic, it italian, ja japanese, jv javanese, ka georgian, kk
kazakh, km khmer, kn kannada, ko korean, la latin, lb luxembourgish, ln lingala, lo lao, lt lithuanian, lv
latvian, mg malagasy, mi maori, mk macedonian, ml malayalam, mn mongolian, mr marathi, ms malay, mt maltese,
my myanmar, ne nepali, nl dutch, nn nynorsk, no norwegian, oc occitan, pa punjabi, pl polish, ps pashto, pt
portuguese, ro romanian, ru russian, sa sanskrit, sd sindhi, si sinhala, sk slovak, sl slovenian, sn shona,
so somali, sq albanian, sr serbian, su sundanese, sv swedish, sw swahili, ta tamil, te telugu, tg tajik, th
thai, tk turkmen, tl tagalog, tr turkish, tt tatar, uk ukrainian, ur urdu, uz uzbek, vi vietnamese, yi
yiddish, yo yoruba, yue cantonese, zh chinese
"""
_BY_NAME = {
    name: tag for tag, _, name in (" ".join(entry.split()).partition(" ") for entry in _NAMES.split(","))
}
