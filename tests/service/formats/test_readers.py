import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.recordings.readings import Alternatives
from service.formats import READERS
from service.formats.lines import Damaged
from service.formats.segment import Segment

FILES = {
    "ctm": b"""\
;; a word a line
ward7 1 0.31 0.21 give 0.998
ward7 1 0.52 0.25 two -6.763
ward7 1 * * <ALT_BEGIN>
ward7 1 0.77 0.43 hundred
ward7 1 * * <ALT>
ward7 1 0.77 0.43 hundreds
ward7 1 * * <ALT_END>
""",
    "srt": b"""\
1
00:00:00,310 --> 00:00:02,840 X1:40 X2:600
{\\an8}give two
<i>hundred</i>

2
00:01:02,900 --> 01:00:05,000
""",
    "stm": b"""\
;; LABEL "A1" "accent-a" "Accent cohort A"
ward7 1 spk0 0.31 2.84 <O,A1,W7> give { two / 2 } hundred
ward7 1 spk1 2.90 5.00 IGNORE_TIME_SEGMENT_IN_SCORING
ward8 1 spk0 0 1
""",
    "trn": b"""\
give two hundred milligrams of ibuprofen (utt-000123)
i've { um / uh { huh / @ } / @ } checked the (old) chart (utt-000124)
(utt-000125)
""",
    "vtt": b"""\
WEBVTT - ward 7

NOTE who speaks was
marked by hand

STYLE
::cue { color: red }

first
00:00.310 --> 00:02.840 align:start position:0%
<v.loud Ann>any fever?</v>
<v Ben>none &amp; no <c.yellow>pain</c>

01:00:02.900 --> 01:00:05.000
good
""",
}
"""A sound file of each format, with all that it can hold."""


def test_every_format_is_tried() -> None:
    assert FILES.keys() == READERS.keys()


def test_trn() -> None:
    plain, alternatives, empty = READERS["trn"](FILES["trn"])
    assert plain == Segment(
        line=1, text="give two hundred milligrams of ibuprofen", utterance_id="utt-000123"
    )
    assert alternatives.text == "i've um checked the old chart"
    assert alternatives.wording == (
        "i've",
        Alternatives((("um",), ("uh", Alternatives((("huh",), ()))), ())),
        "checked",
        "the",
        Alternatives((("old",), ())),
        "chart",
    )
    assert (empty.utterance_id, empty.text) == ("utt-000125", "")


def test_stm() -> None:
    labelled, left_out, empty = READERS["stm"](FILES["stm"])
    assert (labelled.recording_id, labelled.channel, labelled.speaker) == ("ward7", "1", "spk0")
    assert (labelled.start_s, labelled.end_s, labelled.text) == (0.31, 2.84, "give two hundred")
    assert labelled.labels == ("O", "accent-a", "W7")
    assert (left_out.is_scored, left_out.text, left_out.speaker) == (False, "", "spk1")
    assert (empty.is_scored, empty.text, empty.recording_id) == (True, "", "ward8")


def test_ctm() -> None:
    words = READERS["ctm"](FILES["ctm"])
    assert [word.text for word in words] == ["give", "two", "hundred"]
    assert [(word.line, word.start_s, word.end_s) for word in words][1] == (3, 0.52, 0.77)


def test_srt() -> None:
    cue, silent = READERS["srt"](FILES["srt"])
    assert cue == Segment(line=1, text="give two hundred", start_s=0.31, end_s=2.84)
    assert silent == Segment(line=6, text="", start_s=62.9, end_s=3605.0)


def test_webvtt() -> None:
    ann, ben, unnamed = READERS["vtt"](FILES["vtt"])
    assert ann == Segment(line=9, text="any fever?", speaker="Ann", start_s=0.31, end_s=2.84)
    assert (ben.speaker, ben.text, ben.start_s) == ("Ben", "none & no pain", 0.31)
    assert (unnamed.speaker, unnamed.text, unnamed.utterance_id) == (None, "good", None)


@pytest.mark.parametrize("name", READERS)
def test_lines_may_end_as_windows_ends_them_after_a_byte_order_mark(name: str) -> None:
    with_windows = b"\xef\xbb\xbf" + FILES[name].replace(b"\n", b"\r\n")
    assert READERS[name](with_windows) == READERS[name](FILES[name])


