"""A recording's reference is read as its utterances were: what rules join over their ends is no error."""

from collections.abc import Sequence
from functools import cache
from itertools import combinations, pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from rapidfuzz.distance import Levenshtein

from detectors.alignment import ErrorCounts, align
from detectors.recordings.cuts import cuts
from detectors.recordings.cuttable import Cuttable, unpacked
from detectors.recordings.cutter import Cutter
from detectors.recordings.recording import Share, parts, passage_shares, shares
from detectors.text import Normaliser

ENGLISH = Normaliser("en")
CUTTER = Cutter(ENGLISH)
JOINED = """
    one two three five nine ten twenty fifty ninety nineteen hundred thousand million point oh zero and a half
    quarter quarters third thirds over percent per cent mg milligrams grams g pounds m degrees c e x ray it's
    been she'd had et cetera second years old may 5th out of 5 20 1.5 120/80 5-10 $5 $ 2 1/2
    % - twenty. Five, [pause] (about ten) o'clock t3 a.m. B12
""".split()
PLAIN = ("fever", "the", "dose", "is", "we", "stop", "later", "minutes", "Monday.", "don't")
WORD = st.sampled_from([*JOINED, *PLAIN])
TEXT = st.lists(WORD, min_size=2, max_size=16)
SHORT = st.lists(WORD, min_size=2, max_size=7)


def heard(pieces: Sequence[Sequence[str]]) -> list[list[str]]:
    return [ENGLISH.tokens(" ".join(piece)) for piece in pieces]


def flat(utterances: Sequence[Sequence[str]]) -> list[str]:
    return [word for words in utterances for word in words]


def errors_of(found: Sequence[Share]) -> int:
    return sum(share.counts.errors for share in found)


def scored(reference: str, *utterances: str) -> list[Share]:
    return shares(CUTTER.cuttable(reference), [ENGLISH.tokens(each) for each in utterances])


@st.composite
def cut_up(draw: st.DrawFn, text: st.SearchStrategy[list[str]]) -> list[list[str]]:
    words = draw(text)
    places = sorted(draw(st.sets(st.integers(1, len(words) - 1), max_size=8)))
    return [words[begin:end] for begin, end in pairwise([0, *places, len(words)])]


@pytest.mark.parametrize(
    ("reference", "utterances"),
    [
        (
            "The dose is twenty. Five minutes later we stop.",
            ["the dose is twenty", "five minutes later we stop"],
        ),
        ("The dose is twenty-five milligrams.", ["the dose is twenty", "five milligrams"]),
        ("It cost $5 million.", ["it cost $5", "million"]),
        ("It's been better.", ["it's", "been better"]),
        ("The E C G was fine.", ["the E", "C G was fine"]),
        ("Eighty per cent of them.", ["eighty per", "cent of them"]),
        ("One hundred and five.", ["one", "hundred", "and", "five"]),
        ("two and a half litres", ["two", "and a half", "litres"]),
        ("two thirds", ["two", "", "thirds"]),
    ],
)
def test_rules_join_no_words_over_an_utterance_s_end(reference: str, utterances: list[str]) -> None:
    found = scored(reference, *utterances)
    assert errors_of(found) == 0
    for share, each in zip(found, utterances, strict=True):
        assert share.spoken == ENGLISH.tokens(each)


def test_a_number_that_one_utterance_has_is_joined_wherever_the_utterance_ends() -> None:
    assert errors_of(scored("The dose is twenty five milligrams.", "the dose is", "25 mg")) == 0
    assert errors_of(scored("The dose is twenty five milligrams.", "the dose is 25", "milligrams")) == 0
    # Digits that one utterance has apart are two numbers, which nobody said.
    assert errors_of(scored("Give twenty five now.", "give 20 5", "now")) == 2


