"""Clinical dictation made of templates: what is said, and how it would be written down.

A template is plain spoken text with slots in braces. Each filling of a slot knows its
spoken and its written form, so that one draw gives both forms of one sentence. The
templates reach millions of distinct sentences with a vocabulary of a few hundred words,
which is what a department's dictation looks like.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from service.demo.recorder.spoken_numbers import cardinal, decimal


@dataclass(frozen=True)
class Sentence:
    """One dictated sentence.

    Parameters
    ----------
    spoken
        The words as they are pronounced: lower case, no punctuation, numbers in words.
    written
        The same sentence as a clerk writes it: capital, full stop, digits, units.
    """

    spoken: str
    written: str


@dataclass(frozen=True)
class _Filling:
    spoken: str
    written: str


def sentences(rng: np.random.Generator, n: int) -> list[Sentence]:
    """Draw ``n`` sentences, each template equally likely.

    >>> first, second = sentences(np.random.default_rng(1), 2)
    >>> first == sentences(np.random.default_rng(1), 1)[0]
    True
    >>> first.spoken == first.spoken.lower() and first.written.endswith(".")
    True
    """
    return [_fill(_TEMPLATES[int(rng.integers(len(_TEMPLATES)))], rng) for _ in range(n)]


def vocabulary() -> frozenset[str]:
    """Every word that a sentence can contain."""
    fixed = (_SLOT.sub(" ", template) for template in _TEMPLATES)
    filled = (filling.spoken for fillings in _FILLINGS.values() for filling in fillings)
    return frozenset(word for text in (*fixed, *filled) for word in text.split())


def _fill(template: str, rng: np.random.Generator) -> Sentence:
    spoken: list[str] = []
    written: list[str] = []
    for literal, slot in _parts(template):
        spoken.append(literal)
        written.append(literal)
        if slot:
            fillings = _FILLINGS[slot]
            filling = fillings[int(rng.integers(len(fillings)))]
            spoken.append(filling.spoken)
            written.append(filling.written)
    text = "".join(written)
    return Sentence("".join(spoken), text[0].upper() + text[1:] + ".")


def _parts(template: str) -> Iterable[tuple[str, str]]:
    """Split a template into pairs of literal text and the slot that follows it."""
    pieces = _SLOT.split(template)
    return zip(pieces[::2], [*pieces[1::2], ""], strict=True)


def _same(*texts: str) -> tuple[_Filling, ...]:
    return tuple(_Filling(text, text) for text in texts)


def _whole(numbers: Sequence[int], unit: str = "", symbol: str = "") -> tuple[_Filling, ...]:
    return tuple(
        _Filling(f"{cardinal(number)} {unit}".strip(), f"{number} {symbol}".strip()) for number in numbers
    )


def _tenths(numbers: Sequence[int]) -> tuple[_Filling, ...]:
    return tuple(_Filling(decimal(number), f"{number / 10:.1f}") for number in numbers)


def _percent(numbers: Sequence[int]) -> tuple[_Filling, ...]:
    return tuple(_Filling(f"{cardinal(number)} percent", f"{number}%") for number in numbers)


_SLOT = re.compile(r"\{(\w+)\}")

_FILLINGS: Mapping[str, tuple[_Filling, ...]] = MappingProxyType(
    {
        "drug": _same(
            "metoprolol",
            "lisinopril",
            "atorvastatin",
            "metformin",
            "amoxicillin",
            "warfarin",
            "heparin",
            "furosemide",
            "prednisolone",
            "ibuprofen",
            "aspirin",
            "morphine",
            "vancomycin",
            "gabapentin",
            "amlodipine",
            "insulin",
            "acetaminophen",
            "digoxin",
            "penicillin",
            "diazepam",
        ),
        "dose": (
            *_whole((5, 10, 20, 25, 40, 50, 75, 80, 100, 250, 500), "milligrams", "mg"),
            *_whole((50, 100, 125), "micrograms", "mcg"),
        ),
        "volume": _whole((100, 250, 500), "milliliters", "ml"),
        "frequency": _same(
            "once daily",
            "twice daily",
            "three times daily",
            "every morning",
            "at bedtime",
            "every six hours",
            "every eight hours",
            "with food",
        ),
        "route": _same("by mouth", "intravenously", "by injection"),
        "fluid": _same("normal saline", "glucose solution", "packed red cells"),
        "hours": _whole((2, 4, 6, 12, 24, 48), "hours", "hours"),
        "weeks": _whole((2, 3, 4, 6, 8, 12), "weeks", "weeks"),
        "days": _whole((2, 3, 4, 5, 7, 10), "days", "days"),
        "systolic": _whole((95, 100, 110, 115, 120, 125, 130, 140, 150, 160, 175)),
        "diastolic": _whole((55, 60, 65, 70, 75, 80, 85, 90)),
        "pulse": _whole((58, 64, 72, 76, 84, 88, 92, 98, 110, 124)),
        "breaths": _whole((12, 14, 16, 18, 20, 22, 28)),
        "temperature": _tenths((364, 366, 368, 371, 375, 379, 382, 388, 394)),
        "saturation": _percent((88, 90, 92, 94, 95, 96, 97, 98, 99)),
        "air": _same("room air", "two liters of oxygen", "four liters of oxygen"),
        "age": _whole((19, 24, 33, 38, 45, 52, 56, 61, 67, 72, 75, 83, 89)),
        "person": _same("man", "woman", "gentleman", "lady"),
        "symptom": _same(
            "chest pain",
            "shortness of breath",
            "abdominal pain",
            "a productive cough",
            "headache",
            "dizziness",
            "nausea and vomiting",
            "palpitations",
            "fever",
            "swelling of the ankles",
        ),
        "condition": _same(
            "high blood pressure",
            "diabetes",
            "asthma",
            "atrial fibrillation",
            "heart failure",
            "chronic kidney disease",
            "stroke",
            "breast cancer",
            "pneumonia",
            "epilepsy",
        ),
        "finding": _same(
            "consolidation",
            "pleural effusion",
            "pneumothorax",
            "fracture",
            "hemorrhage",
            "bowel obstruction",
            "pulmonary embolism",
            "metastatic disease",
            "free fluid",
            "inflammation",
        ),
        "study": _same(
            "chest radiograph",
            "ultrasound",
            "magnetic resonance imaging",
            "computed tomography",
        ),
        "region": _same(
            "abdomen",
            "pelvis",
            "brain",
            "lumbar spine",
            "left shoulder",
            "right knee",
            "left hip",
            "right ankle",
        ),
        "lobe": _same(
            "right upper lobe",
            "right lower lobe",
            "right middle lobe",
            "left upper lobe",
            "left lower lobe",
        ),
        "millimeters": _whole((3, 4, 6, 8, 9, 12, 15, 18, 21), "millimeter", "mm"),
        "centimeters": _tenths((12, 15, 24, 31, 38, 46)),
        "organ": _same("liver", "spleen", "pancreas", "gallbladder", "left kidney", "bladder"),
        "test": _same("potassium", "sodium", "hemoglobin", "lactate", "creatinine", "glucose"),
        "blood_test": _same("full blood count", "blood cultures", "kidney function", "clotting"),
        "result": _tenths((24, 32, 38, 41, 45, 53, 57, 68, 79, 91)),
        "specialty": _same(
            "cardiology",
            "respiratory",
            "orthopedic",
            "diabetes",
            "surgical",
            "neurology",
        ),
        "when": _same("this morning", "tomorrow morning", "this afternoon", "on monday"),
        "trend": _same("unchanged", "slightly larger", "smaller", "no longer visible"),
        "milestone": _same(
            "the operation",
            "the blood results are back",
            "after the procedure",
            "further review",
        ),
    }
)

_TEMPLATES = (
    "give {dose} {drug} {frequency}",
    "give {dose} {drug} {route} now",
    "start {drug} {dose} {frequency}",
    "increase the {drug} to {dose} {frequency}",
    "reduce the {drug} to {dose} {frequency}",
    "continue {drug} and stop {drug}",
    "hold the {drug} until {milestone}",
    "the patient is allergic to {drug}",
    "please prescribe {drug} {dose} {route} {frequency}",
    "infuse {volume} of {fluid} over {hours}",
    "blood pressure is {systolic} over {diastolic} and pulse is {pulse}",
    "temperature is {temperature} and respiratory rate is {breaths}",
    "oxygen saturation is {saturation} on {air}",
    "heart rate is {pulse} and regular with a blood pressure of {systolic} over {diastolic}",
    "this {age} year old {person} presents with {symptom} for {days}",
    "{age} year old {person} with a history of {condition} and {condition}",
    "the patient reports {symptom} but denies {symptom}",
    "the patient denies {symptom} and has no {symptom}",
    "past medical history includes {condition} and {condition}",
    "he was admitted {days} ago with {symptom} and {condition}",
    "she was treated for {condition} with {drug} for {days}",
    "there is no evidence of {finding} or {finding}",
    "{study} of the {region} shows no {finding}",
    "{study} of the {region} was performed with intravenous contrast",
    "there is a {millimeters} nodule in the {lobe}",
    "a small area of {finding} is seen in the {lobe}",
    "the {organ} measures {centimeters} centimeters and is {trend}",
    "the {organ} and the {organ} are normal in appearance",
    "compared with the previous {study} the nodule is {trend}",
    "the heart is normal in size and the lungs are clear",
    "impression no acute {finding} in the {region}",
    "findings are suspicious for {finding} and further imaging is recommended",
    "the {test} is {result} and the {test} is {result}",
    "repeat the {test} and the {blood_test} in {hours}",
    "please send {blood_test} and {blood_test} {when}",
    "arrange a follow up appointment in the {specialty} clinic in {weeks}",
    "please arrange {study} of the {region} {when}",
    "refer to the {specialty} team for an opinion {when}",
    "the abdomen is soft with mild tenderness over the {organ}",
    "breath sounds are reduced at the left base with {symptom}",
    "the wound is clean and dry and the dressing was changed {when}",
    "the patient may go home {when} on {drug} {dose}",
    "monitor the blood pressure and the {test} every four hours",
    "discussed with the family and the plan is to continue {drug}",
)
