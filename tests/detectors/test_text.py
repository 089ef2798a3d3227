"""What the normaliser makes equal, and what it must keep apart."""

import pytest

from detectors.text import Normaliser, describe, step_names

ENGLISH = Normaliser("en")
NEUTRAL = Normaliser("de")

EQUAL = [
    # case, punctuation, spacing, Unicode
    ("No fever.", "no fever"),
    ("no  fever\n", "no fever"),
    ("“No fever,” she said", "no fever she said"),
    ("patient’s", "patient's"),
    ("x-ray", "x ray"),
    ("follow–up", "follow-up"),
    ("ﬁbrosis", "fibrosis"),
    ("na\u00efve", "nai\u0308ve"),
    ("Ménière", "Meniere"),
    ("co\u00adoperate", "cooperate"),
    # tags and fillers
    ("[inaudible] no fever", "no fever"),
    ("<unk> no fever", "no fever"),
    ("(laughter) no fever", "no fever"),
    ("</s> <|en|> <background noise> <spk:1> no fever", "no fever"),
    ('<v Roger Bingham> no <break time="1s"/> fever', "no fever"),
    ("potassium <normal, sodium >145", "potassium normal sodium greater than 145"),
    ("platelets <normal and wbc >11", "platelets normal and wbc greater than 11"),
    ("uh no um fever", "no fever"),
    ("erm, no fever, hmm", "no fever"),
    ("take 2 um tablets", "take 2 tablets"),
    # contractions
    ("can't", "cannot"),
    ("can't", "can not"),
    ("won't", "will not"),
    ("I'm", "I am"),
    ("she's", "she is"),
    ("they've", "they have"),
    ("didn’t", "did not"),
    ("we'll", "we will"),
    ("patient's", "patients"),
    # numbers
    ("fifty", "50"),
    ("twenty-one", "21"),
    ("one hundred and twenty", "120"),
    ("a hundred", "one hundred"),
    ("two thousand and six", "2006"),
    ("1,000", "one thousand"),
    ("three point five", "3.5"),
    ("zero point two five", "0.25"),
    ("point five", "0.5"),
    ("one two three", "1 2 3"),
    ("pin code one nine eight seven five three", "PIN code 198753"),
    ("room nine oh two one", "room 9021"),
    ("pincode", "pin code"),
    ("cause I can't sleep", "because I can't sleep"),
    ("'cause it's sore and cause they said so", "because it is sore and because they said so"),
    ("cuz you're late", "because you are late"),
    ("seven seven three four", "7, 7, 3, 4"),
    ("FC zero zero seven", "FC 007"),
    ("first", "1st"),
    ("the twenty third", "the 23rd"),
    ("twenty twenty six", "2026"),
    ("nineteen ninety five", "1995"),
    ("two and a half", "2.5"),
    ("2½", "2.5"),
    ("120/80", "one twenty over eighty"),
    ("120/80", "one hundred and twenty over eighty"),
    ("two million", "2000000"),
    ("one fifty milligrams", "150 mg"),
    ("two fifty mg", "250 mg"),
    ("one twenty five micrograms", "125 mcg"),
    ("sodium one forty millimoles per litre", "sodium 140 mmol/L"),
    ("she weighs one sixty pounds", "she weighs 160 pounds"),
    # units
    ("fifty milligrams", "50 mg"),
    ("50mg", "50 mg"),
    ("50 milligram", "50 mg"),
    ("ten micrograms", "10 mcg"),
    ("10 µg", "10 mcg"),
    ("5 millilitres", "5 ml"),
    ("5 milliliters", "5 mL"),
    ("two litres", "2 liters"),
    ("12 mm", "twelve millimetres"),
    ("12 centimetres", "12 cm"),
    ("a 10 um fibre", "a 10 µm fibre"),
    ("a 10um fibre", "a ten micrometre fibre"),
    ("10 um in diameter", "10 micrometers in diameter"),
    ("38 °C", "thirty eight degrees celsius"),
    ("95 %", "ninety five percent"),
    ("95%", "95 per cent"),
    ("70 kg", "seventy kilograms"),
    ("130 mmHg", "130 millimetres of mercury"),
    ("80 bpm", "eighty beats per minute"),
    ("5 mg/dl", "five milligrams per deciliter"),
    # spelling
    ("anaemia", "anemia"),
    ("oesophagus", "esophagus"),
    ("oedema", "edema"),
    ("diarrhoea", "diarrhea"),
    ("haemorrhage", "hemorrhage"),
    ("paediatric", "pediatric"),
    ("leukaemia", "leukemia"),
    ("tumour", "tumor"),
    ("colour", "color"),
    ("centre", "center"),
    ("fibre", "fiber"),
    ("catheterise", "catheterize"),
    ("hospitalisation", "hospitalization"),
    ("organising pneumonia", "organizing pneumonia"),
    ("disorganised", "disorganized"),
    ("mechanisation", "mechanization"),
    ("satirise", "satirize"),
    ("amortised", "amortized"),
    ("academise", "academize"),
    ("grey", "gray"),
    # abbreviations
    ("Dr. Jones", "Doctor Jones"),
    ("Mr Jones", "Mister Jones"),
    # letters said one by one
    ("E C G", "ECG"),
    ("E.C.G.", "e c g"),
    ("M R I scan", "MRI scan"),
    ("the m r i a week ago", "the MRI a week ago"),
    ("a C T scan", "a CT scan"),
    ("a c t x-ray", "a CT x-ray"),
    ("b p and h r", "BP and HR"),
    ("H b A one c", "HbA1c"),
    ("s p o two", "SpO2"),
    ("four h p r n", "4 h PRN"),
    ("C T L 5", "CT L5"),
    ("80 b p m", "80 bpm"),
    ("7 p m", "7 pm"),
    ("J. O. N. E. S.", "Jones"),
    # whole sentences
    (
        "Give 50 mg metoprolol twice daily, BP was 120/80.",
        "give fifty milligrams metoprolol twice daily bp was one twenty over eighty",
    ),
    ("The tumour measures 3.5 cm.", "the tumor measures three point five centimetres"),
]