def test_what_a_cut_would_drop_is_not_forgiven() -> None:
    for said in ("Does it hurt? Mm-hmm. And here?", "does it hurt mm hmm and here"):
        assert errors_of(scored(said, "does it hurt", "and here")) == 1
        assert errors_of(scored(said, "does it hurt mhm", "and here")) == 0
        # An utterance's fillers are dropped, so these two words are two fillers, and nobody said yes.
        assert errors_of(scored(said, "does it hurt mm", "hmm and here")) == 1
    assert errors_of(scored("Ask two thirds of them.", "ask", "of them")) == 3


@given(cut_up(TEXT))
@example([["m"], ["m", "m"]])
@example([["five", "m", "m"], ["m", "five"]])
@settings(max_examples=600, deadline=None)
def test_a_recording_whose_words_are_the_same_has_no_errors_wherever_it_was_cut(
    pieces: list[list[str]],
) -> None:
    utterances = heard(pieces)
    reference = CUTTER.cuttable(" ".join(flat(pieces)))
    found = shares(reference, utterances)
    if not loses(reference):
        assert [share.counts for share in found] == [ErrorCounts(0, 0, 0, len(words)) for words in utterances]
    # What a cut would drop ("$5 1/2" has one word more than "$5" and "1/2") may be missing.
    assert errors_of(found) == sum(share.counts.deletions for share in found)


def loses(reference: Cuttable[str]) -> bool:
    """Whether a knot that is cut somewhere has fewer tokens than the whole."""
    return any(
        reference.kept(place, reference.kept(0, 0, place)[0], reference.last)[1] > 0
        for place in range(reference.last + 1)
    )


@given(cut_up(TEXT), st.data())
@settings(max_examples=400, deadline=None)
def test_errors_are_those_of_the_plain_alignment_but_for_the_knots_that_were_cut(
    pieces: list[list[str]], data: st.DataObject
) -> None:
    reference = CUTTER.cuttable(" ".join(flat(pieces)))
    utterances = heard(
        [
            [data.draw(st.sampled_from([word, word, word, "five", "fever"])) for word in piece]
            for piece in pieces
        ]
    )
    plain = align(reference.tokens, flat(utterances))
    cut_into = parts(reference, utterances)
    found = shares(reference, utterances)
    spared = plain.errors - errors_of(found)
    reading = [word for part in cut_into for word in part.spoken]
    assert 0 <= spared <= Levenshtein.distance(reference.tokens, reading)
    if len(cut_into) == 1:
        assert sum((share.counts for share in found), ErrorCounts(0, 0, 0, 0)) == plain
    assert [word for share in found for word in share.spoken] == reading
    for share in found:
        assert share.counts.errors == align(share.spoken, share.heard).errors


@given(cut_up(SHORT), cut_up(SHORT))
@settings(max_examples=300, deadline=None)
def test_no_other_way_to_cut_has_fewer_errors(pieces: list[list[str]], others: list[list[str]]) -> None:
    words, utterances = flat(pieces), heard(others[:4])

    @cache
    def fewest(first: int, begin: int) -> int:
        """Of what begins with this utterance and this word, all ways tried; an end may also stay uncut."""
        rest = [Levenshtein.distance(reading(begin, len(words)), flat(utterances[first:]))]
        for behind in range(first + 1, len(utterances)):
            for place in range(begin, len(words) + 1):
                errors = Levenshtein.distance(reading(begin, place), flat(utterances[first:behind]))
                rest.append(errors + fewest(behind, place))
        return min(rest)

    def reading(begin: int, end: int) -> list[str]:
        return ENGLISH.tokens(" ".join(words[begin:end]))

    def lost(way: Sequence[int]) -> int:
        kept = total = 0
        for begin, end in pairwise([0, *way, len(words)]):
            kept, more = reference.kept(begin, kept, end)
            total += more
        return total

    def each_cut() -> int:
        ends = len(utterances) - 1
        ways = combinations(sorted([*range(len(words) + 1)] * ends), ends)
        return min(
            lost(way)
            + sum(
                Levenshtein.distance(reading(begin, end), each)
                for (begin, end), each in zip(pairwise([0, *way, len(words)]), utterances, strict=True)
            )
            for way in set(ways)
        )

    reference = CUTTER.cuttable(" ".join(words))
    found = errors_of(shares(reference, utterances))
    assert fewest(0, 0) <= found <= align(reference.tokens, flat(utterances)).errors
    # A word that is no token, or two, is no place, or two.
    if reference.last == len(words) and all(len(ENGLISH.tokens(word)) == 1 for word in words):
        assert found <= each_cut()


