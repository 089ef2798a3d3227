"""Units of measurement: every spelling of each, and the one that is scored."""

from collections.abc import Mapping


def _spellings(table: Mapping[str, str]) -> dict[str, str]:
    return {spelling: unit for unit, line in table.items() for spelling in line.split()}


ANYWHERE: Mapping[str, str] = _spellings(
    {
        "mg": "milligram milligrams milligramme milligrammes mgs mgm mgms",
        "mcg": "microgram micrograms microgramme microgrammes mcgs μg",
        "ng": "nanogram nanograms",
        "pg": "picogram picograms",
        "kg": "kilogram kilograms kilogramme kilogrammes kgs",
        "ml": "milliliter milliliters millilitre millilitres mls",
        "dl": "deciliter deciliters decilitre decilitres",
        "mcl": "microliter microliters microlitre microlitres μl",
        "cm": "centimeter centimeters centimetre centimetres cms",
        "micrometers": "micrometer micrometre micrometres μm",
        "km": "kilometer kilometers kilometre kilometres kms",
        "mmol": "millimole millimoles mmols",
        "umol": "micromole micromoles μmol",
        "nmol": "nanomole nanomoles",
        "pmol": "picomole picomoles",
        "meq": "milliequivalent milliequivalents meqs",
        "kcal": "kilocalorie kilocalories",
        "kpa": "kilopascal kilopascals",
        "khz": "kilohertz",
        "mhz": "megahertz",
        "cc": "ccs",
        "minutes": "mins",
        "hours": "hrs",
        "seconds": "secs",
        "years": "yrs",
        "weeks": "wks",
    }
)
"""Spellings that mean nothing else, so that "how many milligrams" is "how many mg"."""

AFTER_NUMBER: Mapping[str, str] = _spellings(
    {
        "g": "g gm gms gram grams gramme grammes",
        "kg": "kilo kilos",
        "mcg": "ug",
        "mcl": "ul",
        "l": "l liter liters litre litres",
        "m": "m meter meters metre metres",
        "mm": "millimeter millimeters millimetre millimetres mms",
        "seconds": "s sec second seconds",
        "minutes": "min minute minutes",
        "hours": "h hr hour hours",
        "years": "yr",
        "weeks": "wk",
        "ms": "millisecond milliseconds msec",
        "units": "u unit units",
        "iu": "iu ius",
        "feet": "ft foot feet",
        "inches": "inch inches",
        "pounds": "lb lbs pound pounds",
        "ounces": "oz ounce ounces",
        "dollars": "dollar dollars",
        "euros": "euro euros",
        "rupees": "rupee rupees",
        "degrees": "degree degrees",
        "db": "db decibel decibels",
        "hz": "hertz hz",
        "tablets": "tab tabs tablet tablets",
        "capsules": "cap caps capsule capsules",
    }
)
"""Spellings that are units after a number only: "5 g" and "the g protein"."""

CODES = frozenset(["g", "h", "hr", "l", "m", "s", "sec", "u"])
"""Short forms that are as often part of a code: "L5-S1", "T4 L1", and "HR 72" behind a number."""

AFTER_PER: Mapping[str, str] = _spellings(
    {
        "g": "g gm gram grams gramme",
        "kg": "kilo",
        "mcl": "ul",
        "l": "l liter litre",
        "m": "m meter metre",
        "mm": "mm millimeter millimetre",
        "second": "s sec second",
        "minute": "min minute",
        "hour": "h hr hour",
        "week": "wk",
        "year": "yr",
        "day": "day",
        "month": "month",
        "dose": "dose",
        "unit": "unit",
    }
)
"""The same after "per", where time is in the singular."""

TOGETHER: Mapping[tuple[str, ...], tuple[str, ...]] = {
    ("per", "cent"): ("percent",),
    ("mm", "hg"): ("mmhg",),
    ("mm", "of", "mercury"): ("mmhg",),
    ("mm", "mercury"): ("mmhg",),
    ("millimeters", "of", "mercury"): ("mmhg",),
    ("international", "units"): ("iu",),
    ("international", "unit"): ("iu",),
    ("cm", "h", "2", "o"): ("cm", "of", "water"),
    ("cmh", "2", "o"): ("cm", "of", "water"),
    ("degrees", "c"): ("degrees", "celsius"),
    ("degrees", "centigrade"): ("degrees", "celsius"),
    ("degrees", "f"): ("degrees", "fahrenheit"),
    ("bpm",): ("beats", "per", "minute"),
    ("lpm",): ("l", "per", "minute"),
    ("mph",): ("miles", "per", "hour"),
    ("kmh",): ("km", "per", "hour"),
    ("kph",): ("km", "per", "hour"),
}
"""Units of several words, after the words have their short forms."""

AGE: Mapping[tuple[str, ...], tuple[str, ...]] = {
    ("y", "o"): ("year", "old"),
    ("yo",): ("year", "old"),
    ("a", "m"): ("am",),
    ("p", "m"): ("pm",),
}
"""Written after a number only: "45yo", "7 a m"."""

SLASHED = frozenset([*ANYWHERE, *ANYWHERE.values(), *AFTER_NUMBER, *AFTER_PER, "mmhg", "iu", "meq"])
"""Words that a slash before or after makes "per": mg/kg/day."""