DIFFERENT = [
    ("fifteen", "fifty"),
    ("15", "50"),
    ("thirteen", "thirty"),
    ("no fever", "fever"),
    ("not", "no"),
    ("0.5 mg", "5 mg"),
    ("1.5", "15"),
    ("1.5", "1 5"),
    ("50 mg", "50 mcg"),
    ("5 mg", "5 ml"),
    ("5 g", "5 mg"),
    ("5 mm", "5 cm"),
    ("5 mmol", "5 mol"),
    ("hypotension", "hypertension"),
    ("hypoglycaemia", "hyperglycaemia"),
    ("left", "right"),
    ("ileum", "ilium"),
    ("abduct", "adduct"),
    ("can", "can't"),
    ("is", "is not"),
    ("advise", "advice"),
    ("prise", "prize"),
    ("two", "too"),
    ("for", "four"),
    ("100", "1000"),
    ("120/80", "12080"),
    ("120/80", "120 80"),
    ("-5", "5"),
    ("38 °C", "38 °F"),
    ("five to ten", "five ten"),
    ("first", "one"),
    ("half", "whole"),
    ("mother", "mothers"),
    ("er", "ear"),
    ("5 mm", "5"),
    ("first degree", "third degree"),
    ("once daily", "twice daily"),
    ("sixteen", "sixty"),
    ("2.5", "25"),
    ("B12", "B 20"),
    ("T1", "T2"),
    ("one fifty milligram tablet", "150 mg tablet"),
    ("two fifty mg tablets", "250 mg tablets"),
    ("day one fifty milligrams", "day 150 mg"),
    ("1 50 mg", "150 mg"),
    ("the cause of it", "the because of it"),
    ("what can cause it", "what can because it"),
    ("five ten milligrams", "510 mg"),
    ("five six", "56"),
    ("seven eight nine milligrams", "789 mg"),
    ("one two or three days", "123 days"),
    ("10 um fibre", "10 fibre"),
    ("10 µm", "10 mm"),
    ("o r", "or"),
    ("u s", "us"),
    ("i t", "it"),
    ("vitamin a b", "vitamin ab"),
    ("a c t", "act"),
]