@given(TEXT)
@settings(max_examples=300, deadline=None)
def test_at_each_end_of_a_word_there_is_a_place_with_the_pieces_as_they_are_alone(words: list[str]) -> None:
    cuttable = CUTTER.cuttable(" ".join(words))
    halves = [
        (cuttable.piece(0, place), cuttable.piece(place, cuttable.last)) for place in range(cuttable.last + 1)
    ]
    assert cuttable.piece(0, cuttable.last) == cuttable.tokens == ENGLISH.tokens(" ".join(words))
    for at in range(len(words) + 1):
        assert (ENGLISH.tokens(" ".join(words[:at])), ENGLISH.tokens(" ".join(words[at:]))) in halves


@given(cut_up(TEXT))
@settings(deadline=None)
def test_what_was_packed_is_cut_as_before(pieces: list[list[str]]) -> None:
    def hashed(words: Sequence[str]) -> list[int]:
        return [hash(word) % 2**64 for word in words]

    reference, utterances = CUTTER.cuttable(" ".join(flat(pieces))), heard(pieces)
    again = unpacked(hashed(reference.tokens), reference.packed(hashed))
    assert cuts(again, list(map(hashed, utterances))) == cuts(reference, utterances)
    assert again.piece(0, again.last) == hashed(reference.tokens)


def test_a_text_without_joined_words_has_no_knots_and_is_one_part() -> None:
    reference = CUTTER.cuttable("We don't stop on Monday, since the patient has no fever [pause] at all.")
    assert reference.knots == ()
    assert len(parts(reference, heard([["we", "don't"], ["stop"]]))) == 1
    german = Cutter(Normaliser("de")).cuttable("Blutdruck 120/80 und fünf und zwanzig")
    assert german.knots == ()
    assert Cutter(Normaliser("en", disable=["punctuation"])).cuttable("twenty five").knots == ()


def test_a_long_run_of_numbers_is_cut_too() -> None:
    said = "one two three four five six seven eight nine ten twenty thirty forty fifty sixty".split() * 3
    pieces = [said[:13], said[13:29], said[29:]]
    assert errors_of(scored(" ".join(said), *map(" ".join, pieces))) == 0


def test_a_text_of_numbers_alone_takes_no_time_for_knots() -> None:
    said = ["fifty five fever"] * 3 + ["fifty five"] * 10_000
    reference = CUTTER.cuttable(" ".join(said))
    assert len(reference.knots) == 3
    assert reference.tokens == ENGLISH.tokens(" ".join(said))


def test_a_passage_is_cut_as_its_utterances_are() -> None:
    utterances = [
        "good morning to you",
        "the dose is twenty",
        "five minutes later we stop",
        "and that is all",
    ]
    passage = CUTTER.cuttable("The dose is twenty. Five minutes later we stop.")
    found = passage_shares(passage, [ENGLISH.tokens(each) for each in utterances])
    assert isinstance(found, list)
    assert [(share.utterance, share.counts.errors) for share in found] == [(1, 0), (2, 0)]


def test_a_knot_beside_words_that_are_not_known_any_more_is_cut() -> None:
    reference: Cuttable[str] = CUTTER.cuttable("The dose is twenty. Five minutes later we stop.")
    [_, later] = shares(reference, [[None] * 4, ENGLISH.tokens("five minutes later we stop")])
    assert later.counts == ErrorCounts(0, 0, 0, 5)
