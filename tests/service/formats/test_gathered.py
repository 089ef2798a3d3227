import pytest

from service.errors import Refused
from service.formats import READERS
from service.formats.gathered import Gathered, gathered
from service.formats.segment import Segment


def stm(*lines: str) -> list[Segment]:
    return READERS["stm"]("\n".join(lines).encode())


def test_utterances_are_told_apart_by_their_id() -> None:
    found = gathered(READERS["trn"](b"one two (a)\n(b)\n"))
    assert found == [
        Gathered(line=1, text="one two", utterance_id="a"),
        Gathered(line=2, text="", utterance_id="b"),
    ]


def test_segments_of_a_recording_are_joined_in_spoken_order_over_its_channels() -> None:
    found = gathered(
        stm(
            "r1 A ann 0 1 one",
            "r1 A ann 4 5 four",
            "r1 B ben 2 3 three",
            "r2 A ann 0 1 other",
            "r1 B ben 1 2 two",
        )
    )
    assert found == [
        Gathered(line=1, text="one two three four", recording_id="r1"),
        Gathered(line=4, text="other", recording_id="r2"),
    ]


def test_what_lies_between_stretches_out_of_bounds_is_passages() -> None:
    ignored = "IGNORE_TIME_SEGMENT_IN_SCORING"
    found = gathered(
        stm(
            "r A x 0 1 one",
            "r A x 1 2 two",
            f"r A x 2 3 {ignored}",
            f"r A x 3 4 {ignored}",
            "r A x 4 5 three",
        )
    )
    assert found == [
        Gathered(line=1, text="one two", recording_id="r", is_passage=True),
        Gathered(line=5, text="three", recording_id="r", is_passage=True),
    ]
    assert gathered(stm(f"r A x 2 3 {ignored}")) == []


def test_a_file_that_names_nothing_is_about_what_the_sender_says() -> None:
    cues = READERS["srt"](b"1\n00:00:00,000 --> 00:00:01,000\none\n")
    assert gathered(cues, utterance_id="u") == [Gathered(line=1, text="one", utterance_id="u")]
    assert gathered(cues, recording_id="r") == [Gathered(line=1, text="one", recording_id="r")]
    with pytest.raises(Refused, match="line 1: nothing in it says what it is about; send recording_id or"):
        gathered(cues)


def test_a_recording_may_have_another_name_here_but_only_one() -> None:
    assert gathered(stm("r A x 0 1 one"), recording_id="call-9")[0].recording_id == "call-9"
    with pytest.raises(Refused, match="the file is about several"):
        gathered(stm("r A x 0 1 one", "s A x 0 1 two"), recording_id="call-9")
    with pytest.raises(Refused, match="the file is about several"):
        gathered(READERS["trn"](b"one (a)\ntwo (b)\n"), utterance_id="u")


def test_it_shows_nothing_of_what_it_holds() -> None:
    assert repr(gathered(READERS["trn"](b"secret (a)"))[0]) == "<Gathered from line 1>"