@pytest.mark.parametrize(
    ("name", "body", "told"),
    [
        ("trn", "no id here", "line 1: expected the words and then the utterance's id in parentheses"),
        ("trn", "one (a)\ntwo { (b)", "line 2: a brace { is not closed"),
        ("trn", "one (a)\n;; again\ntwo (a)", "line 3: its utterance_id was on line 1 already"),
        ("trn", "one } (a)", "line 1: } without a brace { before it"),
        ("stm", "\nward7 1 spk0 0.31", "line 2: expected recording, channel, speaker, start, end"),
        ("stm", "ward7 1 spk0 x 1 words", "line 1: expected a start in seconds"),
        ("stm", "ward7 1 spk0 2 1 words", "line 1: expected an end that is not before its start"),
        ("ctm", "ward7 1 0.31 give", "line 1: expected recording, channel, start, duration, a word"),
        ("ctm", "ward7 1 0.3 -1 give", "line 1: expected a duration in seconds"),
        ("ctm", "ward7 1 0.3 1 give sure", "line 1: expected the confidence as a number"),
        ("ctm", "ward7 1 * * <ALT>", "line 1: alternatives do not begin and end in turn"),
        ("ctm", "ward7 1 * * <ALT_BEGIN>", "line 1: alternatives that begin here do not end"),
        ("srt", "00:00:00,310 --> 00:00:02,840\ngive", "line 1: expected the number of a cue"),
        ("srt", "1\n\n", "line 1: expected a cue's times in the line after this one"),
        ("srt", "1\n00:00:61,310 --> 00:00:02,840\ngive", "line 2: expected times such as"),
        ("srt", "1\n00:00:03,000 --> 00:00:02,000\ngive", "line 2: expected an end that is not before"),
        ("vtt", "give", "line 1: expected WEBVTT in the first line"),
        ("vtt", "WEBVTT\n00:01.000 --> 00:02.000\ngive", "line 2: expected a blank line after the header"),
        ("vtt", "WEBVTT\n\ngive", "line 3: expected a cue's times in this line or the next"),
        ("vtt", "WEBVTT\n\nfirst\n00:01,0 --> 2", "line 4: expected times such as"),
    ],
)
def test_a_damaged_line_is_named_and_not_repeated(name: str, body: str, told: str) -> None:
    with pytest.raises(Damaged) as error:
        READERS[name](body.encode())
    assert str(error.value).startswith(told)


def test_a_line_that_is_not_in_utf_8_is_named() -> None:
    with pytest.raises(Damaged, match="line 2: expected text in UTF-8"):
        READERS["trn"](b"one (a)\nm\xe9ni\xe8re (b)")


@given(
    st.sampled_from(sorted(FILES)),
    st.lists(
        st.tuples(
            st.integers(min_value=0, max_value=10_000),
            st.integers(min_value=0, max_value=60),
            st.one_of(
                st.binary(max_size=12),
                st.sampled_from([*b"{ / } ( ) < > --> @ ;; * :".split(), b" ", b"\n", b"\n\n"]),
            ),
        ),
        max_size=6,
    ),
)
def test_a_damaged_file_gives_segments_or_the_error_that_names_a_line(
    name: str, edits: list[tuple[int, int, bytes]]
) -> None:
    body = FILES[name]
    for place, length, put in edits:
        start = place % (len(body) + 1)
        body = body[:start] + put + body[start + length :]
    lines = len(re.split(rb"\r\n|\n|\r", body))
    for line in lines_named(name, body):
        assert 1 <= line <= max(lines, 2)


@given(st.sampled_from(sorted(FILES)), st.text() | st.binary())
def test_any_file_gives_segments_or_the_error_that_names_a_line(name: str, body: str | bytes) -> None:
    whole = body.encode("utf-8", "surrogatepass") if isinstance(body, str) else body
    assert all(line >= 1 for line in lines_named(name, whole))


def lines_named(name: str, body: bytes) -> list[int]:
    """The lines of the segments, or the one that the error names, which is the only one there may be."""
    try:
        return [segment.line for segment in READERS[name](body)]
    except Damaged as error:
        told = re.match(r"line (\d+): ", str(error))
    return [int(told[1]) if told else -1]


def test_a_segment_shows_nothing_of_what_it_holds() -> None:
    assert repr(READERS["trn"](FILES["trn"])[0]) == "<Segment of line 1>"


def test_braces_nested_too_deep_are_refused() -> None:
    with pytest.raises(Damaged, match="nested more than 20 deep"):
        READERS["trn"](b"{ " * 5000 + b"a / b" + b" }" * 5000 + b" (u)")


def test_every_format_names_the_version_that_is_read() -> None:
    for name in ("ctm", "srt", "stm", "trn", "webvtt", "label_studio"):
        text = Path(f"service/formats/{name}.py").read_text()
        assert re.search(r"\d", text.partition('"""')[2].partition('"""')[0]), name
