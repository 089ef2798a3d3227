"""The words that English numbers are made of."""

from collections.abc import Mapping

ONES: Mapping[str, int] = {
    word: value + 1
    for value, word in enumerate(["one", "two", "three", "four", "five", "six", "seven", "eight", "nine"])
}
TEENS: Mapping[str, int] = {
    word: value + 10
    for value, word in enumerate(
        [
            "ten",
            "eleven",
            "twelve",
            "thirteen",
            "fourteen",
            "fifteen",
            "sixteen",
            "seventeen",
            "eighteen",
            "nineteen",
        ]
    )
}
TENS: Mapping[str, int] = {
    word: 10 * (value + 2)
    for value, word in enumerate(
        ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
    )
}
ZEROS = frozenset(["zero", "nought", "naught"])
OH = frozenset(["oh", "o"])
"""Zero between two spelled digits, a word of its own everywhere else."""

HUNDRED = "hundred"
SCALES: Mapping[str, int] = {
    "thousand": 3,
    "lakh": 5,
    "lakhs": 5,
    "million": 6,
    "crore": 7,
    "crores": 7,
    "billion": 9,
    "trillion": 12,
}
"""Powers of ten that multiply all that stands before them."""

ORDINAL_ONES: Mapping[str, int] = {
    word: value + 1
    for value, word in enumerate(
        ["first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth"]
    )
}
ORDINALS: Mapping[str, int] = {
    **ORDINAL_ONES,
    **{
        word: value + 10
        for value, word in enumerate(
            [
                "tenth",
                "eleventh",
                "twelfth",
                "thirteenth",
                "fourteenth",
                "fifteenth",
                "sixteenth",
                "seventeenth",
                "eighteenth",
                "nineteenth",
            ]
        )
    },
    **{
        word: 10 * (value + 2)
        for value, word in enumerate(
            [
                "twentieth",
                "thirtieth",
                "fortieth",
                "fiftieth",
                "sixtieth",
                "seventieth",
                "eightieth",
                "ninetieth",
            ]
        )
    },
}
ORDINAL_SCALES: Mapping[str, int] = {"thousandth": 3, "millionth": 6, "billionth": 9}
DECADES: Mapping[str, int] = {
    word: 10 * (value + 2)
    for value, word in enumerate(
        ["twenties", "thirties", "forties", "fifties", "sixties", "seventies", "eighties", "nineties"]
    )
}

PARTS: Mapping[str, int] = {
    "thirds": 3,
    "quarters": 4,
    "fourths": 4,
    "fifths": 5,
    "sixths": 6,
    "sevenths": 7,
    "eighths": 8,
    "ninths": 9,
    "tenths": 10,
    "hundredths": 100,
    "thousandths": 1000,
}
"""Denominators after any count: two thirds."""
SINGLE_PARTS: Mapping[str, int] = {
    "third": 3,
    "fourth": 4,
    "fifth": 5,
    "sixth": 6,
    "seventh": 7,
    "eighth": 8,
    "ninth": 9,
    "tenth": 10,
}
"""Denominators after a spelled "one": one third."""

MONTHS = frozenset(
    [
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
    ]
)

CARDINAL_WORDS = frozenset([*ONES, *TEENS, *TENS, *ZEROS, HUNDRED, *SCALES])
QUANTITY_WORDS = (
    CARDINAL_WORDS
    | frozenset(["half", "halves", "quarter", "quarters", "per"])
    | (frozenset(ORDINALS) - {"second"})
)
"""Words after which "mm" is millimetres: each of them is still a quantity when the numbers are digits."""

RULES = (
    ONES,
    TEENS,
    TENS,
    ZEROS,
    OH,
    HUNDRED,
    SCALES,
    ORDINALS,
    ORDINAL_SCALES,
    DECADES,
    PARTS,
    SINGLE_PARTS,
    MONTHS,
)
