"""The words beside a spelled number that say what it is: a year, an amount, the number of a thing."""

from detectors.normalisation.english import unit_words
from detectors.normalisation.english.number_words import CARDINAL_WORDS, HUNDRED, OH, SCALES

__all__ = ["BEFORE_A_POINT", "COUNTED", "MEASURED_IN", "NOT_AFTER_A_YEAR", "NUMBERED"]

BEFORE_A_POINT = frozenset(
    [
        "this",
        "that",
        "which",
        "some",
        "the",
        "a",
        "an",
        "one",
        "what",
        "no",
        "any",
        "every",
        "each",
        "at",
        "to",
        "my",
        "his",
        "her",
        "your",
        "our",
        "their",
        "its",
        "good",
        "starting",
        "end",
        "turning",
        "pressure",
        "trigger",
        "mid",
        "entry",
        "exit",
        "vantage",
        "view",
        "decimal",
    ]
)
NOT_AFTER_A_YEAR = (
    CARDINAL_WORDS
    | OH
    | frozenset(
        [*unit_words.SLASHED, *SCALES, HUNDRED, "over", "percent", "per", "point", "o'clock", "degrees"]
    )
    | frozenset(
        [
            "days",
            "day",
            "weeks",
            "week",
            "months",
            "month",
            "years",
            "year",
            "times",
            "people",
            "patients",
            "men",
            "women",
            "old",
        ]
    )
)
# In the plural or in short: "one fifty milligram" goes on with "tablet".
MEASURED_IN = frozenset([
    "mg", "mcg", "g", "kg", "ml", "cm", "mm", "cc", "ccs", "mls", "milligrams", "micrograms", "grams",
    "milligrammes", "microgrammes", "grammes", "kilograms", "kilos", "milliliters", "centimeters",
    "millimeters", "mmol", "umol", "meq", "millimoles", "micromoles", "milliequivalents", "milliseconds",
    "kilocalories", "calories", "pounds", "beats", "bpm", "mmhg",
])  # fmt: skip
# What comes in such sizes, so that the first number may count it.
COUNTED = frozenset([
    "tab", "tabs", "tablet", "tablets", "cap", "caps", "capsule", "capsules", "caplet", "caplets", "pill",
    "pills", "lozenge", "lozenges", "dose", "doses", "vial", "vials", "ampoule", "ampoules", "ampule",
    "ampules", "bottle", "bottles", "bag", "bags", "syringe", "syringes", "injection", "injections",
    "infusion", "infusions", "inhaler", "inhalers", "puff", "puffs", "spray", "sprays", "drop", "drops",
    "sachet", "sachets", "strip", "strips", "pack", "packs", "patch", "patches", "suppository",
    "suppositories", "pessary", "pessaries", "nodule", "nodules", "lesion", "lesions", "polyp", "polyps",
    "stone", "stones", "cyst", "cysts",
])  # fmt: skip
# What the first number may be the number of: "day one, fifty milligrams".
NUMBERED = frozenset([
    "day", "week", "month", "year", "visit", "step", "stage", "phase", "cycle", "arm", "group", "dose",
    "number", "bottle", "bag", "vial", "syringe", "line", "level", "grade", "type", "part", "option",
    "patient", "bed", "room", "case", "lesion", "nodule",
])  # fmt: skip
