"""What a transcriber or an engine writes about the sound, in any language."""

import re

__all__ = ["RULES", "without_tags"]


def without_tags(text: str) -> str:
    """Drop what a transcriber or an engine wrote about the sound, not what was said."""
    if "[" in text:
        text = _SQUARE_TAG.sub(" ", text)
    if "<" in text:
        text = _ANGLE_TAG.sub(" ", text)
    if "(" in text:
        text = _ROUND_TAG.sub(" ", text)
    if "%" in text:
        text = _HESITATION.sub(" ", text)
    return text


_SQUARE_TAG = re.compile(r"\[[^\[\]]{0,80}\]")
_SOUND = (
    r"(?:(?:(?:(?:both|all|soft|background|audience) )?"
    r"(?:laugh(?:s|ter|ing)?|chuckl(?:es?|ing)|noises?|music|talking)"
    r"|inaudible|unintelligible|indiscernible|indistinct|cross ?talk|overlapping(?: speech)?"
    r"|foreign(?: language)?"
    r"|speaking (?:in )?(?:a )?foreign language|silence|long pause|pause|sighs?|applause|beep|static|no audio"
    r"|clears throat|throat clearing|smacks lips|redacted)(?: at)?[ :0-9.]{0,12})"
)
# "<5 and >3" is speech, and so is "<normal, sodium >": a tag begins with a letter and is one word, or has
# attributes (SSML), or names a voice (WebVTT).
_ANGLE_TAG = re.compile(
    rf"<(?:[/|]?[^\W\d_][\w|/:.-]{{0,60}}|{_SOUND}|no speech"
    r"|[a-z]+(?: [\w:-]+=\"[^<>\"]{0,60}\")+ ?/?|v [^<>,]{1,60})>",
    re.IGNORECASE,
)
# Findings such as a cough stand in brackets in ordinary clinical text, so they are no tag words here.
_ROUND_TAG = re.compile(rf"\( ?{_SOUND}\)", re.IGNORECASE)
_HESITATION = re.compile(r"%hesitation\b", re.IGNORECASE)

RULES = (_SQUARE_TAG, _ANGLE_TAG, _ROUND_TAG, _HESITATION)