@pytest.mark.parametrize(("left", "right"), EQUAL)
def test_these_are_the_same_words(left: str, right: str) -> None:
    assert ENGLISH.tokens(left) == ENGLISH.tokens(right)


@pytest.mark.parametrize(("left", "right"), DIFFERENT)
def test_these_are_different_words(left: str, right: str) -> None:
    assert ENGLISH.tokens(left) != ENGLISH.tokens(right)


@pytest.mark.parametrize(
    "word",
    "anise irises mortise demise premises surmised sunrise uprising treatise expertise chemise valise "
    "penises exercised precise revised supervises enterprise surprised otherwise disease promised".split(),
)
def test_these_words_are_no_verbs_in_ise(word: str) -> None:
    assert ENGLISH.tokens(word) == [word]


def test_an_exclamation_is_no_zero_whatever_number_stands_elsewhere() -> None:
    assert ENGLISH.tokens("oh oh oh I see") == ["oh", "oh", "oh", "i", "see"]
    assert ENGLISH.tokens("oh oh oh I see five") == ["oh", "oh", "oh", "i", "see", "5"]
    assert ENGLISH.tokens("five oh oh six") == ["5006"]


def test_an_engine_that_repeats_a_digit_says_many_words() -> None:
    assert len(ENGLISH.tokens("one " * 16)) == 1
    assert len(ENGLISH.tokens("one " * 17)) == 17


@pytest.mark.parametrize("tag", ["en", "en-GB", "EN-us", "en_AU"])
def test_every_english_gets_the_english_steps(tag: str) -> None:
    assert Normaliser(tag).tokens("fifty milligrams") == ["50", "mg"]


@pytest.mark.parametrize("tag", ["de", "fr-CH", "zh-Hans"])
def test_other_languages_get_the_neutral_steps(tag: str) -> None:
    assert Normaliser(tag).steps == ("unicode", "tags", "case", "punctuation", "spacing")


def test_a_step_can_be_switched_off_and_changes_the_version() -> None:
    without = Normaliser("en", disable=["numbers"])
    assert without.tokens("fifty") == ["fifty"]
    assert "numbers" not in without.steps
    assert without.version != ENGLISH.version


@pytest.mark.parametrize("step", [step for step in step_names("en") if step != "spacing"])
def test_every_step_can_be_switched_off_alone(step: str) -> None:
    assert Normaliser("en", disable=[step]).tokens("Give 50 mg") != []


def test_an_unknown_step_is_named_with_the_nearest() -> None:
    with pytest.raises(ValueError, match="did you mean 'numbers'"):
        Normaliser("en", disable=["numbres"])


def test_every_step_has_one_line_that_says_what_it_does() -> None:
    described = describe("en")
    assert tuple(described) == step_names("en") == ENGLISH.steps
    assert all(line and "\n" not in line for line in described.values())


@pytest.mark.parametrize("text", ["", " ", ".,;", "[noise]", "um, uh", "\u200b"])
def test_nothing_to_score_gives_no_token(text: str) -> None:
    assert ENGLISH.tokens(text) == []


@pytest.mark.parametrize(
    "piece", ["a", "1", "1,", "one ", "'", "(", "<", "1/", "-", "twenty-", "\ud800", "é", "%"]
)
def test_long_and_odd_texts_are_taken(piece: str) -> None:
    text = piece * (20_000 // len(piece))
    assert ENGLISH.tokens(" ".join(ENGLISH.tokens(text))) == ENGLISH.tokens(text)
